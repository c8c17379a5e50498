//! Batches what sibling fields load: one loader for each relation, fresh for each request, so that
//! the number of statements depends on the text of a query and never on how many rows it finds.

use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

use dataloader::BatchFn;
use dataloader::cached::Loader;
use tokio::sync::oneshot;

use super::rounds::Rounds;

use crate::domain::{
    Board, BoardId, BoardOrder, Card, CardFilter, CardId, CardOrder, Email, Error, Label, LabelId,
    Member, Page, PageRequest, Result, User, UserKey, Viewer,
};
use crate::store::access::BoardAccess;
use crate::store::cards::CardList;
use crate::store::{self, Db};

/// What can be loaded, and how: many keys at once.
pub(super) trait Relation: Send + Sync + 'static {
    type Key: Clone + Debug + Eq + Hash + Send + Sync;
    /// What a key without an answer gets is the default: nothing, an empty list, zero.
    type Value: Clone + Default + Send + Sync;

    fn fetch(
        db: &Db,
        viewer: Viewer,
        keys: &[Self::Key],
    ) -> impl Future<Output = Result<HashMap<Self::Key, Self::Value>>> + Send;
}

/// The loader of one relation: the crate's loader puts keys together and remembers the answers,
/// [`Rounds`] says when to ask.
pub(super) struct Batched<R: Relation> {
    loader: Loader<R::Key, Result<R::Value>, Batch<R>>,
    waiting: Arc<Mutex<Vec<Waiting<R>>>>,
    rounds: Arc<Rounds>,
}

/// A field that waits for a key.
type Waiting<R> = (<R as Relation>::Key, oneshot::Sender<Result<<R as Relation>::Value>>);

struct Batch<R> {
    db: Db,
    viewer: Option<Viewer>,
    relation: PhantomData<fn() -> R>,
}

impl<R: Relation> BatchFn<R::Key, Result<R::Value>> for Batch<R> {
    async fn load(&mut self, keys: &[R::Key]) -> HashMap<R::Key, Result<R::Value>> {
        let found = match self.viewer {
            Some(viewer) => R::fetch(&self.db, viewer, keys).await,
            None => Err(Error::Unauthenticated),
        };
        // Every key gets an answer: the crate takes a missing one for an error.
        let answer = |key: &R::Key| match &found {
            Ok(values) => Ok(values.get(key).cloned().unwrap_or_default()),
            Err(error) => Err(error.clone()),
        };
        keys.iter().map(|key| (key.clone(), answer(key))).collect()
    }
}

impl<R: Relation> Batched<R> {
    fn new(db: &Db, viewer: Option<&Viewer>, rounds: &Arc<Rounds>) -> Self {
        let batch =
            Batch { db: db.clone(), viewer: viewer.copied(), relation: PhantomData::<fn() -> R> };
        // The crate would send 200 keys at most, and wait for more by yielding ten times.
        let loader = Loader::new(batch).with_max_batch_size(usize::MAX).with_yield_count(0);
        Self { loader, waiting: Arc::default(), rounds: Arc::clone(rounds) }
    }

    /// Loads one key together with those of all sibling fields.
    pub(super) async fn load(&self, key: R::Key) -> Result<R::Value> {
        let (sender, answer) = oneshot::channel();
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.is_empty() {
                let (loader, waiting) = (self.loader.clone(), Arc::clone(&self.waiting));
                self.rounds.add(Box::pin(load_all::<R>(loader, waiting)));
            }
            waiting.push((key, sender));
        }
        // Nobody answers when the load has panicked, which is logged there.
        answer.await.unwrap_or(Err(Error::Internal))
    }
}

/// Loads what all wait for, and tells them.
async fn load_all<R: Relation>(
    loader: Loader<R::Key, Result<R::Value>, Batch<R>>,
    waiting: Arc<Mutex<Vec<Waiting<R>>>>,
) {
    let waiting = std::mem::take(&mut *waiting.lock().unwrap_or_else(PoisonError::into_inner));
    let keys = waiting.iter().map(|(key, _)| key.clone()).collect();
    let Ok(answers) = loader.try_load_many(keys).await else { return };
    for (key, sender) in waiting {
        if let Some(answer) = answers.get(&key) {
            // Nobody listens when the request has been dropped.
            let _ = sender.send(answer.clone());
        }
    }
}

