//! The boards of the viewer.

use std::sync::Arc;

use super::relation::{LoadContext, LoadKey, OpaqueKey, Relation, by, search_cost, split_texts};
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
    type Key = (BoardId, LongTexts);
    type Parameters = ();
    type Value = Option<SharedBoard>;

    async fn fetch(context: &LoadContext, keys: &[Self::Key], (): &()) -> Result<Vec<Self::Value>> {
        let ((ids, texts), viewer) = (split_texts(keys), context.viewer()?);
        let found = boards::find(&mut context.read().await?, viewer.key, &ids, texts).await?;
        let entry = |board: AuthorizedBoard| (board.0.id, shared_board(board));
        Ok(by(keys, |key| key.0, found.into_iter().map(entry)))
    }
}

/// Takes the cost of text searches from the budget: each reads the texts of all boards of the viewer.
async fn charge_searches<Parameters: Sync>(
    context: &LoadContext,
    keys: &[OpaqueKey<(BoardList, Parameters)>],
) -> Result<()> {
    let is_search =
        |OpaqueKey((list, _)): &&OpaqueKey<_>| matches!(list, BoardList::InUse(_, Some(_)));
    let searches = keys.iter().filter(is_search).count();
    if searches == 0 {
        return Ok(());
    }
    let viewer = context.viewer()?;
    let bytes = board_lists::search_bytes(&mut context.read().await?, viewer.key).await?;
    context.state.budget.work(search_cost([(bytes, searches)]))
}

pub(in crate::graphql) struct BoardCount;

impl Relation for BoardCount {
    type Key = BoardList;
    type Parameters = ();
    type Value = i64;

    async fn fetch(context: &LoadContext, keys: &[BoardList], (): &()) -> Result<Vec<i64>> {
        let (mut conn, viewer) = (context.read().await?, context.viewer()?);
        let mut counts = Vec::new();
        for list in keys {
            counts.push(board_lists::count(&mut conn, viewer.key, list).await?);
        }
        Ok(counts)
    }

    async fn charge(context: &LoadContext, keys: &[OpaqueKey<LoadKey<Self>>]) -> Result<()> {
        charge_searches(context, keys).await
    }
}

pub(in crate::graphql) struct BoardPages;

impl Relation for BoardPages {
    type Key = BoardList;
    type Parameters = (PageRequest, LongTexts);
    type Value = Arc<Page<SharedBoard>>;

    async fn fetch(
        context: &LoadContext,
        keys: &[BoardList],
        (request, texts): &Self::Parameters,
    ) -> Result<Vec<Self::Value>> {
        let (mut conn, viewer) = (context.read().await?, context.viewer()?);
        let mut pages = Vec::new();
        for list in keys {
            let page = board_lists::list(&mut conn, viewer.key, list, request, *texts).await?;
            pages.push(Arc::new(page.map(shared_board)));
        }
        Ok(pages)
    }

    async fn charge(context: &LoadContext, keys: &[OpaqueKey<LoadKey<Self>>]) -> Result<()> {
        charge_searches(context, keys).await
    }
}

pub(in crate::graphql) struct BoardsBeyond;

impl Relation for BoardsBeyond {
    type Key = BoardList;
    type Parameters = (PageRequest, Side);
    type Value = bool;

    async fn fetch(
        context: &LoadContext,
        keys: &[BoardList],
        (page, side): &Self::Parameters,
    ) -> Result<Vec<bool>> {
        let (mut conn, viewer) = (context.read().await?, context.viewer()?);
        let mut any = Vec::new();
        for list in keys {
            any.push(board_lists::any_beyond(&mut conn, viewer.key, list, page, *side).await?);
        }
        Ok(any)
    }

    async fn charge(context: &LoadContext, keys: &[OpaqueKey<LoadKey<Self>>]) -> Result<()> {
        charge_searches(context, keys).await
    }
}

/// The description of a board that was read without it.
pub(in crate::graphql) struct BoardTexts;

impl Relation for BoardTexts {
    type Key = BoardAccess;
    type Parameters = ();
    type Value = Option<Arc<str>>;

    async fn fetch(
        context: &LoadContext,
        keys: &[BoardAccess],
        (): &(),
    ) -> Result<Vec<Self::Value>> {
        let found = boards::descriptions(&mut context.read().await?, keys).await?;
        Ok(by(keys, |board| board.board_id(), found))
    }
}
