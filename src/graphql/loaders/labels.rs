//! Labels, of boards and of cards.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::boards::{SharedBoard, shared_board};
use super::{BoardCache, Relation};
use crate::domain::{CardId, Label, LabelId, Result, Viewer};
use crate::store::access::BoardAccess;
use crate::store::{self, Snapshot};

pub(in crate::graphql) struct BoardLabels;

impl Relation for BoardLabels {
    type Key = BoardAccess;
    type Value = Shared;

    async fn fetch(
        db: &Snapshot,
        _viewer: Viewer,
        keys: &[BoardAccess],
    ) -> Result<HashMap<BoardAccess, Self::Value>> {
        let found = store::labels::of_boards(&mut db.read().await?, keys).await?;
        Ok(shared(found, keys, |key| key.board_id()))
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

/// What was found for each key. Several keys may be the same row: a board that was read twice has two
/// versions if it has changed meanwhile.
pub(super) fn shared<K: Copy + Eq + Hash, I: Eq + Hash, V>(
    found: HashMap<I, Vec<V>>,
    keys: &[K],
    id: impl Fn(&K) -> I,
) -> HashMap<K, Arc<Vec<V>>> {
    let found: HashMap<I, Arc<Vec<V>>> =
        found.into_iter().map(|(id, values)| (id, Arc::new(values))).collect();
    keys.iter().map(|key| (*key, found.get(&id(key)).cloned().unwrap_or_default())).collect()
}

pub(in crate::graphql) struct CardLabels;

impl Relation for CardLabels {
    type Key = (BoardAccess, CardId);
    type Value = Shared;

    async fn fetch(
        db: &Snapshot,
        _viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Self::Value>> {
        let found = store::labels::of_cards(&mut db.read().await?, keys).await?;
        Ok(shared(found, keys, |key| key.1))
    }
}

pub(in crate::graphql) struct Labels;

impl Relation for Labels {
    type Key = LabelId;
    type Value = Option<(Arc<Label>, SharedBoard)>;

    async fn fetch(
        db: &Snapshot,
        viewer: Viewer,
        keys: &[LabelId],
    ) -> Result<HashMap<LabelId, Self::Value>> {
        let found = store::labels::find(&mut db.read().await?, viewer.id, keys).await?;
        let entry =
            |(label, board): (Label, _)| (label.id, Some((Arc::new(label), shared_board(board))));
        Ok(found.into_iter().map(entry).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_the_same_row_get_the_same() {
        let found = HashMap::from([("board", vec!["red"])]);
        let keys = [("board", 5), ("board", 6), ("other", 5)];
        let found = shared(found, &keys, |key| key.0);
        assert_eq!(keys.map(|key| found[&key].len()), [1, 1, 0]);
    }
}
