//! Boards, their columns and their members.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object};

use super::card::card_page;
use super::member::MEMBERS;
use super::{BoardColumn, BoardMemberEdge, CardEdge, CardFilter, CardOrder, Label, OrderDirection};
use crate::domain::{self, BoardId, Error, PublicId, Result};
use crate::graphql::context::ContextExt;
use crate::graphql::paging::{
    Connection, Count, CursorKind, Edge, MAX_OTHERS, PageArgs, ValueKind,
};
use crate::graphql::scalars::DateTime;
use crate::store;
use crate::store::access::BoardAccess;
use crate::store::cards::CardList;

/// A Kanban board.
#[derive(Clone)]
pub(in crate::graphql) struct Board {
    board: Arc<domain::Board>,
    pub(super) access: BoardAccess,
}

impl Board {
    pub(in crate::graphql) fn new(
        board: impl Into<Arc<domain::Board>>,
        access: BoardAccess,
    ) -> Self {
        Self { board: board.into(), access }
    }

    /// A board that the viewer may see; `None` for all others.
    pub(in crate::graphql) async fn find(ctx: &Context<'_>, id: BoardId) -> Result<Option<Self>> {
        let found = ctx.loaders()?.board.load(id).await?;
        Ok(found.map(|(board, access)| Self { board, access }))
    }

    /// A board that must be there, since something on it has just been seen.
    pub(in crate::graphql) async fn load(ctx: &Context<'_>, id: BoardId) -> Result<Self> {
        Self::find(ctx, id).await?.ok_or_else(|| Error::not_found("board"))
    }
}

/// A Kanban board.
#[Object]
impl Board {
    /// Opaque.
    pub(in crate::graphql) async fn id(&self) -> ID {
        self.board.id.to_public().into()
    }

    /// Its title.
    async fn title(&self) -> &str {
        &self.board.title
    }

    /// What it is about, in Markdown, as it was written; may be empty.
    async fn description(&self) -> &str {
        &self.board.description
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.board.created_at.into()
    }

    /// Moves with every change of the board or of anything on it.
    async fn updated_at(&self) -> DateTime {
        self.board.updated_at.into()
    }

    /// The board's labels, at most one of each colour, in the order of LabelColor.
    async fn labels(&self, ctx: &Context<'_>) -> Result<Vec<Label>> {
        let labels = ctx.loaders()?.board_labels.load(self.access).await?;
        Ok(Label::all(&labels, self.access))
    }

    /// One entry for each CardColumn, in its order: the whole board in one query.
    async fn columns(&self) -> Vec<BoardColumn> {
        let column = |column| BoardColumn { access: self.access, column };
        domain::CardColumn::ALL.into_iter().map(column).collect()
    }

    /// The board's cards, by default as they stand on the board.
    #[allow(clippy::too_many_arguments)]
    async fn cards(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 1000; 50 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 1000.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Which cards; all by default.")] filter: Option<CardFilter>,
        #[graphql(desc = "In which order; RANK ASC by default.")] order_by: Option<CardOrder>,
    ) -> Result<Connection<CardEdge>> {
        let list = CardList { board: self.access, column: None };
        card_page(ctx, list, PageArgs { first, after, last, before }, filter, order_by).await
    }

    /// Who may use the board, in the order in which they came.
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 200; 50 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<BoardMemberEdge>> {
        let args = PageArgs { first, after, last, before };
        let request = args.request(MEMBERS, MAX_OTHERS)?;
        let page = ctx.loaders()?.member_page.load((self.access, Arc::new(request))).await?;
        let viewer = ctx.viewer()?;
        let edge = |member: Arc<domain::Member>| BoardMemberEdge::new(viewer, member);
        Ok(Connection::new((*page).clone().map(edge), Count::Members(self.access)))
    }
}

/// A board in a list.
pub(in crate::graphql) struct BoardEdge {
    board: Board,
    order: domain::BoardOrder,
}

impl BoardEdge {
    /// The board's edge in a list of the default order.
    pub(in crate::graphql) fn new(board: Board) -> Self {
        Self { board, order: domain::BoardOrder::default() }
    }
}

/// A board in a list.
#[Object]
impl BoardEdge {
    /// The board's place in the list, for `after` and `before`.
    async fn cursor(&self) -> String {
        Edge::cursor(self)
    }

    /// The board.
    async fn node(&self) -> &Board {
        &self.board
    }
}

impl Edge for BoardEdge {
    type Node = Board;

    fn node(&self) -> &Board {
        &self.board
    }

    fn cursor(&self) -> String {
        cursor_kind(self.order).encode(&store::boards::position(&self.board.board, self.order))
    }
}

/// What a list of boards is ordered by.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::BoardOrderField")]
pub(in crate::graphql) enum BoardOrderField {
    /// By the time it was made.
    CreatedAt,
    /// By the time of the last change of the board or of anything on it.
    UpdatedAt,
    /// By title, without case.
    Title,
}

/// The order of a list of boards; ties break by id.
#[derive(InputObject)]
pub(in crate::graphql) struct BoardOrder {
    /// By what.
    field: BoardOrderField,
    /// Which way.
    direction: OrderDirection,
}

impl From<BoardOrder> for domain::BoardOrder {
    fn from(order: BoardOrder) -> Self {
        Self { field: order.field.into(), direction: order.direction.into() }
    }
}

/// A page of the viewer's boards.
pub(in crate::graphql) type BoardPage = Connection<BoardEdge>;

impl BoardPage {
    pub(in crate::graphql) async fn load(
        ctx: &Context<'_>,
        args: PageArgs,
        order: Option<BoardOrder>,
    ) -> Result<Self> {
        let order = order.map(domain::BoardOrder::from).unwrap_or_default();
        let request = args.request(cursor_kind(order), MAX_OTHERS)?;
        let page = ctx.loaders()?.board_page.load((order, request)).await?;
        let edge = |(board, access)| BoardEdge { board: Board { board, access }, order };
        Ok(Connection::new((*page).clone().map(edge), Count::Boards))
    }
}

fn cursor_kind(order: domain::BoardOrder) -> CursorKind {
    let (field, value) = match order.field {
        domain::BoardOrderField::CreatedAt => ("CREATED_AT", ValueKind::Time),
        domain::BoardOrderField::UpdatedAt => ("UPDATED_AT", ValueKind::Time),
        domain::BoardOrderField::Title => ("TITLE", ValueKind::Text),
    };
    CursorKind { list: "boards", field, direction: order.direction, value }
}
