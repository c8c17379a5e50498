//! Boards of the viewer.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Relation, wanted};
use crate::domain::{Board, BoardId, BoardList, Page, PageRequest, Result, Side, Viewer};
use crate::store::access::{BoardAccess, SeenBoard};
use crate::store::{self, Snapshot, Texts};

/// A board that many fields may hold at once, and the viewer's way to it.
pub(in crate::graphql) type SharedBoard = (Arc<Board>, BoardAccess);

pub(super) fn shared_board((board, access): SeenBoard) -> SharedBoard {
    (Arc::new(board), access)
}

pub(in crate::graphql) struct Boards;

impl Relation for Boards {
    type Key = (BoardId, Texts);
    type Value = Option<SharedBoard>;

    async fn fetch(
        db: &Snapshot,
        viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Self::Value>> {
        let (ids, texts) = wanted(keys);
        let found = store::boards::find(&mut db.read().await?, viewer.id, &ids, texts).await?;
        let found: HashMap<BoardId, SharedBoard> =
            found.into_iter().map(|board| (board.0.id, shared_board(board))).collect();
        Ok(keys.iter().map(|key| (*key, found.get(&key.0).cloned())).collect())
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
    type Key = (BoardList, PageRequest, Texts);
    type Value = Arc<Page<SharedBoard>>;

    async fn fetch(
        db: &Snapshot,
        viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Self::Value>> {
        let mut conn = db.read().await?;
        let mut pages = HashMap::new();
        for key in keys {
            let (list, request, texts) = key;
            let page = store::boards::list(&mut conn, viewer.id, *list, request, *texts).await?;
            pages.insert(key.clone(), Arc::new(page.map(shared_board)));
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

/// The description of a board that was read without.
pub(in crate::graphql) struct BoardTexts;

impl Relation for BoardTexts {
    type Key = BoardAccess;
    type Value = Option<Arc<str>>;

    async fn fetch(
        db: &Snapshot,
        _viewer: Viewer,
        keys: &[BoardAccess],
    ) -> Result<HashMap<BoardAccess, Self::Value>> {
        let found = store::boards::descriptions(&mut db.read().await?, keys).await?;
        Ok(keys.iter().map(|key| (*key, found.get(&key.board_id()).cloned())).collect())
    }
}
