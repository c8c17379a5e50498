//! Boards and lists of boards.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object};

use super::card_list::{card_page, deleted_card_page};
use super::event::event_page;
use super::{
    BoardColumn, BoardEventEdge, BoardMemberEdge, BoardRole, CardEdge, CardFilter, CardOrder,
    Label, OrderDirection,
};
use crate::domain::{self, BoardId, BoardList, PublicId, Result};
use crate::graphql::context::{ContextExt, NODES, long_text, texts};
use crate::graphql::engine::{EagerList, Pure};
use crate::graphql::schema::directives::{list_size, paged};
use crate::graphql::schema::paging::{Connection, List, Listed, MAX_OTHERS, PageArgs, PlainEdge};
use crate::graphql::schema::scalars::{DateTime, int};
use crate::store;
use crate::store::access::BoardAccess;
use crate::store::card_lists::CardList;
use crate::store::events::EventList;
use crate::store::members::BY_SINCE;

/// A Kanban board.
///
/// Objects that are reached through a board keep a reference to it, and objects that are found by their
/// own ID are loaded together with their board. So a response shows one state of a board, read before
/// everything below it, and a client that catches up from its `version` misses no event.
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

    /// Finds a board; `None` if the viewer may not see it.
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
    /// The opaque ID of the board.
    pub(in crate::graphql) async fn id(&self) -> ID {
        self.board.id.to_public().into()
    }

    /// The title of the board.
    async fn title(&self) -> &str {
        &self.board.title
    }

    /// The description in Markdown, as it was written; may be empty.
    async fn description(&self, ctx: &Context<'_>) -> Result<Cow<'_, str>> {
        let load = async { ctx.loaders()?.board_text().load(self.access).await };
        long_text(self.board.description.as_deref(), load).await
    }

    /// The time when the board was created.
    async fn created_at(&self) -> DateTime {
        self.board.created_at.into()
    }

    /// The time of the last change to the board or to anything on it.
    async fn updated_at(&self) -> DateTime {
        self.board.updated_at.into()
    }

    /// The labels of the board, at most one of each colour, in the order of LabelColor.
    #[graphql(directive = list_size::apply(Some(7), None, None))]
    async fn labels(&self, ctx: &Context<'_>) -> Result<EagerList<Label>> {
        let labels = ctx.loaders()?.board_labels().load(self.access).await?;
        Ok(Label::all(labels.iter(), self))
    }

    /// One entry for each CardColumn, in its order. Use it to read the whole board in one query.
    #[graphql(directive = list_size::apply(Some(4), None, None))]
    async fn columns(&self) -> EagerList<BoardColumn> {
        let column = |column| BoardColumn { board: self.clone(), column };
        EagerList(domain::CardColumn::ALL.into_iter().map(column).collect())
    }

    /// The cards of the board, by default in the order of the board (RANK ASC).
    #[allow(clippy::too_many_arguments)]
    #[graphql(directive = paged::apply())]
    async fn cards(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first n entries, 0 to 1000; 50 if neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last n entries, 0 to 1000.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
        #[graphql(desc = "The cards to return; all by default.")] filter: Option<CardFilter>,
        #[graphql(desc = "The order; RANK ASC by default.")] order_by: Option<CardOrder>,
    ) -> Result<Connection<CardEdge>> {
        let list = CardList::on_board(self.access);
        let args = PageArgs { first, after, last, before };
        card_page(ctx, self, list, args, filter, order_by).await
    }

    /// The members of the board, in the order in which they joined.
    #[graphql(directive = paged::apply())]
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first n entries, 0 to 200; 50 if neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last n entries, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Connection<BoardMemberEdge>> {
        let args = PageArgs { first, after, last, before };
        let request = Arc::new(args.request(BY_SINCE, MAX_OTHERS)?);
        let loaders = ctx.loaders()?;
        let page = loaders.member_page().load_as(self.access, Arc::clone(&request));
        Connection::load(ctx, List::Members(self.access, request), page, BoardMemberEdge::new).await
    }

    /// The viewer's role on the board.
    async fn viewer_role(&self) -> BoardRole {
        self.access.role().into()
    }

    /// The sequence number of the latest event of the board. Everything below a board in one response is
    /// at least as new as this version.
    async fn version(&self) -> i32 {
        int(self.board.version)
    }

    /// The time when the board was deleted; null if it is not deleted.
    async fn deleted_at(&self) -> Option<DateTime> {
        self.board.deleted_at.map(Into::into)
    }

    /// The events of the board and of everything on it, latest first. They are kept as long as the board
    /// exists.
    #[allow(clippy::too_many_arguments)]
    #[graphql(directive = paged::apply())]
    async fn activity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first n entries, 0 to 200; 50 if neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last n entries, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
        #[graphql(
            desc = "Only events with a higher sequence number. A client passes the last `version` that it has seen to catch up. If there are many events, they take several pages."
        )]
        after_sequence: Option<i32>,
    ) -> Result<Connection<BoardEventEdge>> {
        let after_sequence = after_sequence.unwrap_or(0).into();
        let list = EventList { board: self.access, card: None, after: after_sequence };
        let args = PageArgs { first, after, last, before };
        event_page(ctx, self, list, args).await
    }

    /// Deleted cards that can still be restored, most recently deleted first; empty for a VIEWER.
    #[graphql(directive = paged::apply())]
    async fn deleted_cards(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first n entries, 0 to 1000; 50 if neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last n entries, 0 to 1000.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Connection<CardEdge>> {
        deleted_card_page(ctx, self, PageArgs { first, after, last, before }).await
    }
}

