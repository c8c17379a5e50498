//! Parameters and values of loaders that the cache holds too.

use std::sync::Arc;

use crate::domain::{Card, CardOrder, Label, LabelId, PageRequest};
use crate::store::LongTexts;

/// Labels that several fields may share.
pub(in crate::graphql) type SharedLabels = Arc<Vec<Arc<Label>>>;

/// A page of a list of cards, and what is loaded with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct CardQuery {
    pub(in crate::graphql) order: CardOrder,
    pub(in crate::graphql) request: PageRequest,
    /// Whether the labels are loaded with the cards, so that no card waits for a loader.
    pub(in crate::graphql) with_labels: bool,
    /// Whether the descriptions are loaded with the cards.
    pub(in crate::graphql) texts: LongTexts,
}

/// A card, with the keys of its labels if they were loaded with it.
#[derive(Clone)]
pub(in crate::graphql) struct LoadedCard {
    pub(in crate::graphql) card: Arc<Card>,
    pub(in crate::graphql) labels: Option<Arc<[LabelId]>>,
}

impl LoadedCard {
    /// The approximate bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        let Card { title, description, rank, .. } = &*self.card;
        let texts = title.len() + description.as_ref().map_or(0, String::len) + rank.as_str().len();
        let labels = self.labels.as_ref().map_or(0, |labels| labels.len() * size_of::<LabelId>());
        // 96 bytes for the overhead of the allocations.
        size_of::<Self>() + size_of::<Card>() + texts + labels + 96
    }
}
