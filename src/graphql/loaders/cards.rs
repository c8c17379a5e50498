//! Cards, and pages of them.

use std::collections::HashMap;
use std::sync::Arc;

use super::boards::{SharedBoard, shared_board};
use super::labels::{Shared, shared};
use super::{BoardCache, Relation, grouped, wanted};
use crate::domain::{Card, CardFilter, CardId, CardOrder, Page, PageRequest, Result, Side, Viewer};
use crate::store::access::BoardAccess;
use crate::store::card_lists::CardList;
use crate::store::{self, Snapshot, Texts};

pub(in crate::graphql) struct Cards;

impl Relation for Cards {
    type Key = (CardId, Texts);
    type Value = Option<(Arc<Card>, SharedBoard)>;

    async fn fetch(
        db: &Snapshot,
        viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Self::Value>> {
        let (ids, texts) = wanted(keys);
        let found = store::cards::find(&mut db.read().await?, viewer.id, &ids, texts).await?;
        let entry = |(card, board): (Card, _)| (card.id, (Arc::new(card), shared_board(board)));
        let found: HashMap<CardId, _> = found.into_iter().map(entry).collect();
        Ok(keys.iter().map(|key| (*key, found.get(&key.0).cloned())).collect())
    }
}

pub(in crate::graphql) struct CardsOnBoards;

impl Relation for CardsOnBoards {
    type Key = ((BoardAccess, CardId), Texts);
    type Value = Option<Arc<Card>>;

    async fn fetch(
        db: &Snapshot,
        _viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Self::Value>> {
        let (cards, texts) = wanted(keys);
        let found = store::cards::on_boards(&mut db.read().await?, &cards, texts).await?;
        let found: HashMap<CardId, Arc<Card>> =
            found.into_iter().map(|card| (card.id, Arc::new(card))).collect();
        Ok(keys.iter().map(|key| (*key, found.get(&key.0.1).cloned())).collect())
    }
}

/// Which page of a list of cards.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct CardQuery {
    pub(in crate::graphql) filter: CardFilter,
    pub(in crate::graphql) order: CardOrder,
    pub(in crate::graphql) request: PageRequest,
    /// Whether the cards' labels are loaded along, which wakes no future for each card.
    pub(in crate::graphql) with_labels: bool,
    /// Whether their descriptions are.
    pub(in crate::graphql) texts: Texts,
}

/// A card with its labels, if they were loaded along.
#[derive(Clone)]
pub(in crate::graphql) struct LoadedCard {
    pub(in crate::graphql) card: Arc<Card>,
    pub(in crate::graphql) labels: Option<Shared>,
}

impl LoadedCard {
    /// What it takes of the heap, about. (Its labels are shared by all cards of a page.)
    pub(super) fn bytes(&self) -> usize {
        let Card { title, description, rank, .. } = &*self.card;
        let texts = title.len() + description.as_ref().map_or(0, String::len) + rank.as_str().len();
        let labels = self.labels.as_ref().map_or(0, |labels| labels.len() * size_of::<usize>());
        // Each part of the heap costs some bytes more than it has.
        size_of::<Self>() + size_of::<Card>() + texts + labels + 64
    }
}

pub(in crate::graphql) struct CardPages;

impl Relation for CardPages {
    type Key = (CardList, Arc<CardQuery>);
    type Value = Arc<Page<LoadedCard>>;

    async fn fetch(
        db: &Snapshot,
        _viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Self::Value>> {
        let mut conn = db.read().await?;
        let mut pages = HashMap::new();
        let keys = keys.iter().map(|(list, query)| ((Arc::clone(query), list.kind()), *list));
        for ((query, kind), lists) in grouped(keys) {
            let CardQuery { filter, order, request, texts, .. } = &*query;
            let found =
                store::card_lists::list(&mut conn, kind, &lists, filter, *order, request, *texts);
            let found = found.await?;
            let mut labels = None;
            if query.with_labels {
                let cards: Vec<_> = lists
                    .iter()
                    .zip(&found)
                    .flat_map(|(list, page)| page.items.iter().map(|card| (list.board(), card.id)))
                    .collect();
                let found = store::labels::of_cards(&mut conn, &cards).await?;
                labels = Some(shared(found, &cards, |card| card.1));
            }
            for (list, page) in lists.into_iter().zip(found) {
                let page = page.map(|card| LoadedCard {
                    labels: labels.as_ref().map(|labels| {
                        labels.get(&(list.board(), card.id)).cloned().unwrap_or_default()
                    }),
                    card: Arc::new(card),
                });
                pages.insert((list, Arc::clone(&query)), Arc::new(page));
            }
        }
        Ok(pages)
    }

    fn known(cache: &BoardCache, (list, query): &Self::Key) -> Option<Self::Value> {
        cache.cards(*list, query)
    }

    fn keep(cache: &BoardCache, (list, query): &Self::Key, page: &Self::Value) {
        cache.keep_cards(*list, query, page);
    }
}

pub(in crate::graphql) struct CardCounts;

impl Relation for CardCounts {
    type Key = (CardList, Arc<CardFilter>);
    type Value = i64;

    async fn fetch(
        db: &Snapshot,
        _viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, i64>> {
        let mut conn = db.read().await?;
        let mut counts = HashMap::new();
        let keys = keys.iter().map(|(list, filter)| ((Arc::clone(filter), list.kind()), *list));
        for ((filter, kind), lists) in grouped(keys) {
            let found = store::card_lists::counts(&mut conn, kind, &lists, &filter).await?;
            for (list, count) in lists.into_iter().zip(found) {
                counts.insert((list, Arc::clone(&filter)), count);
            }
        }
        Ok(counts)
    }

    fn known(cache: &BoardCache, (list, filter): &Self::Key) -> Option<i64> {
        cache.count(*list, filter)
    }

    fn keep(cache: &BoardCache, (list, filter): &Self::Key, count: &i64) {
        cache.keep_count(*list, filter, *count);
    }
}

pub(in crate::graphql) struct CardsBeyond;

impl Relation for CardsBeyond {
    type Key = (CardList, Arc<CardQuery>, Side);
    type Value = bool;

    async fn fetch(
        db: &Snapshot,
        _viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, bool>> {
        let mut conn = db.read().await?;
        let mut any = HashMap::new();
        let keys =
            keys.iter().map(|(list, query, side)| ((Arc::clone(query), *side, list.kind()), *list));
        for ((query, side, kind), lists) in grouped(keys) {
            let CardQuery { filter, order, request, .. } = &*query;
            let found = store::card_lists::any_beyond(
                &mut conn, kind, &lists, filter, *order, request, side,
            );
            for (list, found) in lists.iter().zip(found.await?) {
                any.insert((*list, Arc::clone(&query), side), found);
            }
        }
        Ok(any)
    }
}

/// The description of a card that was read without.
pub(in crate::graphql) struct CardTexts;

impl Relation for CardTexts {
    type Key = (BoardAccess, CardId);
    type Value = Option<Arc<str>>;

    async fn fetch(
        db: &Snapshot,
        _viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Self::Value>> {
        let found = store::cards::descriptions(&mut db.read().await?, keys).await?;
        Ok(keys.iter().map(|key| (*key, found.get(&key.1).cloned())).collect())
    }
}
