//! Cards and pages of cards.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use super::boards::{SharedBoard, shared_board};
use super::cache::BoardCache;
use super::card_updates::updated_pages;
use super::relation::{LoadContext, LoadKey, OpaqueKey, Relation, by, search_cost, split_texts};
use super::values::{CardQuery, LoadedCard};
use crate::domain::{Card, CardColumn, CardFilter, CardId, LabelColor, Page, Result, Side};
use crate::store::access::BoardAccess;
use crate::store::card_lists::{self, CardList, CardListKind};
use crate::store::labels::LabelPairs;
use crate::store::{Conn, LongTexts, cards};

pub(in crate::graphql) struct Cards;

impl Relation for Cards {
    type Key = (CardId, LongTexts);
    type Parameters = ();
    type Value = Option<(Arc<Card>, SharedBoard)>;

    async fn fetch(context: &LoadContext, keys: &[Self::Key], (): &()) -> Result<Vec<Self::Value>> {
        let ((ids, texts), viewer) = (split_texts(keys), context.viewer()?);
        let found = cards::find(&mut context.read().await?, viewer.key, &ids, texts).await?;
        let entry = |(card, board): (Card, _)| (card.id, (Arc::new(card), shared_board(board)));
        Ok(by(keys, |key| key.0, found.into_iter().map(entry)))
    }
}

pub(in crate::graphql) struct CardsOnBoards;

impl Relation for CardsOnBoards {
    type Key = ((BoardAccess, CardId), LongTexts);
    type Parameters = ();
    type Value = Option<Arc<Card>>;

    async fn fetch(context: &LoadContext, keys: &[Self::Key], (): &()) -> Result<Vec<Self::Value>> {
        let (ids, texts) = split_texts(keys);
        let found = cards::on_boards(&mut context.read().await?, &ids, texts).await?;
        let entry = |card: Card| (card.id, Arc::new(card));
        Ok(by(keys, |key| key.0.1, found.into_iter().map(entry)))
    }
}

/// Takes the cost of text searches from the budget. A search reads all cards of a board, so it costs
/// their size. The columns of a board are searched together.
async fn charge_searches<'k, Parameters: Eq + Hash + Sync + 'k>(
    context: &LoadContext,
    keys: impl Iterator<Item = (CardList, &'k Parameters, &'k CardFilter)> + Send,
) -> Result<()> {
    let mut searches: HashMap<BoardAccess, HashSet<(u8, &Parameters)>> = HashMap::new();
    for (list, parameters, _) in keys.filter(|(.., filter)| filter.text.is_some()) {
        searches.entry(list.board()).or_default().insert((list.kind() as u8, parameters));
    }
    if searches.is_empty() {
        return Ok(());
    }
    let boards: Vec<_> = searches.keys().copied().collect();
    let bytes = card_lists::search_bytes(&mut context.read().await?, &boards).await?;
    let cost = search_cost(bytes.into_iter().zip(searches.values().map(HashSet::len)));
    context.state.budget.work(cost)
}

pub(in crate::graphql) struct CardPages;

impl Relation for CardPages {
    type Key = CardList;
    type Parameters = Arc<CardQuery>;
    type Value = Arc<Page<LoadedCard>>;

    async fn fetch(
        context: &LoadContext,
        keys: &[CardList],
        query: &Arc<CardQuery>,
    ) -> Result<Vec<Self::Value>> {
        if let Some(pages) = updated_pages(context, keys, query).await? {
            return Ok(pages);
        }
        let mut conn = context.read().await?;
        let CardQuery { filter, order, request, texts, .. } = &**query;
        let found = card_lists::list(&mut conn, keys, filter, *order, request, *texts).await?;
        let labels = if query.with_labels {
            Some(label_pairs(&mut conn, keys, &found, filter).await?)
        } else {
            None
        };
        let loaded = |card: Card| LoadedCard {
            labels: labels.as_ref().map(|labels| labels.of(card.id)),
            card: Arc::new(card),
        };
        Ok(found.into_iter().map(|page| Arc::new(page.map(loaded))).collect())
    }

    async fn charge(context: &LoadContext, keys: &[OpaqueKey<LoadKey<Self>>]) -> Result<()> {
        let keys = keys.iter().map(|OpaqueKey((list, query))| (*list, query, &query.filter));
        charge_searches(context, keys).await
    }

    fn kind(key: &CardList) -> u8 {
        key.kind() as u8
    }

