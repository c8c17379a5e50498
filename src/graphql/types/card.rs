//! Cards, and how lists of them are filtered and ordered.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Lookahead, Object};

use super::{Board, Label, LabelColor, OrderDirection};
use crate::domain::{self, At, PublicId, Result, SearchText};
use crate::graphql::context::ContextExt;
use crate::graphql::loaders::{CardQuery, LoadedCard};
use crate::graphql::paging::{Connection, Count, CursorKind, Edge, MAX_CARDS, PageArgs, ValueKind};
use crate::graphql::scalars::DateTime;
use crate::store;
use crate::store::access::BoardAccess;
use crate::store::cards::CardList;

/// The columns of every board, in their order.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::CardColumn")]
pub(in crate::graphql) enum CardColumn {
    /// Thought of, not planned. New cards stand here unless they say otherwise.
    Backlog,
    /// Planned.
    Todo,
    /// Being done.
    Doing,
    /// Done.
    Done,
}

/// A card on a board.
#[derive(Clone)]
pub(in crate::graphql) struct Card {
    card: Arc<domain::Card>,
    access: BoardAccess,
    labels: Option<Arc<Vec<Arc<domain::Label>>>>,
}

impl Card {
    pub(in crate::graphql) fn new(card: impl Into<Arc<domain::Card>>, access: BoardAccess) -> Self {
        Self { card: card.into(), access, labels: None }
    }
}

/// A card on a board.
#[Object]
impl Card {
    /// Opaque.
    pub(in crate::graphql) async fn id(&self) -> ID {
        self.card.id.to_public().into()
    }

    /// What is to do, in one line.
    async fn title(&self) -> &str {
        &self.card.title
    }

    /// More about it, in Markdown, as it was written; may be empty.
    async fn description(&self) -> &str {
        &self.card.description
    }

    /// The column it stands in.
    async fn column(&self) -> CardColumn {
        self.card.column.into()
    }

    /// The board it is on.
    async fn board(&self, ctx: &Context<'_>) -> Result<Board> {
        Board::load(ctx, self.access.board_id()).await
    }

    /// The labels it bears, in the order of LabelColor.
    async fn labels(&self, ctx: &Context<'_>) -> Result<Vec<Label>> {
        if let Some(labels) = &self.labels {
            return Ok(Label::all(labels, self.access));
        }
        let labels = ctx.loaders()?.card_labels.load((self.access, self.card.id)).await?;
        Ok(Label::all(&labels, self.access))
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.card.created_at.into()
    }

    /// When its text, column or labels last changed.
    async fn updated_at(&self) -> DateTime {
        self.card.updated_at.into()
    }
}

/// A card in a list.
pub(in crate::graphql) struct CardEdge {
    card: Card,
    order: domain::CardOrder,
}

impl CardEdge {
    /// The card's edge in a list of the default order.
    pub(in crate::graphql) fn new(card: Card) -> Self {
        Self { card, order: domain::CardOrder::default() }
    }
}

/// A card in a list.
#[Object]
impl CardEdge {
    /// The card's place in the list, for `after` and `before`.
    async fn cursor(&self) -> String {
        Edge::cursor(self)
    }

    /// The card.
    async fn node(&self) -> &Card {
        &self.card
    }
}

impl Edge for CardEdge {
    type Node = Card;

    fn node(&self) -> &Card {
        &self.card
    }

    fn cursor(&self) -> String {
        cursor_kind(self.order).encode(&store::cards::position(&self.card.card, self.order))
    }
}

/// What a list of cards is ordered by.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::CardOrderField")]
pub(in crate::graphql) enum CardOrderField {
    /// As on the board: by column, then by place in the column.
    Rank,
    /// By the time it was made.
    CreatedAt,
    /// By the time of its last change.
    UpdatedAt,
    /// By title, without case.
    Title,
}

/// The order of a list of cards; ties break by id.
#[derive(InputObject)]
pub(in crate::graphql) struct CardOrder {
    /// By what.
    field: CardOrderField,
    /// Which way.
    direction: OrderDirection,
}

impl From<CardOrder> for domain::CardOrder {
    fn from(order: CardOrder) -> Self {
        Self { field: order.field.into(), direction: order.direction.into() }
    }
}

/// Which cards of a list are wanted: those that meet every condition given. An empty list does
/// not filter.
#[derive(InputObject, Default)]
pub(in crate::graphql) struct CardFilter {
    /// Cards in one of these columns.
    columns: Option<Vec<CardColumn>>,
    /// Cards that bear at least one of these colours.
    labels: Option<Vec<LabelColor>>,
    /// Case-insensitive substring of the title or the description; %, _ and \ mean themselves. At
    /// most 500 characters.
    text: Option<String>,
}

impl CardFilter {
    fn parse(self) -> Result<domain::CardFilter> {
        let text = self.text.as_deref().map(SearchText::parse).transpose().at("text")?.flatten();
        Ok(domain::CardFilter {
            columns: self.columns.unwrap_or_default().into_iter().map(Into::into).collect(),
            labels: self.labels.unwrap_or_default().into_iter().map(Into::into).collect(),
            text,
        })
    }
}

/// A page of a list of cards: what every field of that kind does.
pub(super) async fn card_page(
    ctx: &Context<'_>,
    list: CardList,
    args: PageArgs,
    filter: Option<CardFilter>,
    order: Option<CardOrder>,
) -> Result<Connection<CardEdge>> {
    let order = order.map(domain::CardOrder::from).unwrap_or_default();
    let filter = filter.unwrap_or_default().parse().at("filter")?;
    let query = CardQuery {
        request: args.request(cursor_kind(order), MAX_CARDS)?,
        with_labels: selects_labels(&ctx.look_ahead()),
        filter: filter.clone(),
        order,
    };
    let page = ctx.loaders()?.card_page.load((list, Arc::new(query))).await?;
    let edge = |loaded: LoadedCard| {
        let card = Card { card: loaded.card, access: list.board, labels: loaded.labels };
        CardEdge { card, order }
    };
    Ok(Connection::new((*page).clone().map(edge), Count::Cards(list, filter)))
}

fn selects_labels(page: &Lookahead<'_>) -> bool {
    page.field("nodes").field("labels").exists()
        || page.field("edges").field("node").field("labels").exists()
}

fn cursor_kind(order: domain::CardOrder) -> CursorKind {
    let (field, value) = match order.field {
        domain::CardOrderField::Rank => ("RANK", ValueKind::Number),
        domain::CardOrderField::CreatedAt => ("CREATED_AT", ValueKind::Time),
        domain::CardOrderField::UpdatedAt => ("UPDATED_AT", ValueKind::Time),
        domain::CardOrderField::Title => ("TITLE", ValueKind::Text),
    };
    CursorKind { list: "cards", field, direction: order.direction, value }
}
