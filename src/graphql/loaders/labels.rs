//! The labels of boards and cards.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::boards::{SharedBoard, shared_board};
use super::cache::{CacheKey, CachedQuery};
use super::load_context::LoadContext;
use super::relation::{Relation, by};
use super::values::SharedLabels;
use crate::domain::{CardId, Label, LabelId, Result};
use crate::store::access::BoardAccess;
use crate::store::labels;

pub(in crate::graphql) struct BoardLabels;

impl Relation for BoardLabels {
    type Key = BoardAccess;
    type Parameters = ();
    type Value = SharedLabels;

    async fn fetch(
        context: &LoadContext,
        keys: &[BoardAccess],
        (): &(),
    ) -> Result<Vec<SharedLabels>> {
        let found = labels::of_boards(&mut context.read().await?, keys).await?;
        Ok(shared(found, keys, |board| board.board_id()))
    }

    fn cache_key(board: &BoardAccess, (): &()) -> Option<CacheKey> {
        Some((*board, CachedQuery::Labels))
    }

    fn bytes(_labels: &SharedLabels) -> usize {
        LABELS
    }
}

/// The maximum bytes of the labels of a board: seven labels with names of 100 characters.
const LABELS: usize = 4096;

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
    type Key = (BoardAccess, CardId);
    type Parameters = ();
    type Value = SharedLabels;

    async fn fetch(
        context: &LoadContext,
        keys: &[Self::Key],
        (): &(),
    ) -> Result<Vec<SharedLabels>> {
        Ok(shared(labels::of_cards(&mut context.read().await?, keys).await?, keys, |card| card.1))
    }
}

pub(in crate::graphql) struct Labels;

impl Relation for Labels {
    type Key = LabelId;
    type Parameters = ();
    type Value = Option<(Arc<Label>, SharedBoard)>;

    async fn fetch(context: &LoadContext, keys: &[LabelId], (): &()) -> Result<Vec<Self::Value>> {
        let viewer = context.viewer()?;
        let found = labels::find(&mut context.read().await?, viewer.key, keys).await?;
        let entry = |(label, board): (Label, _)| (label.id, (Arc::new(label), shared_board(board)));
        Ok(by(keys, |id| *id, found.into_iter().map(entry)))
    }
}
