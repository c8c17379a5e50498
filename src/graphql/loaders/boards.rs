//! The boards of the viewer.

use std::sync::Arc;

use super::lists::Lists;
use super::load_context::LoadContext;
use super::relation::{Relation, by, split_texts};
use super::search::SearchedTexts;
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

/// Lists of the viewer's boards.
pub(in crate::graphql) struct BoardLists;

impl Lists for BoardLists {
    type Parent = ();
    type Filter = BoardList;
    type Page = (PageRequest, LongTexts);
    type Row = SharedBoard;

    async fn pages(
        context: &LoadContext,
        _of: &[()],
        list: &BoardList,
        (request, texts): &Self::Page,
    ) -> Result<Vec<Page<SharedBoard>>> {
        let (mut conn, viewer) = (context.read().await?, context.viewer()?);
        let page = board_lists::list(&mut conn, viewer.key, list, request, *texts).await?;
        Ok(vec![page.map(shared_board)])
    }

    async fn counts(context: &LoadContext, _of: &[()], list: &BoardList) -> Result<Vec<i64>> {
        let (mut conn, viewer) = (context.read().await?, context.viewer()?);
        Ok(vec![board_lists::count(&mut conn, viewer.key, list).await?])
    }

    async fn any_beyond(
        context: &LoadContext,
        _of: &[()],
        list: &BoardList,
        (request, _): &Self::Page,
        side: Side,
    ) -> Result<Vec<bool>> {
        let (mut conn, viewer) = (context.read().await?, context.viewer()?);
        Ok(vec![board_lists::any_beyond(&mut conn, viewer.key, list, request, side).await?])
    }

    fn searched((): &(), list: &BoardList) -> Option<SearchedTexts> {
        matches!(list, BoardList::InUse(_, Some(_))).then_some(SearchedTexts::Boards)
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
