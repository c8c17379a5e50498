//! Boards and lists of boards.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::{Context, ID, Object};

use super::card_list::{card_page, deleted_card_page};
use super::event::event_page;
use super::{
    BoardColumn, BoardEventEdge, BoardMemberEdge, BoardRole, CardEdge, CardFilter, CardOrder,
    Label, User,
};
use crate::domain::{self, BoardId, PublicId, Result};
use crate::graphql::context::{ContextExt, Nullable, long_text, row, texts};
use crate::graphql::engine::{EagerList, EagerObject, Pure};
use crate::graphql::schema::directives::{list_size, paged};
use crate::graphql::schema::paging::{Connection, List, Listed, MAX_OTHERS, PageArgs};
use crate::graphql::schema::scalars::{DateTime, int};
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
    fn title(&self) -> &str {
        &self.board.title
    }

    /// The description in Markdown, as it was written; may be empty.
    async fn description(&self, ctx: &Context<'_>) -> Result<Cow<'_, str>> {
        let load = async { ctx.loaders()?.board_text().load(self.access).await };
        long_text(self.board.description.as_deref(), load).await
    }

    /// The time when the board was created.
    fn created_at(&self) -> DateTime {
        self.board.created_at.into()
    }

    /// The user who created the board; null if the account was deleted.
    async fn created_by(&self, ctx: &Context<'_>) -> Nullable<EagerObject<User>> {
        row(User::actor(ctx, self.board.created_by).await)
    }

    /// The time of the last change to the board or to anything on it.
    fn updated_at(&self) -> DateTime {
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
    fn columns(&self) -> EagerList<BoardColumn> {
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
        let page = loaders.members().page(self.access, (), Arc::clone(&request));
        Connection::load(ctx, List::Members(self.access, request), page, BoardMemberEdge::new).await
    }

    /// The viewer's role on the board.
    fn viewer_role(&self) -> BoardRole {
        self.access.role().into()
    }

    /// The sequence number of the latest event of the board. Everything below a board in one response is
    /// at least as new as this version.
    fn version(&self) -> i32 {
        int(self.board.version)
    }

    /// The time when the board was deleted; null if it is not deleted.
    fn deleted_at(&self) -> Option<DateTime> {
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

impl Listed for Board {
    type Entity = domain::Board;

    fn entity(&self) -> &domain::Board {
        &self.board
    }
}
