//! Lists of cards: filters, orders and paging.

use std::sync::Arc;

use async_graphql::{Context, Enum, InputObject, Lookahead};
use futures_util::future::try_join;

use super::{Board, Card, CardColumn, LabelColor, OrderDirection};
use crate::domain::{self, At, PageRequest, Result, SearchText};
use crate::graphql::context::{ContextExt, NODES, texts};
use crate::graphql::loaders::{CardQuery, Loaders, SharedLabels};
use crate::graphql::schema::paging::{Connection, List, MAX_CARDS, PageArgs, PlainEdge};
use crate::store::card_lists::{CardList, CardListKind, sort};

/// A card in a list.
pub(in crate::graphql) type CardEdge = PlainEdge<Card>;

impl CardEdge {
    /// The edge of a card in the default order of the board's `cards`.
    pub(in crate::graphql) fn on_board(card: Card) -> Self {
        Self::new(card, sort(CardListKind::Board, domain::CardOrder::default()))
    }
}

/// The field by which a list of cards is ordered.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::CardOrderField")]
pub(in crate::graphql) enum CardOrderField {
    /// The order on the board: by column, then by position in the column.
    Rank,
    /// The time when the card was created.
    CreatedAt,
    /// The time of the last change to the card.
    UpdatedAt,
    /// The title, compared case-insensitively.
    Title,
}

/// The order of a list of cards. Cards with equal values are ordered by ID.
#[derive(InputObject)]
pub(in crate::graphql) struct CardOrder {
    /// The field to order by.
    field: CardOrderField,
    /// The direction of the order.
    direction: OrderDirection,
}

impl From<CardOrder> for domain::CardOrder {
    fn from(order: CardOrder) -> Self {
        Self { field: order.field.into(), direction: order.direction.into() }
    }
}

/// Selects the cards of a list that meet all given conditions. An empty list does not filter.
#[derive(InputObject, Default)]
pub(in crate::graphql) struct CardFilter {
    /// Cards in one of these columns.
    columns: Option<Vec<CardColumn>>,
    /// Cards with a label of at least one of these colours.
    labels: Option<Vec<LabelColor>>,
    /// A substring of the title or the description. Both are compared after the mapping NFKC_Casefold of
    /// Unicode: without case and invisible characters, and with é, full-width letters and ligatures
    /// found however they are encoded. %, _ and \ are ordinary characters. At most 500 characters.
    /// Nothing is removed at the ends.
    text: Option<String>,
}

impl CardFilter {
    pub(super) fn parse(self) -> Result<domain::CardFilter> {
        let text = self.text.as_deref().map(SearchText::parse).transpose().at("text")?.flatten();
        Ok(domain::CardFilter {
            columns: self.columns.unwrap_or_default().into_iter().map(Into::into).collect(),
            labels: self.labels.unwrap_or_default().into_iter().map(Into::into).collect(),
            text,
        })
    }
}

/// Loads a page of a list of cards, for all fields that return one.
pub(super) async fn card_page(
    ctx: &Context<'_>,
    board: &Board,
    list: CardList,
    args: PageArgs,
    filter: Option<CardFilter>,
    order: Option<CardOrder>,
) -> Result<Connection<CardEdge>> {
    let order = order.map(domain::CardOrder::from).unwrap_or_default();
    let filter = Arc::new(filter.unwrap_or_default().parse().at("filter")?);
    let sort = sort(list.kind(), order);
    let query = Arc::new(CardQuery {
        request: args.request(sort, MAX_CARDS)?,
        with_labels: selects_labels(&ctx.look_ahead()),
        texts: texts(&ctx.look_ahead(), NODES, "description"),
        order,
    });
    let loaders = ctx.loaders()?;
    let page = loaders.cards().page(list, Arc::clone(&filter), Arc::clone(&query));
    let labels = board_labels(&loaders, board, &query);
    let edges = async {
        let (page, labels) = try_join(page, labels).await?;
        let card = |loaded| Card::loaded(loaded, board, labels.clone());
        Ok((*page).clone().map(|loaded| CardEdge::new(card(loaded), sort)))
    };
    Connection::of_edges(ctx, List::Cards(list, filter, Arc::clone(&query)), edges).await
}

/// The first `limit` cards of a column, in their order.
pub(super) async fn cards_of_column(
    ctx: &Context<'_>,
    board: &Board,
    column: domain::CardColumn,
    limit: usize,
) -> Result<Vec<Card>> {
    let query = Arc::new(CardQuery {
        request: PageRequest { limit, backward: false, after: None, before: None },
        with_labels: ctx.look_ahead().field("labels").exists(),
        texts: texts(&ctx.look_ahead(), &[&[]], "description"),
        order: domain::CardOrder::default(),
    });
    let loaders = ctx.loaders()?;
    let list = CardList::in_column(board.access, column);
    let page = loaders.cards().page(list, Arc::default(), Arc::clone(&query));
    let (page, labels) = try_join(page, board_labels(&loaders, board, &query)).await?;
    let cards = page.items.iter().cloned();
    Ok(cards.map(|loaded| Card::loaded(loaded, board, labels.clone())).collect())
}

/// The labels of the board, if the cards are loaded with their labels.
async fn board_labels(
    loaders: &Loaders,
    board: &Board,
    query: &CardQuery,
) -> Result<Option<SharedLabels>> {
    if query.with_labels {
        return loaders.board_labels().load(board.access).await.map(Some);
    }
    Ok(None)
}

/// Loads a page of the cards in a board's trash; empty if the viewer may not see the trash.
pub(super) async fn deleted_card_page(
    ctx: &Context<'_>,
    board: &Board,
    args: PageArgs,
) -> Result<Connection<CardEdge>> {
    if let Some(list) = CardList::in_trash(board.access) {
        return card_page(ctx, board, list, args, None, None).await;
    }
    let sort = sort(CardListKind::Trash, domain::CardOrder::default());
    args.request(sort, MAX_CARDS).map(|_| Connection::empty())
}

fn selects_labels(page: &Lookahead<'_>) -> bool {
    page.field("nodes").field("labels").exists()
        || page.field("edges").field("node").field("labels").exists()
}
