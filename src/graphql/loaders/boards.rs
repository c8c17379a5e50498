//! Boards of the viewer.

use std::collections::HashMap;
use std::sync::Arc;

use super::Relation;
use crate::domain::{Board, BoardId, BoardList, Page, PageRequest, Result, Viewer};
use crate::store::access::BoardAccess;
use crate::store::{self, Db};

pub(in crate::graphql) struct Boards;

impl Relation for Boards {
    type Key = BoardId;
    type Value = Option<(Arc<Board>, BoardAccess)>;

    async fn fetch(
        db: &Db,
        viewer: Viewer,
        keys: &[BoardId],
    ) -> Result<HashMap<BoardId, Self::Value>> {
        let found = store::boards::find(&mut db.read().await?, viewer.id, keys).await?;
        let entry = |(board, access): (Board, _)| (board.id, Some((Arc::new(board), access)));
        Ok(found.into_iter().map(entry).collect())
    }
}

pub(in crate::graphql) struct BoardCount;

impl Relation for BoardCount {
    type Key = BoardList;
    type Value = i64;

    async fn fetch(db: &Db, viewer: Viewer, keys: &[BoardList]) -> Result<HashMap<BoardList, i64>> {
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
    type Value = Arc<Page<(Arc<Board>, BoardAccess)>>;

    async fn fetch(
        db: &Db,
        viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Self::Value>> {
        let mut conn = db.read().await?;
        let mut pages = HashMap::new();
        for (list, request) in keys {
            let page = store::boards::list(&mut conn, viewer.id, *list, request).await?;
            let page = page.map(|(board, access)| (Arc::new(board), access));
            pages.insert((*list, request.clone()), Arc::new(page));
        }
        Ok(pages)
    }
}
