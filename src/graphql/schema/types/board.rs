//! Boards, their columns and their members.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object};

use super::card_list::{card_page, deleted_card_page};
use super::event::event_page;
use super::member::MEMBERS;
use super::{
    BoardColumn, BoardEventEdge, BoardMemberEdge, BoardRole, CardEdge, CardFilter, CardOrder,
    Label, OrderDirection,
};
use crate::domain::{self, BoardId, BoardList, PublicId, Result};
use crate::graphql::context::{ContextExt, NODES, long_text, texts};
use crate::graphql::engine::{EagerList, Pure};
use crate::graphql::schema::directives::{list_size, paged};
use crate::graphql::schema::paging::{
    Connection, CursorKind, List, Listed, MAX_OTHERS, PageArgs, PlainEdge, ValueKind,
};
use crate::graphql::schema::scalars::{DateTime, int};
use crate::store;
use crate::store::access::BoardAccess;
use crate::store::card_lists::CardList;
use crate::store::events::EventList;

/// A Kanban board.
///
/// What was seen under a board keeps it, and what is found by itself comes with it: one answer shows one
/// state of a board, read before anything under it, so that a client which goes on from its version
/// misses nothing.
#[derive(Clone)]
pub(in crate::graphql) struct Board {
    board: Arc<domain::Board>,
    pub(super) access: BoardAccess,
}

impl Board {
    pub(in crate::graphql) fn new(
        (board, access): (impl Into<Arc<domain::Board>>, BoardAccess),
    ) -> Self {
        Self { board: board.into(), access }
    }

    /// A board that the viewer may see; `None` for all others.
    pub(in crate::graphql) async fn find(ctx: &Context<'_>, id: BoardId) -> Result<Option<Self>> {
        let texts = texts(&ctx.look_ahead(), &[&[]], "description");
        let found = ctx.loaders()?.board().load((id, texts)).await?;
        Ok(found.map(Self::new))
    }
}

impl Pure for Board {}

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
    async fn description(&self, ctx: &Context<'_>) -> Result<Cow<'_, str>> {
        let load = async { ctx.loaders()?.board_text().load(self.access).await };
        long_text(self.board.description.as_deref(), load).await
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
    #[graphql(directive = list_size::apply(Some(7), None, None))]
    async fn labels(&self, ctx: &Context<'_>) -> Result<EagerList<Label>> {
        let labels = ctx.loaders()?.board_labels().load(self.access).await?;
        Ok(Label::all(&labels, self))
    }

    /// One entry for each CardColumn, in its order: the whole board in one query.
    #[graphql(directive = list_size::apply(Some(4), None, None))]
    async fn columns(&self) -> EagerList<BoardColumn> {
        let column = |column| BoardColumn { board: self.clone(), column };
        EagerList(domain::CardColumn::ALL.into_iter().map(column).collect())
    }

    /// The board's cards, by default as they stand on the board.
    #[allow(clippy::too_many_arguments)]
    #[graphql(directive = paged::apply())]
    async fn cards(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 0 to 1000; 50 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 1000.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Which cards; all by default.")] filter: Option<CardFilter>,
        #[graphql(desc = "In which order; RANK ASC by default.")] order_by: Option<CardOrder>,
    ) -> Result<Connection<CardEdge>> {
        let list = CardList::on_board(self.access);
        let args = PageArgs { first, after, last, before };
        card_page(ctx, self, list, args, filter, order_by).await
    }

    /// Who may use the board, in the order in which they came.
    #[graphql(directive = paged::apply())]
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 0 to 200; 50 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<BoardMemberEdge>> {
        let args = PageArgs { first, after, last, before };
        let request = Arc::new(args.request(MEMBERS, MAX_OTHERS)?);
        let (loaders, viewer) = (ctx.loaders()?, ctx.viewer()?);
        let page = loaders.member_page().load_as(self.access, Arc::clone(&request));
        let edge = |member: Arc<domain::Member>| BoardMemberEdge::new(viewer, member);
        Connection::load(ctx, List::Members(self.access, request), page, edge).await
    }

    /// What the viewer may do here.
    async fn viewer_role(&self) -> BoardRole {
        self.access.role().into()
    }

    /// The sequence of the board's latest event. Everything under a board in one answer is at least
    /// as new as its version there.
    async fn version(&self) -> i32 {
        int(self.board.version)
    }

    /// When it was deleted; null while it is in use.
    async fn deleted_at(&self) -> Option<DateTime> {
        self.board.deleted_at.map(Into::into)
    }

    /// What happened to the board and everything on it, the latest first. Kept as long as the board.
    #[allow(clippy::too_many_arguments)]
    #[graphql(directive = paged::apply())]
    async fn activity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 0 to 200; 50 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(
            desc = "Only events later than that; with `version`, what a client needs to catch up. All of them are several pages when there are many."
        )]
        after_sequence: Option<i32>,
    ) -> Result<Connection<BoardEventEdge>> {
        let after_sequence = after_sequence.unwrap_or(0).into();
        let list = EventList { board: self.access, card: None, after: after_sequence };
        let args = PageArgs { first, after, last, before };
        event_page(ctx, self, list, args).await
    }

    /// Deleted cards that can still be restored, the latest first; empty for a VIEWER.
    #[graphql(directive = paged::apply())]
    async fn deleted_cards(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 0 to 1000; 50 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 1000.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<CardEdge>> {
        deleted_card_page(ctx, self, PageArgs { first, after, last, before }).await
    }
}

