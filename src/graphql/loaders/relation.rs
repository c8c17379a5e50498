//! Relations and how their keys are batched.

use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use dataloader::BatchFn;
use dataloader::cached::Loader;
use tokio::sync::oneshot;

use super::cache::BoardCache;
use super::shared::Shared;
use crate::domain::{Error, Page, Result, Timestamp, Viewer};
use crate::graphql::engine::Execution;
use crate::store::{Conn, LongTexts, Snapshot};

/// Data that can be loaded for many keys in one statement.
pub(in crate::graphql) trait Relation: Send + Sync + 'static {
    /// The key of an object or of a list.
    type Of: Clone + Eq + Hash + Send + Sync;
    /// The parameters of a load, e.g. which page. Loads with different parameters are not batched
    /// together.
    type How: Clone + Eq + Hash + Send + Sync;
    /// The default is the value of a key without a result: `None`, an empty list, or zero.
    type Value: Clone + Default + Send + Sync;

    /// Loads the values in the order of the keys, which all have the parameters `how` and the same kind.
    fn fetch(
        context: &LoadContext,
        of: &[Self::Of],
        how: &Self::How,
    ) -> impl Future<Output = Result<Vec<Self::Value>>> + Send;

    /// Takes the cost of text searches from the budget. An error fails all keys.
    fn charge(
        _context: &LoadContext,
        _keys: &[Unnamed<Key<Self>>],
    ) -> impl Future<Output = Result<()>> + Send {
        std::future::ready(Ok(()))
    }

    /// The kind of a key. Keys of different kinds are not batched together either.
    fn kind(_of: &Self::Of) -> u8 {
        0
    }

    /// The value from the cache, if it is still valid.
    fn known(_cache: &BoardCache, _key: &Key<Self>) -> Option<Self::Value> {
        None
    }

    /// Stores a value in the cache.
    fn keep(_cache: &BoardCache, _key: &Key<Self>, _value: &Self::Value) {}
}

/// A key of a relation with its parameters.
pub(super) type Key<R> = (<R as Relation>::Of, <R as Relation>::How);

/// The state that all loaders of a request share.
pub(in crate::graphql) struct LoadContext {
    pub(super) db: Snapshot,
    pub(super) shared: Arc<Shared>,
    pub(super) viewer: Option<Viewer>,
    pub(super) execution: Arc<Execution>,
}

impl LoadContext {
    /// The viewer on whose behalf the data is read.
    pub(super) fn viewer(&self) -> Result<Viewer> {
        self.execution.note_viewer();
        self.viewer.ok_or(Error::Unauthenticated)
    }

    /// The current time.
    pub(super) fn now(&self) -> Timestamp {
        self.db.now()
    }

    /// The connection to read with.
    pub(super) async fn read(&self) -> Result<Conn> {
        self.db.read().await
    }
}

/// The loader of one relation, created on first use, since most requests need few of them. `waiting` collects the keys until
/// `BatchScheduler` decides to load. The loader of the crate loads each key once and caches the values.
pub(in crate::graphql) struct Batched<'l, R: Relation> {
    pub(super) context: &'l Arc<LoadContext>,
    pub(super) made: &'l OnceLock<Made<R>>,
}

pub(super) struct Made<R: Relation> {
    loader: RelationLoader<R>,
    waiting: Arc<Mutex<Vec<Waiting<R>>>>,
}

type RelationLoader<R> = Loader<Unnamed<Key<R>>, Result<<R as Relation>::Value>, Batch<R>>;

/// A key for the crate, with a constant `Debug` text: for every key, the crate formats an error message
/// that is used only if the key is missing (5,500 instructions for a page of cards).
#[derive(Clone, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct Unnamed<K>(pub(super) K);

impl<K> Debug for Unnamed<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("key")
    }
}

/// A field that waits for the value of a key.
type Waiting<R> = (Key<R>, oneshot::Sender<Result<<R as Relation>::Value>>);

struct Batch<R> {
    context: Arc<LoadContext>,
    relation: PhantomData<fn() -> R>,
}

type LoadedValues<R> = HashMap<Unnamed<Key<R>>, Result<<R as Relation>::Value>>;

impl<R: Relation> BatchFn<Unnamed<Key<R>>, Result<R::Value>> for Batch<R> {
    async fn load(&mut self, keys: &[Unnamed<Key<R>>]) -> LoadedValues<R> {
        if let Err(error) = R::charge(&self.context, keys).await {
            return keys.iter().map(|key| (key.clone(), Err(error.clone()))).collect();
        }
        let mut groups: HashMap<(&R::How, u8), Vec<R::Of>> = HashMap::new();
        for Unnamed((of, how)) in keys {
            groups.entry((how, R::kind(of))).or_default().push(of.clone());
        }
        let mut values_by_key = HashMap::with_capacity(keys.len());
        for ((how, _), of) in groups {
            let found = R::fetch(&self.context, &of, how).await;
            let mut values = found.as_ref().map(|values| values.iter().cloned());
            // Every key needs an entry, because the crate treats a missing one as an error.
            for of in of {
                let key = (of, how.clone());
                let answer = match &mut values {
                    Ok(values) => Ok(values.next().unwrap_or_default()),
                    Err(error) => Err((*error).clone()),
                };
                if let Ok(value) = &answer {
                    R::keep(&self.context.shared.cache, &key, value);
                }
                values_by_key.insert(Unnamed(key), answer);
            }
        }
        values_by_key
    }
}

