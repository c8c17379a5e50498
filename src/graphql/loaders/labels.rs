//! The labels of boards and cards.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::boards::{SharedBoard, shared_board};
use super::cache::BoardCache;
use super::relation::{Key, LoadContext, Relation, by};
use super::values::SharedLabels;
use crate::domain::{CardId, Label, LabelId, Result};
use crate::store::access::BoardAccess;
use crate::store::labels;

pub(in crate::graphql) struct BoardLabels;

impl Relation for BoardLabels {
    type Of = BoardAccess;
    type How = ();
    type Value = SharedLabels;

    async fn fetch(
        context: &LoadContext,
        of: &[BoardAccess],
        (): &(),
    ) -> Result<Vec<SharedLabels>> {
        let found = labels::of_boards(&mut context.read().await?, of).await?;
        Ok(shared(found, of, |board| board.board_id()))
    }

    fn known(cache: &BoardCache, (board, ()): &Key<Self>) -> Option<SharedLabels> {
        cache.labels(*board)
    }

    fn keep(cache: &BoardCache, (board, ()): &Key<Self>, labels: &SharedLabels) {
        cache.keep_labels(*board, labels);
    }
}

fn shared<K, I: Eq + Hash>(
    found: HashMap<I, Vec<Arc<Label>>>,
    keys: &[K],
    id: impl Fn(&K) -> I,
) -> Vec<SharedLabels> {
    let found = found.into_iter().map(|(id, labels)| (id, Arc::new(labels)));
    by(keys, id, found).into_iter().map(Option::unwrap_or_default).collect()
}

pub(in crate::graphql) struct CardLabels;

impl Relation for CardLabels {
    type Of = (BoardAccess, CardId);
    type How = ();
    type Value = SharedLabels;

    async fn fetch(context: &LoadContext, of: &[Self::Of], (): &()) -> Result<Vec<SharedLabels>> {
        Ok(shared(labels::of_cards(&mut context.read().await?, of).await?, of, |card| card.1))
    }
}

pub(in crate::graphql) struct Labels;

impl Relation for Labels {
    type Of = LabelId;
    type How = ();
    type Value = Option<(Arc<Label>, SharedBoard)>;

    async fn fetch(context: &LoadContext, of: &[LabelId], (): &()) -> Result<Vec<Self::Value>> {
        let viewer = context.viewer()?;
        let found = labels::find(&mut context.read().await?, viewer.key, of).await?;
        let entry = |(label, board): (Label, _)| (label.id, (Arc::new(label), shared_board(board)));
        Ok(by(of, |id| *id, found.into_iter().map(entry)))
    }
}
