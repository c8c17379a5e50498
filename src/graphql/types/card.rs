//! Cards, and how lists of them are filtered and ordered.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Lookahead, Object};

use super::comment::{COMMENTS, CommentEdge};
use super::event::{BoardEventEdge, event_page};
use super::{Board, Label, LabelColor, OnBoard, OrderDirection};
use crate::domain::{self, At, Direction, PublicId, Result, SearchText};
use crate::graphql::context::ContextExt;
use crate::graphql::loaders::{CardQuery, LoadedCard};
use crate::graphql::paging::{
    Connection, Count, CursorKind, Edge, MAX_CARDS, MAX_OTHERS, PageArgs, ValueKind,
};
use crate::graphql::scalars::{DateTime, int};
use crate::store;
use crate::store::cards::{CardList, CardListKind};
use crate::store::events::EventList;

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
    pub(super) on: OnBoard,
    labels: Option<Arc<Vec<Arc<domain::Label>>>>,
}

impl Card {
    pub(in crate::graphql) fn new(
        card: impl Into<Arc<domain::Card>>,
        on: impl Into<OnBoard>,
    ) -> Self {
        Self { card: card.into(), on: on.into(), labels: None }
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
        self.on.load(ctx).await
    }

    /// The labels it bears, in the order of LabelColor.
    async fn labels(&self, ctx: &Context<'_>) -> Result<Vec<Label>> {
        if let Some(labels) = &self.labels {
            return Ok(Label::all(labels, &self.on));
        }
        let labels = ctx.loaders()?.card_labels.load((self.on.access(), self.card.id)).await?;
        Ok(Label::all(&labels, &self.on))
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.card.created_at.into()
    }

    /// When its text, column, rank or labels last changed.
    async fn updated_at(&self) -> DateTime {
        self.card.updated_at.into()
    }

    /// Where it stands in its column: compare ranks as plain ASCII strings. Set by the server alone.
    async fn rank(&self) -> &str {
        self.card.rank.as_str()
    }

    /// The board's version at the latest change of the card's text, column, rank or labels (not its
    /// comments); for `expectedVersion`.
    async fn version(&self) -> i32 {
        int(self.card.version)
    }

    /// When it was deleted; null while it is on the board.
    async fn deleted_at(&self) -> Option<DateTime> {
        self.card.deleted_at.map(Into::into)
    }

    /// What people say about it, the oldest comment first.
    async fn comments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 200; 50 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<CommentEdge>> {
        let request = PageArgs { first, after, last, before }.request(COMMENTS, MAX_OTHERS)?;
        let (access, card) = (self.on.access(), self.card.id);
        let loaders = ctx.loaders()?;
        let page = loaders.comment_page.load(((access, card), Arc::new(request)));
        let edge = |comment| CommentEdge::under(self.clone(), comment);
        Connection::load(ctx, Count::Comments(access, card), page, edge).await
    }

    /// What happened to it, the latest first.
    async fn activity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 200; 50 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<BoardEventEdge>> {
        let list = EventList { board: self.on.access(), card: Some(self.card.id), after: 0 };
        event_page(ctx, &self.on, list, PageArgs { first, after, last, before }).await
    }
}

/// A card in a list.
pub(in crate::graphql) struct CardEdge {
    card: Card,
    kind: CardListKind,
    order: domain::CardOrder,
}

impl CardEdge {
    /// The card's edge among the board's cards in the default order.
    pub(in crate::graphql) fn new(card: Card) -> Self {
        Self { card, kind: CardListKind::Board, order: domain::CardOrder::default() }
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
        let place = store::cards::position(&self.card.card, self.kind, self.order);
        cursor_kind(self.kind, self.order).encode(&place)
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
    board: &Board,
    list: CardList,
    args: PageArgs,
    filter: Option<CardFilter>,
    order: Option<CardOrder>,
) -> Result<Connection<CardEdge>> {
    let order = order.map(domain::CardOrder::from).unwrap_or_default();
    let filter = filter.unwrap_or_default().parse().at("filter")?;
    let query = CardQuery {
        request: args.request(cursor_kind(list.kind(), order), MAX_CARDS)?,
        with_labels: selects_labels(&ctx.look_ahead()),
        filter: filter.clone(),
        order,
    };
    let loaders = ctx.loaders()?;
    let page = loaders.card_page.load((list, Arc::new(query)));
    let edge = |loaded: LoadedCard| {
        let card = Card { card: loaded.card, on: board.clone().into(), labels: loaded.labels };
        CardEdge { card, kind: list.kind(), order }
    };
    Connection::load(ctx, Count::Cards(list, filter), page, edge).await
}

/// A page of the cards in a board's trash, which is empty for those who may not see it.
pub(super) async fn deleted_card_page(
    ctx: &Context<'_>,
    board: &Board,
    args: PageArgs,
) -> Result<Connection<CardEdge>> {
    if let Some(list) = CardList::in_trash(board.access) {
        return card_page(ctx, board, list, args, None, None).await;
    }
    let kind = cursor_kind(CardListKind::Trash, domain::CardOrder::default());
    args.request(kind, MAX_CARDS).map(|_| Connection::empty())
}

fn selects_labels(page: &Lookahead<'_>) -> bool {
    page.field("nodes").field("labels").exists()
        || page.field("edges").field("node").field("labels").exists()
}

fn cursor_kind(kind: CardListKind, order: domain::CardOrder) -> CursorKind {
    if kind == CardListKind::Trash {
        let (field, direction) = ("DELETED_AT", Direction::Descending);
        return CursorKind { list: "deletedCards", field, direction, values: &[ValueKind::Time] };
    }
    let (field, values): (_, &[_]) = match order.field {
        domain::CardOrderField::Rank => ("RANK", &[ValueKind::Number, ValueKind::Text]),
        domain::CardOrderField::CreatedAt => ("CREATED_AT", &[ValueKind::Time]),
        domain::CardOrderField::UpdatedAt => ("UPDATED_AT", &[ValueKind::Time]),
        domain::CardOrderField::Title => ("TITLE", &[ValueKind::Text]),
    };
    CursorKind { list: "cards", field, direction: order.direction, values }
}
