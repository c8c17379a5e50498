//! A cache of cards and labels, valid for one version of their board (ADR 44). Lists of an earlier version are brought up
//! to date (`card_updates.rs`, ADR 13).
//!
//! Every change of a board raises its version in the same transaction, and a query reads the version in the snapshot of
//! everything below the board. So an entry of that version is what a statement would return now, on any instance. The
//! payload of a mutation may be newer than its board, so it bypasses the cache.
//!
//! Not cached: who may see a board, and accounts, which change without their boards; and searches, whose results change
//! when stored texts are folded anew.

use std::sync::Arc;

use moka::sync::Cache;

use super::values::{CardQuery, LoadedCard, SharedLabels};
use crate::domain::{BoardId, CardFilter, Page, SortValue};
use crate::metrics::{self, Lookup};
use crate::store::access::{BoardAccess, Version};
use crate::store::card_lists::{CardList, Part};

/// A query on a board. Pages with and without long texts are different queries, so that pages without
/// them hold none in the cache.
#[derive(Clone, PartialEq, Eq, Hash)]
enum CachedQuery {
    Cards(Part, Arc<CardQuery>),
    Count(Part, Arc<CardFilter>),
    Labels,
}

/// The result of a query.
#[derive(Clone)]
enum CachedResult {
    Cards(Arc<Page<LoadedCard>>),
    Count(i64),
    Labels(SharedLabels),
}

/// The latest result of a query, with the version of the board that it belongs to.
#[derive(Clone)]
struct Entry {
    version: Version,
    result: CachedResult,
}

/// The cache, with the results used most often and most recently.
pub(in crate::graphql) struct BoardCache(Option<Cache<(BoardId, CachedQuery), Entry>>);

impl BoardCache {
    /// A cache of about `bytes` bytes; 0 disables it.
    pub(in crate::graphql) fn new(bytes: u64) -> Self {
        let weight = |(_, query): &(BoardId, CachedQuery), entry: &Entry| {
            let bytes =
                size_of::<(BoardId, CachedQuery, Entry)>() + query.bytes() + entry.result.bytes();
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        Self((bytes > 0).then(|| Cache::builder().max_capacity(bytes).weigher(weight).build()))
    }

    fn get(&self, board: BoardAccess, query: CachedQuery) -> Option<CachedResult> {
        let version = board.version().filter(|_| !query.is_search())?;
        let entry = self.0.as_ref()?.get(&(board.board_id(), query));
        let entry = entry.filter(|entry| entry.version == version);
        let lookup = if entry.is_some() { Lookup::Hit } else { Lookup::Miss };
        metrics::get().documents.results.of(lookup).inc();
        entry.map(|entry| entry.result)
    }

    /// The number of entries and their approximate bytes.
    pub(in crate::graphql) fn size(&self) -> (u64, u64) {
        self.0.as_ref().map_or((0, 0), |cache| (cache.entry_count(), cache.weighted_size()))
    }

    /// The page at an earlier version of the board.
    pub(super) fn former_cards(
        &self,
        list: CardList,
        query: &Arc<CardQuery>,
    ) -> Option<(Version, Arc<Page<LoadedCard>>)> {
        let query = CachedQuery::Cards(list.part(), Arc::clone(query));
        let entry = self.0.as_ref()?.get(&(list.board().board_id(), query))?;
        match entry.result {
            CachedResult::Cards(page) => Some((entry.version, page)),
            _ => None,
        }
    }

    fn keep(&self, board: BoardAccess, query: CachedQuery, result: CachedResult) {
        if let (Some(cache), Some(version)) = (&self.0, board.version())
            && !query.is_search()
        {
            cache.insert((board.board_id(), query), Entry { version, result });
        }
    }

    pub(super) fn cards(
        &self,
        list: CardList,
        query: &Arc<CardQuery>,
    ) -> Option<Arc<Page<LoadedCard>>> {
        match self.get(list.board(), CachedQuery::Cards(list.part(), Arc::clone(query)))? {
            CachedResult::Cards(page) => Some(page),
            _ => None,
        }
    }

    pub(super) fn keep_cards(
        &self,
        list: CardList,
        query: &Arc<CardQuery>,
        page: &Arc<Page<LoadedCard>>,
    ) {
        let query = CachedQuery::Cards(list.part(), Arc::clone(query));
        self.keep(list.board(), query, CachedResult::Cards(Arc::clone(page)));
    }

    pub(super) fn count(&self, list: CardList, filter: &Arc<CardFilter>) -> Option<i64> {
        match self.get(list.board(), CachedQuery::Count(list.part(), Arc::clone(filter)))? {
            CachedResult::Count(count) => Some(count),
            _ => None,
        }
    }

    pub(super) fn keep_count(&self, list: CardList, filter: &Arc<CardFilter>, count: i64) {
        let query = CachedQuery::Count(list.part(), Arc::clone(filter));
        self.keep(list.board(), query, CachedResult::Count(count));
    }

    pub(super) fn labels(&self, board: BoardAccess) -> Option<SharedLabels> {
        match self.get(board, CachedQuery::Labels)? {
            CachedResult::Labels(labels) => Some(labels),
            _ => None,
        }
    }

    pub(super) fn keep_labels(&self, board: BoardAccess, labels: &SharedLabels) {
        self.keep(board, CachedQuery::Labels, CachedResult::Labels(Arc::clone(labels)));
    }
}

impl CachedQuery {
    fn is_search(&self) -> bool {
        match self {
            Self::Cards(_, query) => query.filter.text.is_some(),
            Self::Count(_, filter) => filter.text.is_some(),
            Self::Labels => false,
        }
    }

    /// The approximate bytes on the heap.
    fn bytes(&self) -> usize {
        match self {
            Self::Cards(_, query) => {
                let places = [&query.request.after, &query.request.before];
                let places = places.into_iter().flatten().flat_map(|place| &place.values);
                size_of::<CardQuery>()
                    + bytes(&query.filter)
                    + places.map(SortValue::bytes).sum::<usize>()
            }
            Self::Count(_, filter) => size_of::<CardFilter>() + bytes(filter),
            Self::Labels => 0,
        }
    }
}

fn bytes(filter: &CardFilter) -> usize {
    filter.columns.len() + filter.labels.len()
}

/// The maximum bytes of the labels of a board: seven labels with names of 100 characters.
const LABELS: usize = 4096;

impl CachedResult {
    /// The approximate bytes on the heap.
    fn bytes(&self) -> usize {
        match self {
            Self::Cards(page) => page.items.iter().map(LoadedCard::bytes).sum::<usize>(),
            Self::Count(_) => 0,
            Self::Labels(_) => LABELS,
        }
    }
}
