//! Cards and pages of cards.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use super::boards::{SharedBoard, shared_board};
use super::cache::BoardCache;
use super::labels::of_each;
use super::relation::{Key, Relation, Source, Unnamed, by, wanted};
use super::values::{CardQuery, LoadedCard};
use crate::domain::{Card, CardFilter, CardId, Page, Result, Side};
use crate::store::access::BoardAccess;
use crate::store::card_lists::{self, CardList};
use crate::store::{LongTexts, cards, labels};

/// The number of bytes that a search reads at the cost of one field. With the default complexity limit, a
/// query can search 488 MiB.
const BYTES_OF_A_FIELD: u64 = 256;

pub(in crate::graphql) struct Cards;

impl Relation for Cards {
    type Of = (CardId, LongTexts);
    type How = ();
    type Value = Option<(Arc<Card>, SharedBoard)>;

    async fn fetch(source: &Source, of: &[Self::Of], (): &()) -> Result<Vec<Self::Value>> {
        let ((ids, texts), viewer) = (wanted(of), source.viewer()?);
        let found = cards::find(&mut source.read().await?, viewer.key, &ids, texts).await?;
        let entry = |(card, board): (Card, _)| (card.id, (Arc::new(card), shared_board(board)));
        Ok(by(of, |key| key.0, found.into_iter().map(entry)))
    }
}

pub(in crate::graphql) struct CardsOnBoards;

impl Relation for CardsOnBoards {
    type Of = ((BoardAccess, CardId), LongTexts);
    type How = ();
    type Value = Option<Arc<Card>>;

    async fn fetch(source: &Source, of: &[Self::Of], (): &()) -> Result<Vec<Self::Value>> {
        let (ids, texts) = wanted(of);
        let found = cards::on_boards(&mut source.read().await?, &ids, texts).await?;
        let entry = |card: Card| (card.id, Arc::new(card));
        Ok(by(of, |key| key.0.1, found.into_iter().map(entry)))
    }
}

/// Takes the cost of text searches from the budget. A search reads all cards of a board, so it costs
/// their size. The columns of a board are searched together.
async fn charge_searches<'k, How: Eq + Hash + Sync + 'k>(
    source: &Source,
    keys: impl Iterator<Item = (CardList, &'k How, &'k CardFilter)> + Send,
) -> Result<()> {
    let mut searches: HashMap<BoardAccess, HashSet<&How>> = HashMap::new();
    for (list, how, _) in keys.filter(|(.., filter)| filter.text.is_some()) {
        searches.entry(list.board()).or_default().insert(how);
    }
    if searches.is_empty() {
        return Ok(());
    }
    let boards: Vec<_> = searches.keys().copied().collect();
    let bytes = card_lists::search_bytes(&mut source.read().await?, &boards).await?;
    let of_board = |(bytes, searches): (i64, &HashSet<_>)| {
        let searches = u64::try_from(searches.len()).unwrap_or(u64::MAX);
        u64::try_from(bytes).unwrap_or_default().saturating_mul(searches)
    };
    let bytes = bytes.into_iter().zip(searches.values()).map(of_board).fold(0, u64::saturating_add);
    source.execution.budget.work(bytes / BYTES_OF_A_FIELD)
}

pub(in crate::graphql) struct CardPages;

impl Relation for CardPages {
    type Of = CardList;
    type How = Arc<CardQuery>;
    type Value = Arc<Page<LoadedCard>>;

    async fn fetch(
        source: &Source,
        of: &[CardList],
        query: &Arc<CardQuery>,
    ) -> Result<Vec<Self::Value>> {
        let mut conn = source.read().await?;
        let CardQuery { filter, order, request, texts, .. } = &**query;
        let found = card_lists::list(&mut conn, of, filter, *order, request, *texts).await?;
        let cards = of
            .iter()
            .zip(&found)
            .flat_map(|(list, page)| page.items.iter().map(|card| (list.board(), card.id)));
        let cards: Vec<_> = cards.collect();
        let mut labels = None;
        if query.with_labels {
            let found = labels::of_cards(&mut conn, &cards).await?;
            labels = Some(of_each(found, &cards).into_iter());
        }
        let mut loaded = |card| LoadedCard {
            card: Arc::new(card),
            labels: labels.as_mut().map(|labels| labels.next().unwrap_or_default()),
        };
        Ok(found.into_iter().map(|page| Arc::new(page.map(&mut loaded))).collect())
    }

    async fn charge(source: &Source, keys: &[Unnamed<Key<Self>>]) -> Result<()> {
        let keys = keys.iter().map(|Unnamed((list, query))| (*list, query, &query.filter));
        charge_searches(source, keys).await
    }

    fn kind(of: &CardList) -> u8 {
        of.kind() as u8
    }

    fn known(cache: &BoardCache, (list, query): &Key<Self>) -> Option<Self::Value> {
        cache.cards(*list, query)
    }

    fn keep(cache: &BoardCache, (list, query): &Key<Self>, page: &Self::Value) {
        cache.keep_cards(*list, query, page);
    }
}

pub(in crate::graphql) struct CardCounts;

impl Relation for CardCounts {
    type Of = CardList;
    type How = Arc<CardFilter>;
    type Value = i64;

    async fn fetch(source: &Source, of: &[CardList], filter: &Arc<CardFilter>) -> Result<Vec<i64>> {
        card_lists::counts(&mut source.read().await?, of, filter).await
    }

    async fn charge(source: &Source, keys: &[Unnamed<Key<Self>>]) -> Result<()> {
        let keys = keys.iter().map(|Unnamed((list, filter))| (*list, filter, &**filter));
        charge_searches(source, keys).await
    }

    fn kind(of: &CardList) -> u8 {
        of.kind() as u8
    }

    fn known(cache: &BoardCache, (list, filter): &Key<Self>) -> Option<i64> {
        cache.count(*list, filter)
    }

    fn keep(cache: &BoardCache, (list, filter): &Key<Self>, count: &i64) {
        cache.keep_count(*list, filter, *count);
    }
}

pub(in crate::graphql) struct CardsBeyond;

impl Relation for CardsBeyond {
    type Of = CardList;
    type How = (Arc<CardQuery>, Side);
    type Value = bool;

    async fn fetch(
        source: &Source,
        of: &[CardList],
        (query, side): &Self::How,
    ) -> Result<Vec<bool>> {
        let mut conn = source.read().await?;
        let CardQuery { filter, order, request, .. } = &**query;
        card_lists::any_beyond(&mut conn, of, filter, *order, request, *side).await
    }

    async fn charge(source: &Source, keys: &[Unnamed<Key<Self>>]) -> Result<()> {
        let keys = keys.iter().map(|Unnamed((list, how))| (*list, how, &how.0.filter));
        charge_searches(source, keys).await
    }

    fn kind(of: &CardList) -> u8 {
        of.kind() as u8
    }
}

/// The description of a card that was read without it.
pub(in crate::graphql) struct CardTexts;

impl Relation for CardTexts {
    type Of = (BoardAccess, CardId);
    type How = ();
    type Value = Option<Arc<str>>;

    async fn fetch(source: &Source, of: &[Self::Of], (): &()) -> Result<Vec<Self::Value>> {
        let found = cards::descriptions(&mut source.read().await?, of).await?;
        Ok(by(of, |key| key.1, found))
    }
}
