//! Relations and how their keys are batched.

use std::collections::{HashMap, HashSet};
use std::fmt::{self, Debug};
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use dataloader::BatchFn;
use dataloader::cached::Loader;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::cache::CacheKey;
use super::load_context::LoadContext;
use super::search::{self, SearchedTexts};
use crate::domain::{Error, Result};
use crate::store::LongTexts;

/// Data that is loaded for many keys at once. The number of statements must not depend on the number of rows: one for
/// each group of keys, or one for each key if the keys are arguments of fields of the query root.
pub(in crate::graphql) trait Relation: Send + Sync + 'static {
    /// The key of an object or of a list.
    type Key: Clone + Eq + Hash + Send + Sync;
    /// The parameters of a load, e.g. which page. Loads with different parameters are not batched
    /// together.
    type Parameters: Clone + Eq + Hash + Send + Sync;
    /// The default is the value of a key without a result: `None`, an empty list, or zero.
    type Value: Clone + Default + Send + Sync + 'static;

    /// Loads the values in the order of the keys, which all have the same kind.
    fn fetch(
        context: &LoadContext,
        keys: &[Self::Key],
        parameters: &Self::Parameters,
    ) -> impl Future<Output = Result<Vec<Self::Value>>> + Send;

    /// The kind of a key. Keys of different kinds are not batched together either, because they need different SQL.
    fn kind(_key: &Self::Key) -> u8 {
        0
    }

    /// The texts that the load of a key searches.
    fn searched(_key: &Self::Key, _parameters: &Self::Parameters) -> Option<SearchedTexts> {
        None
    }

    /// The key in the cache, if the value is kept.
    fn cache_key(_key: &Self::Key, _parameters: &Self::Parameters) -> Option<CacheKey> {
        None
    }

    /// The approximate bytes of a value in the cache.
    fn bytes(_value: &Self::Value) -> usize {
        0
    }
}

/// A key of a relation with its parameters.
type LoadKey<R> = (<R as Relation>::Key, <R as Relation>::Parameters);

/// A handle of the loader of one relation.
pub(in crate::graphql) struct BatchedLoader<'l, R: Relation> {
    pub(super) context: &'l Arc<LoadContext>,
    pub(super) loader: &'l OnceLock<Arc<LoaderState<R>>>,
}

/// The loader of one relation, created on first use, since most requests need few of them. `waiting` collects the keys until
/// `BatchScheduler` decides to load. The loader of the crate loads each key once and caches the values.
pub(super) struct LoaderState<R: Relation> {
    loader: RelationLoader<R>,
    waiting: Mutex<Vec<PendingKey<R>>>,
}

type RelationLoader<R> = Loader<OpaqueKey<LoadKey<R>>, Result<<R as Relation>::Value>, Batch<R>>;

/// A key for the crate, with a constant `Debug` text: for every key, the crate formats an error message
/// that is used only if the key is missing (5,500 instructions for a page of cards).
#[derive(Clone, PartialEq, Eq, Hash)]
struct OpaqueKey<K>(K);

impl<K> Debug for OpaqueKey<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("key")
    }
}

/// A key that a field has requested, and where the field waits for its value.
type PendingKey<R> = (LoadKey<R>, oneshot::Sender<Result<<R as Relation>::Value>>);

struct Batch<R> {
    context: Arc<LoadContext>,
    relation: PhantomData<fn() -> R>,
}

type LoadedValues<R> = HashMap<OpaqueKey<LoadKey<R>>, Result<<R as Relation>::Value>>;

impl<R: Relation> BatchFn<OpaqueKey<LoadKey<R>>, Result<R::Value>> for Batch<R> {
    async fn load(&mut self, keys: &[OpaqueKey<LoadKey<R>>]) -> LoadedValues<R> {
        if let Err(error) = charge::<R>(&self.context, keys).await {
            return keys.iter().map(|key| (key.clone(), Err(error.clone()))).collect();
        }
        let mut groups: HashMap<(&R::Parameters, u8), Vec<R::Key>> = HashMap::new();
        for OpaqueKey((key, parameters)) in keys {
            groups.entry((parameters, R::kind(key))).or_default().push(key.clone());
        }
        let mut values_by_key = HashMap::with_capacity(keys.len());
        for ((parameters, _), keys) in groups {
            let found = R::fetch(&self.context, &keys, parameters).await;
            let mut values = found.as_ref().map(|values| values.iter().cloned());
            // Every key needs an entry, because the crate treats a missing one as an error.
            for key in keys {
                let key = (key, parameters.clone());
                let answer = match &mut values {
                    Ok(values) => Ok(values.next().unwrap_or_default()),
                    Err(error) => Err((*error).clone()),
                };
                if let (Ok(value), Some(place)) = (&answer, R::cache_key(&key.0, parameters)) {
                    self.context.shared.cache.keep(place, value, R::bytes);
                }
                values_by_key.insert(OpaqueKey(key), answer);
            }
        }
        values_by_key
    }
}