/// A board in a list.
pub(in crate::graphql) type BoardEdge = PlainEdge<Board>;

impl BoardEdge {
    /// The board's edge in the default order.
    pub(in crate::graphql) fn in_use(board: Board) -> Self {
        Self::new(board, BoardList::InUse(domain::BoardOrder::default()))
    }
}

impl Listed for Board {
    type In = BoardList;

    fn cursor(&self, list: BoardList) -> String {
        cursor_kind(list).encode(&store::boards::position(&self.board, list))
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

/// A page of a list of the viewer's boards.
pub(in crate::graphql) type BoardPage = Connection<BoardEdge>;

impl BoardPage {
    /// The boards in use.
    pub(in crate::graphql) async fn in_use(
        ctx: &Context<'_>,
        args: PageArgs,
        order: Option<BoardOrder>,
    ) -> Result<Self> {
        let order = order.map(domain::BoardOrder::from).unwrap_or_default();
        Self::list(ctx, args, BoardList::InUse(order)).await
    }

    /// The boards in the trash.
    pub(in crate::graphql) async fn deleted(ctx: &Context<'_>, args: PageArgs) -> Result<Self> {
        Self::list(ctx, args, BoardList::Deleted).await
    }

    async fn list(ctx: &Context<'_>, args: PageArgs, list: BoardList) -> Result<Self> {
        let request = args.request(cursor_kind(list), MAX_OTHERS)?;
        let loaders = ctx.loaders()?;
        let edge = |seen| BoardEdge::new(Board::new(seen), list);
        let texts = texts(&ctx.look_ahead(), NODES, "description");
        let page = loaders.board_page().load_as(list, (request.clone(), texts));
        Self::load(ctx, List::Boards(list, request), page, edge).await
    }
}

fn cursor_kind(list: BoardList) -> CursorKind {
    let BoardList::InUse(order) = list else {
        let (field, direction) = ("DELETED_AT", domain::Direction::Descending);
        return CursorKind { list: "deletedBoards", field, direction, values: &[ValueKind::Time] };
    };
    let (field, values): (_, &[_]) = match order.field {
        domain::BoardOrderField::CreatedAt => ("CREATED_AT", &[ValueKind::Time]),
        domain::BoardOrderField::UpdatedAt => ("UPDATED_AT", &[ValueKind::Time]),
        domain::BoardOrderField::Title => ("TITLE", &[ValueKind::Text]),
    };
    CursorKind { list: "boards", field, direction: order.direction, values }
}
