//! What can be asked.

use async_graphql::{Context, ID, Object};
use futures_util::future::try_join_all;

use super::directives::{list_size, names, paged};
use super::guard::LoggedIn;
use super::paging::{Connection, MAX_OTHERS, PageArgs};
use super::types::{
    Board, BoardColumn, BoardOrder, BoardPage, Card, Comment, Label, Node, Session, SessionEdge,
    User, session_page,
};
use crate::domain::{
    At, BoardId, CardId, CommentId, Email, Error, LabelId, PublicId, Result, SessionId, UserId,
};
use crate::graphql::context::{ContextExt, Nullable, row, texts};
use crate::graphql::engine::EagerObject;

/// What can be asked.
pub(in crate::graphql) struct Query;

/// What can be asked. Every field needs a log-in.
#[Object(guard = "LoggedIn")]
impl Query {
    /// The account that the access token stands for.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<EagerObject<User>> {
        let viewer = ctx.viewer()?;
        let user = ctx.loaders()?.user().load(viewer.id).await?.ok_or(Error::Unauthenticated)?;
        Ok(EagerObject(User::seen_by(viewer, user)))
    }

    /// A Node by its id; null when there is no such thing for the viewer.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "An id that the field `id` of a Node has shown.")] id: ID,
    ) -> Nullable<EagerObject<Node>> {
        row(find(ctx, &id).await)
    }

    /// Several Nodes by their ids, in the same order, with null where there is no such thing for
    /// the viewer. At most 200 ids.
    #[graphql(directive = list_size::apply(None, Some(names(["ids"])), None))]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 200 ids that the field `id` of Nodes has shown.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<EagerObject<Node>>>> {
        if usize::try_from(MAX_OTHERS).is_ok_and(|max| ids.len() > max) {
            let message = format!("Must have at most {MAX_OTHERS} ids.");
            return Err(Error::bad_input(message).at("ids"));
        }
        let found = try_join_all(ids.iter().map(|id| find(ctx, id))).await?;
        Ok(found.into_iter().map(|node| node.map(EagerObject)).collect())
    }

    /// The boards that the viewer is a member of, the newest first by default.
    #[graphql(directive = paged::apply())]
    async fn boards(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 0 to 200; 50 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "In which order; CREATED_AT DESC by default.")] order_by: Option<
            BoardOrder,
        >,
    ) -> Result<BoardPage> {
        BoardPage::in_use(ctx, PageArgs { first, after, last, before }, order_by).await
    }

    /// Deleted boards of which the viewer is ADMIN, the latest first. Beneath them all reads as at
    /// deletion; no other field finds them, and only restoreBoard brings them back.
    #[graphql(directive = paged::apply())]
    async fn deleted_boards(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 0 to 200; 50 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<BoardPage> {
        BoardPage::deleted(ctx, PageArgs { first, after, last, before }).await
    }

    /// A board by its id; null when there is no such board for the viewer.
    async fn board(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The board's id.")] id: ID,
    ) -> Nullable<EagerObject<Board>> {
        row(match BoardId::from_public(&id) {
            Some(id) => Board::find(ctx, id).await,
            None => Ok(None),
        })
    }

    /// A card by its id; null when there is no such card for the viewer.
    async fn card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The card's id.")] id: ID,
    ) -> Nullable<EagerObject<Card>> {
        row(match CardId::from_public(&id) {
            Some(id) => find_card(ctx, id).await,
            None => Ok(None),
        })
    }

    /// The viewer's sessions that have not ended, the newest first.
    #[graphql(directive = paged::apply())]
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 0 to 200; 50 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<SessionEdge>> {
        session_page(ctx, PageArgs { first, after, last, before }).await
    }

    /// The account with exactly this address, compared without case: how one finds whom to share a
    /// board with.
    async fn user_by_email(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The whole address.")] email: String,
    ) -> Nullable<EagerObject<User>> {
        row(find_user(ctx, &email).await)
    }
}

/// Whatever the id names, if the viewer may see it.
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
        let viewer = ctx.viewer()?;
        ctx.loaders()?.user().load(key).await?.map(|user| User::seen_by(viewer, user).into())
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
    let Ok(email) = Email::parse(email) else {
        return Ok(None);
    };
    let viewer = ctx.viewer()?;
    let user = ctx.loaders()?.user_by_email().load(email).await?;
    Ok(user.map(|user| User::seen_by(viewer, user)))
}