macro_rules! loaders {
    ($($(#[$doc:meta])* $field:ident: $relation:ident,)*) => {
        /// The loaders of a request.
        pub(super) struct Loaders {
            $($(#[$doc])* pub(super) $field: Batched<$relation>,)*
        }

        impl Loaders {
            pub(super) fn new(db: &Db, viewer: Option<&Viewer>, rounds: &Arc<Rounds>) -> Self {
                Self { $($field: Batched::new(db, viewer, rounds),)* }
            }
        }
    };
}

loaders! {
    /// Boards that the viewer may see.
    board: Boards,
    /// How many boards the viewer has.
    board_count: BoardCount,
    /// A page of the viewer's boards.
    board_page: BoardPages,
    /// The labels of a board.
    board_labels: BoardLabels,
    /// Cards that the viewer may see.
    card: Cards,
    /// How many cards a list has.
    card_count: CardCounts,
    /// The labels of a card.
    card_labels: CardLabels,
    /// A page of a list of cards.
    card_page: CardPages,
    /// Labels that the viewer may see.
    label: Labels,
    /// How many members a board has.
    member_count: MemberCounts,
    /// A page of a board's members.
    member_page: MemberPages,
    /// Users that the viewer may see.
    user: Users,
    /// Users by their exact address.
    user_by_email: UsersByEmail,
}

pub(super) struct Boards;

impl Relation for Boards {
    type Key = BoardId;
    type Value = Option<(Arc<Board>, BoardAccess)>;

    async fn fetch(
        db: &Db,
        viewer: Viewer,
        keys: &[BoardId],
    ) -> Result<HashMap<BoardId, Self::Value>> {
        let found = store::boards::find(&mut db.read().await?, viewer.id, keys).await?;
        let entry = |(board, access): (Board, _)| (board.id, Some((Arc::new(board), access)));
        Ok(found.into_iter().map(entry).collect())
    }
}

pub(super) struct BoardCount;

impl Relation for BoardCount {
    type Key = ();
    type Value = i64;

    async fn fetch(db: &Db, viewer: Viewer, _keys: &[()]) -> Result<HashMap<(), i64>> {
        let count = store::boards::count(&mut db.read().await?, viewer.id).await?;
        Ok(HashMap::from([((), count)]))
    }
}

pub(super) struct BoardPages;

impl Relation for BoardPages {
    type Key = (BoardOrder, PageRequest);
    type Value = Arc<Page<(Arc<Board>, BoardAccess)>>;

    async fn fetch(
        db: &Db,
        viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Self::Value>> {
        let mut conn = db.read().await?;
        let mut pages = HashMap::new();
        for (order, request) in keys {
            let page = store::boards::list(&mut conn, viewer.id, *order, request).await?;
            let page = page.map(|(board, access)| (Arc::new(board), access));
            pages.insert((*order, request.clone()), Arc::new(page));
        }
        Ok(pages)
    }
}

pub(super) struct BoardLabels;

impl Relation for BoardLabels {
    type Key = BoardAccess;
    type Value = Arc<Vec<Arc<Label>>>;

    async fn fetch(
        db: &Db,
        _viewer: Viewer,
        keys: &[BoardAccess],
    ) -> Result<HashMap<BoardAccess, Self::Value>> {
        let mut found = store::labels::of_boards(&mut db.read().await?, keys).await?;
        Ok(keys.iter().map(|key| (*key, shared(found.remove(&key.board_id())))).collect())
    }
}

fn shared(labels: Option<Vec<Label>>) -> Arc<Vec<Arc<Label>>> {
    Arc::new(labels.unwrap_or_default().into_iter().map(Arc::new).collect())
}

pub(super) struct Cards;

impl Relation for Cards {
    type Key = CardId;
    type Value = Option<(Arc<Card>, BoardAccess)>;

    async fn fetch(
        db: &Db,
        viewer: Viewer,
        keys: &[CardId],
    ) -> Result<HashMap<CardId, Self::Value>> {
        let found = store::cards::find(&mut db.read().await?, viewer.id, keys).await?;
        let entry = |(card, access): (Card, _)| (card.id, Some((Arc::new(card), access)));
        Ok(found.into_iter().map(entry).collect())
    }
}

pub(super) struct CardLabels;

impl Relation for CardLabels {
    type Key = (BoardAccess, CardId);
    type Value = Arc<Vec<Arc<Label>>>;

    async fn fetch(
        db: &Db,
        _viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Self::Value>> {
        let mut found = store::labels::of_cards(&mut db.read().await?, keys).await?;
        Ok(keys.iter().map(|key| (*key, shared(found.remove(&key.1)))).collect())
    }
}

/// Which page of a list of cards.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CardQuery {
    pub(super) filter: CardFilter,
    pub(super) order: CardOrder,
    pub(super) request: PageRequest,
    /// Whether the cards' labels are loaded along, which wakes no future for each card.
    pub(super) with_labels: bool,
}

/// A card with its labels, if they were loaded along.
#[derive(Clone)]
pub(super) struct LoadedCard {
    pub(super) card: Arc<Card>,
    pub(super) labels: Option<Arc<Vec<Arc<Label>>>>,
}

pub(super) struct CardPages;

impl Relation for CardPages {
    type Key = (CardList, Arc<CardQuery>);
    type Value = Arc<Page<LoadedCard>>;

    async fn fetch(
        db: &Db,
        _viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Self::Value>> {
        let mut conn = db.read().await?;
        let mut pages = HashMap::new();
        for (query, lists) in grouped(keys) {
            let found =
                store::cards::list(&mut conn, &lists, &query.filter, query.order, &query.request)
                    .await?;
            let mut labels = None;
            if query.with_labels {
                let cards: Vec<_> = lists
                    .iter()
                    .zip(&found)
                    .flat_map(|(list, page)| page.items.iter().map(|card| (list.board, card.id)))
                    .collect();
                labels = Some(store::labels::of_cards(&mut conn, &cards).await?);
            }
            for (list, page) in lists.into_iter().zip(found) {
                let page = page.map(|card| LoadedCard {
                    labels: labels.as_mut().map(|labels| shared(labels.remove(&card.id))),
                    card: Arc::new(card),
                });
                pages.insert((list, Arc::clone(&query)), Arc::new(page));
            }
        }
        Ok(pages)
    }
}

/// The lists of cards that are wanted in the same way and of the same kind: one statement each.
fn grouped<Q: Clone + Eq + Hash>(keys: &[(CardList, Q)]) -> Vec<(Q, Vec<CardList>)> {
    let mut groups: HashMap<(&Q, bool), Vec<CardList>> = HashMap::new();
    for (list, query) in keys {
        groups.entry((query, list.column.is_some())).or_default().push(*list);
    }
    groups.into_iter().map(|((query, _), lists)| (query.clone(), lists)).collect()
}

pub(super) struct CardCounts;

impl Relation for CardCounts {
    type Key = (CardList, Arc<CardFilter>);
    type Value = i64;

    async fn fetch(
        db: &Db,
        _viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, i64>> {
        let mut conn = db.read().await?;
        let mut counts = HashMap::new();
        for (filter, lists) in grouped(keys) {
            let found = store::cards::counts(&mut conn, &lists, &filter).await?;
            for (list, count) in lists.into_iter().zip(found) {
                counts.insert((list, Arc::clone(&filter)), count);
            }
        }
        Ok(counts)
    }
}

pub(super) struct Labels;

impl Relation for Labels {
    type Key = LabelId;
    type Value = Option<(Arc<Label>, BoardAccess)>;

    async fn fetch(
        db: &Db,
        viewer: Viewer,
        keys: &[LabelId],
    ) -> Result<HashMap<LabelId, Self::Value>> {
        let found = store::labels::find(&mut db.read().await?, viewer.id, keys).await?;
        let entry = |(label, access): (Label, _)| (label.id, Some((Arc::new(label), access)));
        Ok(found.into_iter().map(entry).collect())
    }
}

pub(super) struct MemberCounts;

impl Relation for MemberCounts {
    type Key = BoardAccess;
    type Value = i64;

    async fn fetch(
        db: &Db,
        _viewer: Viewer,
        keys: &[BoardAccess],
    ) -> Result<HashMap<BoardAccess, i64>> {
        let counts = store::members::counts(&mut db.read().await?, keys).await?;
        Ok(keys.iter().copied().zip(counts).collect())
    }
}

pub(super) struct MemberPages;

impl Relation for MemberPages {
    type Key = (BoardAccess, Arc<PageRequest>);
    type Value = Arc<Page<Arc<Member>>>;

    async fn fetch(
        db: &Db,
        _viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Self::Value>> {
        let mut conn = db.read().await?;
        let requests: HashSet<&Arc<PageRequest>> =
            keys.iter().map(|(_, request)| request).collect();
        let mut pages = HashMap::new();
        for request in requests {
            let same = keys.iter().filter(|(_, other)| other == request);
            let boards: Vec<_> = same.map(|(board, _)| *board).collect();
            let found = store::members::list(&mut conn, &boards, request).await?;
            for (board, page) in boards.into_iter().zip(found) {
                pages.insert((board, Arc::clone(request)), Arc::new(page.map(Arc::new)));
            }
        }
        Ok(pages)
    }
}

pub(super) struct Users;

impl Relation for Users {
    type Key = UserKey;
    type Value = Option<Arc<User>>;

    async fn fetch(
        db: &Db,
        viewer: Viewer,
        keys: &[UserKey],
    ) -> Result<HashMap<UserKey, Self::Value>> {
        let found = store::users::visible(&mut db.read().await?, viewer, keys).await?;
        Ok(found.into_iter().map(|user| (user.key, Some(Arc::new(user)))).collect())
    }
}

pub(super) struct UsersByEmail;

impl Relation for UsersByEmail {
    type Key = Email;
    type Value = Option<Arc<User>>;

    async fn fetch(
        db: &Db,
        _viewer: Viewer,
        keys: &[Email],
    ) -> Result<HashMap<Email, Self::Value>> {
        let mut conn = db.read().await?;
        let mut users = HashMap::new();
        for email in keys {
            let user = store::users::by_email(&mut conn, email).await?;
            users.insert(email.clone(), user.map(Arc::new));
        }
        Ok(users)
    }
}