/// Takes the cost of text searches from the budget. Keys with the same kind and parameters are searched together.
async fn charge<R: Relation>(context: &LoadContext, keys: &[OpaqueKey<LoadKey<R>>]) -> Result<()> {
    let mut searches: HashMap<_, HashSet<(u8, &R::Parameters)>> = HashMap::new();
    for OpaqueKey((key, parameters)) in keys {
        if let Some(texts) = R::searched(key, parameters) {
            searches.entry(texts).or_default().insert((R::kind(key), parameters));
        }
    }
    let searches: Vec<_> =
        searches.into_iter().map(|(texts, times)| (texts, times.len())).collect();
    if searches.is_empty() { Ok(()) } else { search::charge(context, searches).await }
}

impl<R: Relation> LoaderState<R> {
    fn new(context: Arc<LoadContext>) -> Self {
        let batch = Batch { context, relation: PhantomData::<fn() -> R> };
        // By default, the crate loads at most 200 keys and yields ten times to wait for more.
        let loader = Loader::new(batch).with_max_batch_size(usize::MAX).with_yield_count(0);
        Self { loader, waiting: Mutex::default() }
    }
}

impl<R: Relation> BatchedLoader<'_, R> {
    /// Loads one key, batched with those of all sibling fields that have the same parameters.
    pub(in crate::graphql) async fn load_with(
        self,
        key: R::Key,
        parameters: R::Parameters,
    ) -> Result<R::Value> {
        let new = || Arc::new(LoaderState::new(Arc::clone(self.context)));
        let loader = self.loader.get_or_init(new);
        let (sender, answer) = oneshot::channel();
        {
            let mut waiting = loader.waiting.lock();
            if waiting.is_empty() {
                let load = load_all::<R>(Arc::clone(self.context), Arc::clone(loader));
                self.context.state.scheduler.add(Box::pin(load));
            }
            waiting.push(((key, parameters), sender));
        }
        answer.await.unwrap_or(Err(Error::Internal))
    }
}

impl<R: Relation<Parameters = ()>> BatchedLoader<'_, R> {
    /// Loads one key, batched with those of all sibling fields.
    pub(in crate::graphql) async fn load(self, key: R::Key) -> Result<R::Value> {
        self.load_with(key, ()).await
    }
}

/// Loads the keys of all waiting fields and sends them their values.
///
/// Values from the cache are sent together with the others. Otherwise their fields would request the next
/// level one dispatch round before their siblings, in a separate statement.
async fn load_all<R: Relation>(context: Arc<LoadContext>, state: Arc<LoaderState<R>>) {
    let waiting = std::mem::take(&mut *state.waiting.lock());
    let cached = |(key, parameters): &LoadKey<R>| {
        context.shared.cache.get::<R::Value>(R::cache_key(key, parameters)?)
    };
    let cached: Vec<_> = waiting.iter().map(|(key, _)| cached(key)).collect();
    let missing = waiting.iter().zip(&cached).filter(|(_, cached)| cached.is_none());
    let missing: Vec<_> = missing.map(|((key, _), _)| OpaqueKey(key.clone())).collect();
    let mut loaded = HashMap::new();
    if !missing.is_empty() {
        loaded = match state.loader.try_load_many(missing).await {
            Ok(loaded) => loaded,
            // Unreachable, since every key has an entry. All waiting fields would get
            // INTERNAL_SERVER_ERROR.
            Err(error) => return tracing::error!(%error, "a load omitted a key"),
        };
    }
    for ((key, sender), cached) in waiting.into_iter().zip(cached) {
        if let Some(answer) = cached.map(Ok).or_else(|| loaded.get(&OpaqueKey(key)).cloned()) {
            // The receiver is gone if the request was dropped, an attempt of `eager` failed, or a sibling field failed.
            let _ = sender.send(answer);
        }
    }
}

/// Assigns the rows found to their keys. Several keys may belong to the same row: a board that changed
/// between two reads has two versions.
pub(super) fn by<K, I: Eq + Hash, V: Clone>(
    keys: &[K],
    id: impl Fn(&K) -> I,
    found: impl IntoIterator<Item = (I, V)>,
) -> Vec<Option<V>> {
    let found: HashMap<I, V> = found.into_iter().collect();
    keys.iter().map(|key| found.get(&id(key)).cloned()).collect()
}

/// Splits keys into IDs, and whether their long text is read. If one key needs it, it is read for all, because they share
/// a statement.
pub(super) fn split_texts<K: Copy>(keys: &[(K, LongTexts)]) -> (Vec<K>, LongTexts) {
    let read = keys.iter().any(|(_, texts)| *texts == LongTexts::Load);
    (
        keys.iter().map(|(key, _)| *key).collect(),
        if read { LongTexts::Load } else { LongTexts::Skip },
    )
}
