//! Labels, of boards and of cards.

use std::collections::HashMap;
use std::sync::Arc;

use super::Relation;
use super::boards::{SharedBoard, shared_board};
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
        Ok(keys.iter().map(|key| (*key, shared(found.remove(&key.board_id())))).collect())
    }
}

/// Labels that many fields may hold at once.
pub(in crate::graphql) type Shared = Arc<Vec<Arc<Label>>>;

pub(super) fn shared(labels: Option<Vec<Label>>) -> Shared {
    Arc::new(labels.unwrap_or_default().into_iter().map(Arc::new).collect())
}

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
        Ok(keys.iter().map(|key| (*key, shared(found.remove(&key.1)))).collect())
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
