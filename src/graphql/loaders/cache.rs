//! A cache of cards and labels, valid for one version of their board (ADR 44). Lists of an earlier version are brought up
//! to date (`card_updates.rs`, ADR 13).
//!
//! Every change of a board raises its version in the same transaction, and a query reads the version in the snapshot of
//! everything below the board. So an entry of that version is what a statement would return now, on any instance. The
//! payload of a mutation may be newer than its board, so it bypasses the cache.
//!
//! Not cached: who may see a board, and accounts, which change without their boards; and searches, whose results change
//! when stored texts are folded anew.

use std::any::Any;
use std::sync::Arc;

use moka::sync::Cache;

use super::values::CardQuery;
use crate::domain::{BoardId, CardFilter, SortValue};
use crate::metrics::{self, Lookup};
use crate::store::access::{BoardAccess, Version};
use crate::store::card_lists::{CardList, Part};

/// A query on a board. Pages with and without long texts are different queries, so that pages without
/// them hold none in the cache.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(in crate::graphql) enum CachedQuery {
    /// A page of cards; their number if there is no page.
    Cards(Part, Arc<CardFilter>, Option<Arc<CardQuery>>),
    Labels,
}

/// A query on a board that was read at a version.
pub(in crate::graphql) type CacheKey = (BoardAccess, CachedQuery);

/// The key of a page of cards; that of their number without `query`.
pub(super) fn key_of_cards(
    list: CardList,
    filter: &Arc<CardFilter>,
    query: Option<&Arc<CardQuery>>,
) -> CacheKey {
    (list.board(), CachedQuery::Cards(list.part(), Arc::clone(filter), query.cloned()))
}

/// The latest result of a query, with the version of the board that it belongs to.
#[derive(Clone)]
struct Entry {
    version: Version,
    /// The approximate bytes of the value.
    bytes: usize,
    value: Arc<dyn Any + Send + Sync>,
}

/// The cache, with the results used most often and most recently.
pub(in crate::graphql) struct BoardCache(Option<Cache<(BoardId, CachedQuery), Entry>>);

impl BoardCache {
    /// A cache of about `bytes` bytes; 0 disables it.
    pub(in crate::graphql) fn new(bytes: u64) -> Self {
        let weight = |(_, query): &(BoardId, CachedQuery), entry: &Entry| {
            let bytes = size_of::<(BoardId, CachedQuery, Entry)>() + query.bytes() + entry.bytes;
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        Self((bytes > 0).then(|| Cache::builder().max_capacity(bytes).weigher(weight).build()))
    }

    /// The number of entries and their approximate bytes.
    pub(in crate::graphql) fn size(&self) -> (u64, u64) {
        self.0.as_ref().map_or((0, 0), |cache| (cache.entry_count(), cache.weighted_size()))
    }

    /// The result for this version of the board. All results of a query have the same type.
    pub(super) fn get<V: Clone + 'static>(&self, (board, query): CacheKey) -> Option<V> {
        let (version, _) = (board.version()?, self.0.as_ref()?);
        let found = self.former((board, query)).filter(|(found, _)| *found == version);
        let lookup = if found.is_some() { Lookup::Hit } else { Lookup::Miss };
        metrics::get().documents.results.of(lookup).inc();
        found.map(|(_, value)| value)
    }

    /// The result for the latest version of the board that was read.
    pub(super) fn former<V: Clone + 'static>(
        &self,
        (board, query): CacheKey,
    ) -> Option<(Version, V)> {
        let entry = self.0.as_ref()?.get(&(board.board_id(), query))?;
        Some((entry.version, entry.value.downcast_ref::<V>()?.clone()))
    }

    /// Keeps a value.
    pub(super) fn keep<V: Clone + Send + Sync + 'static>(
        &self,
        (board, query): CacheKey,
        value: &V,
        bytes: impl FnOnce(&V) -> usize,
    ) {
        if let (Some(cache), Some(version)) = (&self.0, board.version()) {
            let (bytes, value) = (bytes(value), Arc::new(value.clone()));
            cache.insert((board.board_id(), query), Entry { version, bytes, value });
        }
    }
}

impl CachedQuery {
    /// The approximate bytes on the heap.
    fn bytes(&self) -> usize {
        let Self::Cards(_, filter, query) = self else { return 0 };
        let of_query = query.as_ref().map_or(0, |query| {
            let places = [&query.request.after, &query.request.before];
            let places = places.into_iter().flatten().flat_map(|place| &place.values);
            size_of::<CardQuery>() + places.map(SortValue::bytes).sum::<usize>()
        });
        size_of::<CardFilter>() + filter.columns.len() + filter.labels.len() + of_query
    }
}