impl<R: Relation> Made<R> {
    fn new(context: Arc<LoadContext>) -> Self {
        let batch = Batch { context, relation: PhantomData::<fn() -> R> };
        // By default, the crate loads at most 200 keys and yields ten times to wait for more.
        let loader = Loader::new(batch).with_max_batch_size(usize::MAX).with_yield_count(0);
        Self { loader, waiting: Arc::default() }
    }
}

impl<R: Relation> Batched<'_, R> {
    /// Loads one key, batched with those of all sibling fields that have the same parameters.
    pub(in crate::graphql) async fn load_as(self, of: R::Of, how: R::How) -> Result<R::Value> {
        let made = self.made.get_or_init(|| Made::new(Arc::clone(self.context)));
        let (sender, answer) = oneshot::channel();
        {
            let mut waiting = made.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.is_empty() {
                let (loader, waiting) = (made.loader.clone(), Arc::clone(&made.waiting));
                let load = load_all::<R>(Arc::clone(self.context), loader, waiting);
                self.context.execution.scheduler.add(Box::pin(load));
            }
            waiting.push(((of, how), sender));
        }
        answer.await.unwrap_or(Err(Error::Internal))
    }
}

impl<R: Relation<How = ()>> Batched<'_, R> {
    /// Loads one key, batched with those of all sibling fields.
    pub(in crate::graphql) async fn load(self, of: R::Of) -> Result<R::Value> {
        self.load_as(of, ()).await
    }
}

/// Loads the keys of all waiting fields and sends them their values.
///
/// Values from the cache are sent together with the others. Otherwise their fields would request the next
/// level one dispatch round before their siblings, in a separate statement.
async fn load_all<R: Relation>(
    context: Arc<LoadContext>,
    loader: RelationLoader<R>,
    waiting: Arc<Mutex<Vec<Waiting<R>>>>,
) {
    let waiting = std::mem::take(&mut *waiting.lock().unwrap_or_else(PoisonError::into_inner));
    let known: Vec<_> =
        waiting.iter().map(|(key, _)| R::known(&context.shared.cache, key)).collect();
    let unknown = waiting.iter().zip(&known).filter(|(_, known)| known.is_none());
    let unknown: Vec<_> = unknown.map(|((key, _), _)| Unnamed(key.clone())).collect();
    let mut loaded = HashMap::new();
    if !unknown.is_empty() {
        loaded = match loader.try_load_many(unknown).await {
            Ok(loaded) => loaded,
            // Unreachable, since every key has an entry. All waiting fields would get
            // INTERNAL_SERVER_ERROR.
            Err(error) => return tracing::error!(%error, "a load omitted a key"),
        };
    }
    for ((key, sender), known) in waiting.into_iter().zip(known) {
        if let Some(answer) = known.map(Ok).or_else(|| loaded.get(&Unnamed(key)).cloned()) {
            // The receiver is gone if the request was dropped.
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

/// Converts pages so that several fields can share their rows.
pub(super) fn shared_pages<T>(pages: Vec<Page<T>>) -> Vec<Arc<Page<Arc<T>>>> {
    pages.into_iter().map(|page| Arc::new(page.map(Arc::new))).collect()
}

/// The keys without their parameters. If one key needs the long text, it is read for all, since it is one
/// statement.
pub(super) fn wanted<K: Copy>(keys: &[(K, LongTexts)]) -> (Vec<K>, LongTexts) {
    let read = keys.iter().any(|(_, texts)| *texts == LongTexts::Load);
    (
        keys.iter().map(|(key, _)| *key).collect(),
        if read { LongTexts::Load } else { LongTexts::Skip },
    )
}

/// The number of bytes that a search reads at the cost of one field. With the default complexity limit, a
/// query can search 488 MiB.
const BYTES_OF_A_FIELD: u64 = 256;

/// The cost of searches, given the bytes of texts and how often they are searched.
pub(super) fn search_cost(texts: impl IntoIterator<Item = (i64, usize)>) -> u64 {
    let bytes = texts.into_iter().map(|(bytes, searches)| {
        let searches = u64::try_from(searches).unwrap_or(u64::MAX);
        u64::try_from(bytes).unwrap_or_default().saturating_mul(searches)
    });
    bytes.fold(0, u64::saturating_add) / BYTES_OF_A_FIELD
}
