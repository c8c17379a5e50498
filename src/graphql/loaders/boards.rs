//! The boards of the viewer.

use std::sync::Arc;

use super::relation::{Key, LoadContext, Relation, Unnamed, by, search_cost, wanted};
use crate::domain::{Board, BoardId, BoardList, Page, PageRequest, Result, Side};
use crate::store::access::{AuthorizedBoard, BoardAccess};
use crate::store::{LongTexts, board_lists, boards};

/// A board that several fields may share, with the viewer's access to it.
pub(in crate::graphql) type SharedBoard = (Arc<Board>, BoardAccess);

pub(super) fn shared_board((board, access): AuthorizedBoard) -> SharedBoard {
    (Arc::new(board), access)
}

pub(in crate::graphql) struct Boards;

impl Relation for Boards {
    type Of = (BoardId, LongTexts);
    type How = ();
    type Value = Option<SharedBoard>;

    async fn fetch(context: &LoadContext, of: &[Self::Of], (): &()) -> Result<Vec<Self::Value>> {
        let ((ids, texts), viewer) = (wanted(of), context.viewer()?);
        let found = boards::find(&mut context.read().await?, viewer.key, &ids, texts).await?;
        let entry = |board: AuthorizedBoard| (board.0.id, shared_board(board));
        Ok(by(of, |key| key.0, found.into_iter().map(entry)))
    }
}

/// Takes the cost of text searches from the budget: each reads the texts of all boards of the viewer.
async fn charge_searches<How: Sync>(
    context: &LoadContext,
    keys: &[Unnamed<(BoardList, How)>],
) -> Result<()> {
    let is_search = |Unnamed((list, _)): &&Unnamed<_>| matches!(list, BoardList::InUse(_, Some(_)));
    let searches = keys.iter().filter(is_search).count();
    if searches == 0 {
        return Ok(());
    }
    let viewer = context.viewer()?;
    let bytes = board_lists::search_bytes(&mut context.read().await?, viewer.key).await?;
    context.execution.budget.work(search_cost([(bytes, searches)]))
}

pub(in crate::graphql) struct BoardCount;

impl Relation for BoardCount {
    type Of = BoardList;
    type How = ();
    type Value = i64;

    async fn fetch(context: &LoadContext, of: &[BoardList], (): &()) -> Result<Vec<i64>> {
        let (mut conn, viewer) = (context.read().await?, context.viewer()?);
        let mut counts = Vec::new();
        for list in of {
            counts.push(board_lists::count(&mut conn, viewer.key, list).await?);
        }
        Ok(counts)
    }

    async fn charge(context: &LoadContext, keys: &[Unnamed<Key<Self>>]) -> Result<()> {
        charge_searches(context, keys).await
    }
}

pub(in crate::graphql) struct BoardPages;

impl Relation for BoardPages {
    type Of = BoardList;
    type How = (PageRequest, LongTexts);
    type Value = Arc<Page<SharedBoard>>;

    async fn fetch(
        context: &LoadContext,
        of: &[BoardList],
        (request, texts): &Self::How,
    ) -> Result<Vec<Self::Value>> {
        let (mut conn, viewer) = (context.read().await?, context.viewer()?);
        let mut pages = Vec::new();
        for list in of {
            let page = board_lists::list(&mut conn, viewer.key, list, request, *texts).await?;
            pages.push(Arc::new(page.map(shared_board)));
        }
        Ok(pages)
    }

    async fn charge(context: &LoadContext, keys: &[Unnamed<Key<Self>>]) -> Result<()> {
        charge_searches(context, keys).await
    }
}

pub(in crate::graphql) struct BoardsBeyond;

impl Relation for BoardsBeyond {
    type Of = BoardList;
    type How = (PageRequest, Side);
    type Value = bool;

    async fn fetch(
        context: &LoadContext,
        of: &[BoardList],
        (page, side): &Self::How,
    ) -> Result<Vec<bool>> {
        let (mut conn, viewer) = (context.read().await?, context.viewer()?);
        let mut any = Vec::new();
        for list in of {
            any.push(board_lists::any_beyond(&mut conn, viewer.key, list, page, *side).await?);
        }
        Ok(any)
    }

    async fn charge(context: &LoadContext, keys: &[Unnamed<Key<Self>>]) -> Result<()> {
        charge_searches(context, keys).await
    }
}

/// The description of a board that was read without it.
pub(in crate::graphql) struct BoardTexts;

impl Relation for BoardTexts {
    type Of = BoardAccess;
    type How = ();
    type Value = Option<Arc<str>>;

    async fn fetch(context: &LoadContext, of: &[BoardAccess], (): &()) -> Result<Vec<Self::Value>> {
        let found = boards::descriptions(&mut context.read().await?, of).await?;
        Ok(by(of, |board| board.board_id(), found))
    }
}
