//! The query root.

use async_graphql::{Context, ID, Object};
use futures_util::future::try_join_all;

use super::directives::{list_size, names, paged};
use super::guard::LoggedIn;
use super::inputs::limited;
use super::paging::{Connection, MAX_OTHERS, PageArgs};
use super::types::{
    Board, BoardColumn, BoardFilter, BoardOrder, BoardPage, Card, CardEdge, CardFilter, CardOrder,
    Comment, Label, Node, Session, SessionEdge, User, session_page, viewer_card_page,
};
use crate::domain::{
    At, BoardId, CardId, CommentId, EmailKey, Error, LabelId, PublicId, Result, SessionId, UserId,
};
use crate::graphql::context::{ContextExt, Nullable, row, texts};
use crate::graphql::engine::{EagerObject, NullableList};
use crate::service::sharing::count_look_up;

/// The query root.
pub(in crate::graphql) struct Query;

/// The query root. Every field requires an access token.
#[Object(guard = "LoggedIn")]
impl Query {
    /// The account that the access token belongs to.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<EagerObject<User>> {
        let viewer = ctx.viewer()?;
        let user = ctx.loaders()?.user().load(viewer.id).await?.ok_or(Error::Unauthenticated)?;
        Ok(EagerObject(User::new(user)))
    }

    /// Finds a Node by its ID; null if it does not exist or the viewer may not see it.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The value of the field `id` of a Node.")] id: ID,
    ) -> Nullable<EagerObject<Node>> {
        row(find(ctx, &id).await)
    }

    /// Finds several Nodes by their IDs, in the same order, with null for each one that does not exist or
    /// that the viewer may not see. At most 200 IDs.
    #[graphql(directive = list_size::apply(None, Some(names(["ids"])), None))]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 200 values of the field `id` of Nodes.")] ids: Vec<ID>,
    ) -> Result<NullableList<Node>> {
        limited(&ids, MAX_OTHERS).at("ids")?;
        Ok(NullableList(try_join_all(ids.iter().map(|id| find(ctx, id))).await?))
    }

    /// The boards that the viewer is a member of, newest first by default.
    #[allow(clippy::too_many_arguments)]
    #[graphql(directive = paged::apply())]
    async fn boards(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first n entries, 0 to 200; 50 if neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last n entries, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
        #[graphql(desc = "The boards to return; all by default.")] filter: Option<BoardFilter>,
        #[graphql(desc = "The order; CREATED_AT DESC by default.")] order_by: Option<BoardOrder>,
    ) -> Result<BoardPage> {
        BoardPage::in_use(ctx, PageArgs { first, after, last, before }, filter, order_by).await
    }

    /// The cards of all boards that the viewer is a member of, or of some of them, without the trash; the most
    /// recently changed first by default.
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
        #[graphql(
            desc = "At most 200 IDs of boards; cards of all boards by default, and if the list is empty. Boards that the viewer may not see have no cards."
        )]
        board_ids: Option<Vec<ID>>,
        #[graphql(desc = "The cards to return; all by default.")] filter: Option<CardFilter>,
        #[graphql(
            desc = "The order; UPDATED_AT DESC by default. RANK is BAD_USER_INPUT, because it is the order within one board."
        )]
        order_by: Option<CardOrder>,
    ) -> Result<Connection<CardEdge>> {
        let args = PageArgs { first, after, last, before };
        viewer_card_page(ctx, args, board_ids.unwrap_or_default(), filter, order_by).await
    }

    /// The deleted boards of which the viewer is an ADMIN, most recently deleted first. Everything below
    /// them reads as it was at deletion. No other field returns deleted boards, and only `restoreBoard`
    /// restores them.
    #[graphql(directive = paged::apply())]
    async fn deleted_boards(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first n entries, 0 to 200; 50 if neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last n entries, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<BoardPage> {
        BoardPage::deleted(ctx, PageArgs { first, after, last, before }).await
    }

    /// Finds a board by its ID; null if it does not exist or the viewer may not see it.
    async fn board(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ID of the board.")] id: ID,
    ) -> Nullable<EagerObject<Board>> {
        row(match BoardId::from_public(&id) {
            Some(id) => Board::find(ctx, id).await,
            None => Ok(None),
        })
    }

    /// Finds a card by its ID; null if it does not exist or the viewer may not see it.
    async fn card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ID of the card.")] id: ID,
    ) -> Nullable<EagerObject<Card>> {
        row(match CardId::from_public(&id) {
            Some(id) => find_card(ctx, id).await,
            None => Ok(None),
        })
    }

    /// The viewer's sessions that have not ended, newest first.
    #[graphql(directive = paged::apply())]
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first n entries, 0 to 200; 50 if neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last n entries, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Connection<SessionEdge>> {
        session_page(ctx, PageArgs { first, after, last, before }).await
    }

    /// Finds the account with exactly this e-mail address, compared case-insensitively and in Unicode
    /// normalization form C (NFC); null if there is none. Use it to find the user to share a board with.
    /// RATE_LIMITED after 60 addresses in a minute.
    async fn user_by_email(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The complete e-mail address. White space (Unicode White_Space) at both ends is removed."
        )]
        email: String,
    ) -> Nullable<EagerObject<User>> {
        row(find_user(ctx, &email).await)
    }
}

/// Finds the object of any type with this ID, if the viewer may see it.
async fn find(ctx: &Context<'_>, id: &str) -> Result<Option<Node>> {
    let node = if let Some(id) = BoardId::from_public(id) {
        Board::find(ctx, id).await?.map(Node::from)
    } else if let Some(id) = CardId::from_public(id) {
        find_card(ctx, id).await?.map(Node::from)
    } else if let Some(id) = LabelId::from_public(id) {
        let found = ctx.loaders()?.label().load(id).await?;
        found.map(|(label, board)| Label::new(label, Board::new(board)).into())
    } else if let Some(id) = CommentId::from_public(id) {
        Comment::find(ctx, id).await?.map(Node::from)
    } else if let Some(id) = SessionId::from_public(id) {
        Session::find(ctx, id).await?.map(Node::from)
    } else if let Some(id) = PublicId::from_public(id) {
        BoardColumn::find(ctx, id).await?.map(Node::from)
    } else if let Some(key) = UserId::from_public(id) {
        ctx.loaders()?.user().load(key).await?.map(|user| User::new(user).into())
    } else {
        None
    };
    Ok(node)
}

async fn find_card(ctx: &Context<'_>, id: CardId) -> Result<Option<Card>> {
    let texts = texts(&ctx.look_ahead(), &[&[], &["board"]], "description");
    let found = ctx.loaders()?.card().load((id, texts)).await?;
    Ok(found.map(|(card, board)| Card::new(card, Board::new(board))))
}

async fn find_user(ctx: &Context<'_>, email: &str) -> Result<Option<User>> {
    let Ok(email) = EmailKey::parse(email) else {
        return Ok(None);
    };
    count_look_up(ctx.services()?, ctx.viewer()?.key)?;
    Ok(ctx.loaders()?.user_by_email().load(email).await?.map(User::new))
}
