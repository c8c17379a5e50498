//! Boards of the viewer.

use std::collections::HashMap;
use std::sync::Arc;

use super::Relation;
use crate::domain::{Board, BoardId, BoardList, Page, PageRequest, Result, Side, Viewer};
use crate::store::access::{BoardAccess, SeenBoard};
use crate::store::{self, Snapshot};

/// A board that many fields may hold at once, and the viewer's way to it.
pub(in crate::graphql) type SharedBoard = (Arc<Board>, BoardAccess);

pub(super) fn shared_board((board, access): SeenBoard) -> SharedBoard {
    (Arc::new(board), access)
}

pub(in crate::graphql) struct Boards;

impl Relation for Boards {
    type Key = BoardId;
    type Value = Option<SharedBoard>;

    async fn fetch(
        db: &Snapshot,
        viewer: Viewer,
        keys: &[BoardId],
    ) -> Result<HashMap<BoardId, Self::Value>> {
        let found = store::boards::find(&mut db.read().await?, viewer.id, keys).await?;
        let entry = |board: SeenBoard| (board.0.id, Some(shared_board(board)));
        Ok(found.into_iter().map(entry).collect())
    }
}

pub(in crate::graphql) struct BoardCount;

impl Relation for BoardCount {
    type Key = BoardList;
    type Value = i64;

    async fn fetch(
        db: &Snapshot,
        viewer: Viewer,
        keys: &[BoardList],
    ) -> Result<HashMap<BoardList, i64>> {
        let mut conn = db.read().await?;
        let mut counts = HashMap::new();
        for list in keys {
            counts.insert(*list, store::boards::count(&mut conn, viewer.id, *list).await?);
        }
        Ok(counts)
    }
}

pub(in crate::graphql) struct BoardPages;

impl Relation for BoardPages {
    type Key = (BoardList, PageRequest);
    type Value = Arc<Page<SharedBoard>>;

    async fn fetch(
        db: &Snapshot,
        viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Self::Value>> {
        let mut conn = db.read().await?;
        let mut pages = HashMap::new();
        for (list, request) in keys {
            let page = store::boards::list(&mut conn, viewer.id, *list, request).await?;
            let page = page.map(shared_board);
            pages.insert((*list, request.clone()), Arc::new(page));
        }
        Ok(pages)
    }
}

pub(in crate::graphql) struct BoardsBeyond;

impl Relation for BoardsBeyond {
    type Key = (BoardList, PageRequest, Side);
    type Value = bool;

    async fn fetch(
        db: &Snapshot,
        viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, bool>> {
        let mut conn = db.read().await?;
        let mut any = HashMap::new();
        for key in keys {
            let (list, page, side) = key;
            let found = store::boards::any_beyond(&mut conn, viewer.id, *list, page, *side).await?;
            any.insert(key.clone(), found);
        }
        Ok(any)
    }
}
