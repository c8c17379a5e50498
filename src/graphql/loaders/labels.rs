//! Labels, of boards and of cards.

use std::collections::HashMap;
use std::sync::Arc;

use super::boards::{SharedBoard, shared_board};
use super::{BoardCache, Relation};
use crate::domain::{CardId, Label, LabelId, Result, Viewer};
use crate::store::access::BoardAccess;
use crate::store::{self, Db};

pub(in crate::graphql) struct BoardLabels;

impl Relation for BoardLabels {
    type Key = BoardAccess;
    type Value = Shared;

    async fn fetch(
        db: &Db,
        _viewer: Viewer,
        keys: &[BoardAccess],
    ) -> Result<HashMap<BoardAccess, Self::Value>> {
        let mut found = store::labels::of_boards(&mut db.read().await?, keys).await?;
        let mut labels = |key: &BoardAccess| found.remove(&key.board_id()).unwrap_or_default();
        Ok(keys.iter().map(|key| (*key, Arc::new(labels(key)))).collect())
    }

    fn known(cache: &BoardCache, key: &BoardAccess) -> Option<Shared> {
        cache.labels(*key)
    }

    fn keep(cache: &BoardCache, key: &BoardAccess, labels: &Shared) {
        cache.keep_labels(*key, labels);
    }
}

/// Labels that many fields may hold at once.
pub(in crate::graphql) type Shared = Arc<Vec<Arc<Label>>>;

pub(in crate::graphql) struct CardLabels;

impl Relation for CardLabels {
    type Key = (BoardAccess, CardId);
    type Value = Shared;

    async fn fetch(
        db: &Db,
        _viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Self::Value>> {
        let mut found = store::labels::of_cards(&mut db.read().await?, keys).await?;
        let mut labels = |key: &Self::Key| found.remove(&key.1).unwrap_or_default();
        Ok(keys.iter().map(|key| (*key, Arc::new(labels(key)))).collect())
    }
}

pub(in crate::graphql) struct Labels;

impl Relation for Labels {
    type Key = LabelId;
    type Value = Option<(Arc<Label>, SharedBoard)>;

    async fn fetch(
        db: &Db,
        viewer: Viewer,
        keys: &[LabelId],
    ) -> Result<HashMap<LabelId, Self::Value>> {
        let found = store::labels::find(&mut db.read().await?, viewer.id, keys).await?;
        let entry =
            |(label, board): (Label, _)| (label.id, Some((Arc::new(label), shared_board(board))));
        Ok(found.into_iter().map(entry).collect())
    }
}
