//! The boards of the viewer.

use std::sync::Arc;

use super::relation::{Relation, Source, by, wanted};
use crate::domain::{Board, BoardId, BoardList, Page, PageRequest, Result, Side};
use crate::store::access::{AuthorizedBoard, BoardAccess};
use crate::store::{LongTexts, boards};

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

    async fn fetch(source: &Source, of: &[Self::Of], (): &()) -> Result<Vec<Self::Value>> {
        let ((ids, texts), viewer) = (wanted(of), source.viewer()?);
        let found = boards::find(&mut source.read().await?, viewer.key, &ids, texts).await?;
        let entry = |board: AuthorizedBoard| (board.0.id, shared_board(board));
        Ok(by(of, |key| key.0, found.into_iter().map(entry)))
    }
}

pub(in crate::graphql) struct BoardCount;

impl Relation for BoardCount {
    type Of = BoardList;
    type How = ();
    type Value = i64;

    async fn fetch(source: &Source, of: &[BoardList], (): &()) -> Result<Vec<i64>> {
        let (mut conn, viewer) = (source.read().await?, source.viewer()?);
        let mut counts = Vec::new();
        for list in of {
            counts.push(boards::count(&mut conn, viewer.key, *list).await?);
        }
        Ok(counts)
    }
}

pub(in crate::graphql) struct BoardPages;

impl Relation for BoardPages {
    type Of = BoardList;
    type How = (PageRequest, LongTexts);
    type Value = Arc<Page<SharedBoard>>;

    async fn fetch(
        source: &Source,
        of: &[BoardList],
        (request, texts): &Self::How,
    ) -> Result<Vec<Self::Value>> {
        let (mut conn, viewer) = (source.read().await?, source.viewer()?);
        let mut pages = Vec::new();
        for list in of {
            let page = boards::list(&mut conn, viewer.key, *list, request, *texts).await?;
            pages.push(Arc::new(page.map(shared_board)));
        }
        Ok(pages)
    }
}

pub(in crate::graphql) struct BoardsBeyond;

impl Relation for BoardsBeyond {
    type Of = BoardList;
    type How = (PageRequest, Side);
    type Value = bool;

    async fn fetch(
        source: &Source,
        of: &[BoardList],
        (page, side): &Self::How,
    ) -> Result<Vec<bool>> {
        let (mut conn, viewer) = (source.read().await?, source.viewer()?);
        let mut any = Vec::new();
        for list in of {
            any.push(boards::any_beyond(&mut conn, viewer.key, *list, page, *side).await?);
        }
        Ok(any)
    }
}

/// The description of a board that was read without it.
pub(in crate::graphql) struct BoardTexts;

impl Relation for BoardTexts {
    type Of = BoardAccess;
    type How = ();
    type Value = Option<Arc<str>>;

    async fn fetch(source: &Source, of: &[BoardAccess], (): &()) -> Result<Vec<Self::Value>> {
        let found = boards::descriptions(&mut source.read().await?, of).await?;
        Ok(by(of, |board| board.board_id(), found))
    }
}