    fn from_cache(cache: &BoardCache, (list, query): &LoadKey<Self>) -> Option<Self::Value> {
        cache.cards(*list, query)
    }

    fn to_cache(cache: &BoardCache, (list, query): &LoadKey<Self>, page: &Self::Value) {
        cache.keep_cards(*list, query, page);
    }
}

/// Which labels the cards of the pages have.
async fn label_pairs(
    conn: &mut Conn,
    lists: &[CardList],
    pages: &[Page<Card>],
    filter: &CardFilter,
) -> Result<LabelPairs> {
    let complete =
        |page: &Page<_>| page.has_next == Some(false) && page.has_previous == Some(false);
    if *filter == CardFilter::default() && pages.iter().all(complete) && cover_boards(lists) {
        let boards: HashSet<_> = lists.iter().map(|list| list.board()).collect();
        let boards: Vec<_> = boards.into_iter().collect();
        // If the trash has more labels than the board can have, the cards are looked up.
        let limit =
            LabelColor::ALL.len() * pages.iter().map(|page| page.items.len()).sum::<usize>();
        if let Some(pairs) = LabelPairs::of_boards(conn, &boards, limit).await? {
            return Ok(pairs);
        }
    }
    let cards = lists
        .iter()
        .zip(pages)
        .flat_map(|(list, page)| page.items.iter().map(|card| (list.board(), card.id)));
    LabelPairs::of_cards(conn, &cards.collect::<Vec<_>>()).await
}

/// Whether the lists are all columns of their boards, or the boards themselves.
fn cover_boards(lists: &[CardList]) -> bool {
    match lists.first().map(|list| list.kind()) {
        Some(CardListKind::Board) => true,
        Some(CardListKind::Column) => {
            let boards: HashSet<_> = lists.iter().map(|list| list.board()).collect();
            let columns: HashSet<_> = lists.iter().collect();
            columns.len() == boards.len() * CardColumn::ALL.len()
        }
        Some(CardListKind::Trash) | None => false,
    }
}

pub(in crate::graphql) struct CardCounts;

impl Relation for CardCounts {
    type Key = CardList;
    type Parameters = Arc<CardFilter>;
    type Value = i64;

    async fn fetch(
        context: &LoadContext,
        keys: &[CardList],
        filter: &Arc<CardFilter>,
    ) -> Result<Vec<i64>> {
        card_lists::counts(&mut context.read().await?, keys, filter).await
    }

    async fn charge(context: &LoadContext, keys: &[OpaqueKey<LoadKey<Self>>]) -> Result<()> {
        let keys = keys.iter().map(|OpaqueKey((list, filter))| (*list, filter, &**filter));
        charge_searches(context, keys).await
    }

    fn kind(key: &CardList) -> u8 {
        key.kind() as u8
    }

    fn from_cache(cache: &BoardCache, (list, filter): &LoadKey<Self>) -> Option<i64> {
        cache.count(*list, filter)
    }

    fn to_cache(cache: &BoardCache, (list, filter): &LoadKey<Self>, count: &i64) {
        cache.keep_count(*list, filter, *count);
    }
}

pub(in crate::graphql) struct CardsBeyond;

impl Relation for CardsBeyond {
    type Key = CardList;
    type Parameters = (Arc<CardQuery>, Side);
    type Value = bool;

    async fn fetch(
        context: &LoadContext,
        keys: &[CardList],
        (query, side): &Self::Parameters,
    ) -> Result<Vec<bool>> {
        let mut conn = context.read().await?;
        let CardQuery { filter, order, request, .. } = &**query;
        card_lists::any_beyond(&mut conn, keys, filter, *order, request, *side).await
    }

    async fn charge(context: &LoadContext, keys: &[OpaqueKey<LoadKey<Self>>]) -> Result<()> {
        let keys = keys
            .iter()
            .map(|OpaqueKey((list, parameters))| (*list, parameters, &parameters.0.filter));
        charge_searches(context, keys).await
    }

    fn kind(key: &CardList) -> u8 {
        key.kind() as u8
    }
}

/// The description of a card that was read without it.
pub(in crate::graphql) struct CardTexts;

impl Relation for CardTexts {
    type Key = (BoardAccess, CardId);
    type Parameters = ();
    type Value = Option<Arc<str>>;

    async fn fetch(context: &LoadContext, keys: &[Self::Key], (): &()) -> Result<Vec<Self::Value>> {
        let found = cards::descriptions(&mut context.read().await?, keys).await?;
        Ok(by(keys, |key| key.1, found))
    }
}
