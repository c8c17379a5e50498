//! Comments on cards.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::{Context, ID, Object};

use super::{Board, Card, User};
use crate::domain::{self, CommentId, Error, PublicId, Result, Right};
use crate::graphql::context::{ContextExt, Nullable, long_text, row, texts};
use crate::graphql::engine::{EagerObject, Pure};
use crate::graphql::schema::paging::{Listed, PlainEdge};
use crate::graphql::schema::scalars::DateTime;

/// A comment on a card.
#[derive(Clone)]
pub(in crate::graphql) struct Comment {
    comment: Arc<domain::Comment>,
    on: Board,
    /// The card through which the comment was reached.
    card: Option<Card>,
}

impl Comment {
    pub(in crate::graphql) fn new(comment: impl Into<Arc<domain::Comment>>, on: Board) -> Self {
        Self { comment: comment.into(), on, card: None }
    }

    /// A comment that was reached through its card.
    pub(in crate::graphql) fn under(card: Card, comment: impl Into<Arc<domain::Comment>>) -> Self {
        Self { comment: comment.into(), on: card.on.clone(), card: Some(card) }
    }

    /// Finds a comment; `None` if the viewer may not see it.
    pub(in crate::graphql) async fn find(ctx: &Context<'_>, id: CommentId) -> Result<Option<Self>> {
        let texts = texts(&ctx.look_ahead(), &[&[]], "body");
        let found = ctx.loaders()?.comment().load((id, texts)).await?;
        Ok(found.map(|(comment, board)| Self::new(comment, Board::new(board))))
    }
}

impl Comment {
    fn is_own(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(self.comment.author == Some(ctx.viewer()?.key))
    }
}

impl Pure for Comment {}

/// A comment on a card.
#[Object]
impl Comment {
    /// The opaque ID of the comment.
    pub(in crate::graphql) async fn id(&self) -> ID {
        self.comment.id.to_public().into()
    }

    /// The card that the comment is on.
    async fn card(&self, ctx: &Context<'_>) -> Result<EagerObject<Card>> {
        if let Some(card) = &self.card {
            return Ok(EagerObject(card.clone()));
        }
        let texts = texts(&ctx.look_ahead(), &[&[]], "description");
        let key = ((self.on.access, self.comment.card_id), texts);
        let card = ctx.loaders()?.card_on_board().load(key).await?;
        let card = card.ok_or_else(|| Error::not_found("card"))?;
        Ok(EagerObject(Card::new(card, self.on.clone())))
    }

    /// The user who wrote the comment; null if the account was deleted.
    async fn author(&self, ctx: &Context<'_>) -> Nullable<EagerObject<User>> {
        row(User::actor(ctx, self.comment.author).await)
    }

    /// The text in Markdown, as it was written.
    async fn body(&self, ctx: &Context<'_>) -> Result<Cow<'_, str>> {
        let key = (self.on.access, self.comment.id);
        let load = async { ctx.loaders()?.comment_text().load(key).await };
        long_text(self.comment.body.as_deref(), load).await
    }

    /// Whether the viewer may change the comment: their own, as a MEMBER or ADMIN. True also on a card in the
    /// trash, whose comments can be changed only after it is restored.
    fn viewer_can_update(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(self.on.access.may(Right::Edit) && self.is_own(ctx)?)
    }

    /// Whether the viewer may delete the comment: their own as a MEMBER, any as an ADMIN. True
    /// also on a card in the trash, whose comments can be deleted only after it is restored.
    fn viewer_can_delete(&self, ctx: &Context<'_>) -> Result<bool> {
        let access = self.on.access;
        Ok(access.may(Right::Moderate) || access.may(Right::Edit) && self.is_own(ctx)?)
    }

    /// The time when the comment was written.
    fn created_at(&self) -> DateTime {
        self.comment.created_at.into()
    }

    /// The time when the comment last changed.
    fn updated_at(&self) -> DateTime {
        self.comment.updated_at.into()
    }
}

/// A comment in the list of a card's comments.
pub(in crate::graphql) type CommentEdge = PlainEdge<Comment>;

impl Listed for Comment {
    type Entity = domain::Comment;

    fn entity(&self) -> &domain::Comment {
        &self.comment
    }
}
