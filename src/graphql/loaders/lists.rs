//! Lists: how their pages and counts are loaded, and whether they continue beyond a page.

use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use super::cache::CacheKey;
use super::load_context::LoadContext;
use super::relation::{BatchedLoader, LoaderState, Relation};
use super::search::SearchedTexts;
use crate::domain::{Page, Result, Side};

/// Lists of one kind.
pub(in crate::graphql) trait Lists: Send + Sync + 'static {
    /// What a list belongs to, such as a board. Those of several parents are loaded together. `()` for
    /// lists of the viewer.
    type Parent: Clone + Eq + Hash + Send + Sync;
    /// Which rows are in the list.
    type Filter: Clone + Eq + Hash + Send + Sync;
    /// Which page is read, and what of its rows.
    type Page: Clone + Eq + Hash + Send + Sync;
    /// A row.
    type Row: Clone + Send + Sync + 'static;

    /// The pages, in the order of the parents, which all have the same kind.
    fn pages(
        context: &LoadContext,
        parents: &[Self::Parent],
        filter: &Self::Filter,
        page: &Self::Page,
    ) -> impl Future<Output = Result<Vec<Page<Self::Row>>>> + Send;

    /// The numbers of rows.
    fn counts(
        context: &LoadContext,
        parents: &[Self::Parent],
        filter: &Self::Filter,
    ) -> impl Future<Output = Result<Vec<i64>>> + Send;

    /// Whether there are rows beyond the page on this side.
    fn any_beyond(
        context: &LoadContext,
        parents: &[Self::Parent],
        filter: &Self::Filter,
        page: &Self::Page,
        side: Side,
    ) -> impl Future<Output = Result<Vec<bool>>> + Send;

    /// See [`Relation::kind`].
    fn kind(_parent: &Self::Parent) -> u8 {
        0
    }

    /// See [`Relation::searched`].
    fn searched(_parent: &Self::Parent, _filter: &Self::Filter) -> Option<SearchedTexts> {
        None
    }

    /// The key of a page in the cache, or that of the count.
    fn cache_key(
        _parent: &Self::Parent,
        _filter: &Self::Filter,
        _page: Option<&Self::Page>,
    ) -> Option<CacheKey> {
        None
    }

    /// The approximate bytes of a row in the cache.
    fn bytes(_row: &Self::Row) -> usize {
        0
    }
}

/// Converts pages so that several fields can share their rows.
pub(super) fn shared<T>(pages: Vec<Page<T>>) -> Vec<Page<Arc<T>>> {
    pages.into_iter().map(|page| page.map(Arc::new)).collect()
}

/// The loaders of lists of one kind.
pub(super) struct ListLoaders<L: Lists> {
    pages: OnceLock<Arc<LoaderState<Pages<L>>>>,
    counts: OnceLock<Arc<LoaderState<Counts<L>>>>,
    beyond: OnceLock<Arc<LoaderState<Beyond<L>>>>,
}

impl<L: Lists> Default for ListLoaders<L> {
    fn default() -> Self {
        Self { pages: OnceLock::new(), counts: OnceLock::new(), beyond: OnceLock::new() }
    }
}

/// A handle of the loaders of lists of one kind.
pub(in crate::graphql) struct BatchedLists<'l, L: Lists> {
    pub(super) context: &'l Arc<LoadContext>,
    pub(super) loaders: &'l ListLoaders<L>,
}

/// Not async: thousands of fields may wait, and each layer of futures would hold the arguments once more.
impl<'l, L: Lists> BatchedLists<'l, L> {
    /// Loads a page.
    pub(in crate::graphql) fn page(
        self,
        parent: L::Parent,
        filter: L::Filter,
        page: L::Page,
    ) -> impl Future<Output = Result<Arc<Page<L::Row>>>> + use<'l, L> {
        let loader = BatchedLoader { context: self.context, loader: &self.loaders.pages };
        loader.load_with(parent, (filter, page))
    }

    /// Loads the number of rows.
    pub(in crate::graphql) fn count(
        self,
        parent: L::Parent,
        filter: L::Filter,
    ) -> impl Future<Output = Result<i64>> + use<'l, L> {
        let loader = BatchedLoader { context: self.context, loader: &self.loaders.counts };
        loader.load_with(parent, filter)
    }

    /// Loads whether there are rows beyond the page on this side.
    pub(in crate::graphql) fn any_beyond(
        self,
        parent: L::Parent,
        filter: L::Filter,
        page: L::Page,
        side: Side,
    ) -> impl Future<Output = Result<bool>> + use<'l, L> {
        let loader = BatchedLoader { context: self.context, loader: &self.loaders.beyond };
        loader.load_with(parent, (filter, page, side))
    }
}

struct Pages<L>(PhantomData<L>);

impl<L: Lists> Relation for Pages<L> {
    type Key = L::Parent;
    type Parameters = (L::Filter, L::Page);
    type Value = Arc<Page<L::Row>>;

    async fn fetch(
        context: &LoadContext,
        keys: &[L::Parent],
        (filter, page): &Self::Parameters,
    ) -> Result<Vec<Self::Value>> {
        let pages = L::pages(context, keys, filter, page).await?;
        Ok(pages.into_iter().map(Arc::new).collect())
    }

    fn kind(key: &L::Parent) -> u8 {
        L::kind(key)
    }

    fn searched(key: &L::Parent, (filter, _): &Self::Parameters) -> Option<SearchedTexts> {
        L::searched(key, filter)
    }

    fn cache_key(key: &L::Parent, (filter, page): &Self::Parameters) -> Option<CacheKey> {
        L::cache_key(key, filter, Some(page))
    }

    fn bytes(page: &Self::Value) -> usize {
        page.items.iter().map(L::bytes).sum()
    }
}

struct Counts<L>(PhantomData<L>);

impl<L: Lists> Relation for Counts<L> {
    type Key = L::Parent;
    type Parameters = L::Filter;
    type Value = i64;

    async fn fetch(
        context: &LoadContext,
        keys: &[L::Parent],
        filter: &L::Filter,
    ) -> Result<Vec<i64>> {
        L::counts(context, keys, filter).await
    }

    fn kind(key: &L::Parent) -> u8 {
        L::kind(key)
    }

    fn searched(key: &L::Parent, filter: &L::Filter) -> Option<SearchedTexts> {
        L::searched(key, filter)
    }

    fn cache_key(key: &L::Parent, filter: &L::Filter) -> Option<CacheKey> {
        L::cache_key(key, filter, None)
    }
}

struct Beyond<L>(PhantomData<L>);

impl<L: Lists> Relation for Beyond<L> {
    type Key = L::Parent;
    type Parameters = (L::Filter, L::Page, Side);
    type Value = bool;

    async fn fetch(
        context: &LoadContext,
        keys: &[L::Parent],
        (filter, page, side): &Self::Parameters,
    ) -> Result<Vec<bool>> {
        L::any_beyond(context, keys, filter, page, *side).await
    }

    fn kind(key: &L::Parent) -> u8 {
        L::kind(key)
    }

    fn searched(key: &L::Parent, (filter, ..): &Self::Parameters) -> Option<SearchedTexts> {
        L::searched(key, filter)
    }
}
