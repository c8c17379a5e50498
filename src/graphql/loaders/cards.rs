//! Cards and pages of cards.

use std::collections::HashSet;
use std::sync::Arc;

use super::boards::{SharedBoard, shared_board};
use super::cache::{CacheKey, key_of_cards};
use super::card_updates::updated_pages;
use super::lists::Lists;
use super::load_context::LoadContext;
use super::relation::{Relation, by, split_texts};
use super::search::SearchedTexts;
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

/// Lists of cards: of boards, columns and the trash.
pub(in crate::graphql) struct CardLists;

impl Lists for CardLists {
    type Parent = CardList;
    type Filter = Arc<CardFilter>;
    type Page = Arc<CardQuery>;
    type Row = LoadedCard;

    async fn pages(
        context: &LoadContext,
        lists: &[CardList],
        filter: &Arc<CardFilter>,
        query: &Arc<CardQuery>,
    ) -> Result<Vec<Page<LoadedCard>>> {
        if let Some(pages) = updated_pages(context, lists, filter, query).await? {
            return Ok(pages);
        }
        let mut conn = context.read().await?;
        let CardQuery { order, request, texts, .. } = &**query;
        let found = card_lists::list(&mut conn, lists, filter, *order, request, *texts).await?;
        let labels = if query.with_labels {
            Some(label_pairs(&mut conn, lists, &found, filter).await?)
        } else {
            None
        };
        let loaded = |card: Card| LoadedCard {
            labels: labels.as_ref().map(|labels| labels.of(card.id)),
            card: Arc::new(card),
        };
        Ok(found.into_iter().map(|page| page.map(loaded)).collect())
    }

    async fn counts(
        context: &LoadContext,
        lists: &[CardList],
        filter: &Arc<CardFilter>,
    ) -> Result<Vec<i64>> {
        card_lists::counts(&mut context.read().await?, lists, filter).await
    }

    async fn any_beyond(
        context: &LoadContext,
        lists: &[CardList],
        filter: &Arc<CardFilter>,
        query: &Arc<CardQuery>,
        side: Side,
    ) -> Result<Vec<bool>> {
        let mut conn = context.read().await?;
        let CardQuery { order, request, .. } = &**query;
        card_lists::any_beyond(&mut conn, lists, filter, *order, request, side).await
    }

    fn kind(list: &CardList) -> u8 {
        list.kind() as u8
    }

    fn searched(list: &CardList, filter: &Arc<CardFilter>) -> Option<SearchedTexts> {
        filter.text.is_some().then(|| SearchedTexts::Cards(list.board()))
    }

    /// Results of searches are not kept, because stored texts are folded anew at times.
    fn cache_key(
        list: &CardList,
        filter: &Arc<CardFilter>,
        query: Option<&Arc<CardQuery>>,
    ) -> Option<CacheKey> {
        filter.text.is_none().then(|| key_of_cards(*list, filter, query))
    }

    fn bytes(card: &LoadedCard) -> usize {
        card.bytes()
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