/// A board in a list.
pub(in crate::graphql) type BoardEdge = PlainEdge<Board>;

impl BoardEdge {
    /// The edge of a board in the default order of `boards`.
    pub(in crate::graphql) fn in_use(board: Board) -> Self {
        Self::new(board, store::boards::sort(BoardList::InUse(domain::BoardOrder::default())))
    }
}

impl Listed for Board {
    type Entity = domain::Board;

    fn entity(&self) -> &domain::Board {
        &self.board
    }
}

/// The field by which a list of boards is ordered.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::BoardOrderField")]
pub(in crate::graphql) enum BoardOrderField {
    /// The time when the board was created.
    CreatedAt,
    /// The time of the last change to the board or to anything on it.
    UpdatedAt,
    /// The title, compared case-insensitively.
    Title,
}

/// The order of a list of boards. Boards with equal values are ordered by ID.
#[derive(InputObject)]
pub(in crate::graphql) struct BoardOrder {
    /// The field to order by.
    field: BoardOrderField,
    /// The direction of the order.
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
    /// Boards that are not deleted.
    pub(in crate::graphql) async fn in_use(
        ctx: &Context<'_>,
        args: PageArgs,
        order: Option<BoardOrder>,
    ) -> Result<Self> {
        let order = order.map(domain::BoardOrder::from).unwrap_or_default();
        Self::list(ctx, args, BoardList::InUse(order)).await
    }

    /// Boards in the trash.
    pub(in crate::graphql) async fn deleted(ctx: &Context<'_>, args: PageArgs) -> Result<Self> {
        Self::list(ctx, args, BoardList::Deleted).await
    }

    async fn list(ctx: &Context<'_>, args: PageArgs, list: BoardList) -> Result<Self> {
        let sort = store::boards::sort(list);
        let request = args.request(sort, MAX_OTHERS)?;
        let loaders = ctx.loaders()?;
        let edge = |seen| BoardEdge::new(Board::new(seen), sort);
        let texts = texts(&ctx.look_ahead(), NODES, "description");
        let page = loaders.board_page().load_as(list, (request.clone(), texts));
        Self::load(ctx, List::Boards(list, request), page, edge).await
    }
}
