//! The fields that kinds of events have in common.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};

use crate::domain::{self, CardId, CommentId, PublicId, Result, UserId};
use crate::graphql::context::{ContextExt, Nullable, row, texts};
use crate::graphql::engine::{EagerObject, Pure};
use crate::graphql::schema::scalars::{DateTime, int};
use crate::graphql::schema::types::{Board, Card, Comment, LabelColor, User};

/// The fields of every event.
pub(in crate::graphql) struct EventFields {
    pub(super) event: Arc<domain::Event>,
    pub(super) on: Board,
}

#[Object]
impl EventFields {
    /// The opaque ID of the event.
    pub(super) async fn id(&self) -> ID {
        (self.event.board_id, self.event.sequence).to_public().into()
    }

    /// The position of the event in the board's history, counted from 1 without gaps.
    pub(super) async fn sequence(&self) -> i32 {
        int(self.event.sequence)
    }

    /// The time of the change.
    pub(super) async fn created_at(&self) -> DateTime {
        self.event.created_at.into()
    }

    /// The user who made the change; null for the server itself and for a deleted account.
    pub(super) async fn actor(&self, ctx: &Context<'_>) -> Nullable<EagerObject<User>> {
        row(User::actor(ctx, self.event.actor).await)
    }

    /// The ID of the board.
    pub(super) async fn board_id(&self) -> ID {
        self.event.board_id.to_public().into()
    }

    /// The board.
    pub(super) async fn board(&self) -> Option<EagerObject<&Board>> {
        Some(EagerObject(&self.on))
    }
}

/// The card that an event is about.
pub(in crate::graphql) struct AboutCard {
    pub(super) id: CardId,
    pub(super) on: Board,
}

#[Object]
impl AboutCard {
    /// The ID of the card; it remains when the card is gone.
    async fn card_id(&self) -> ID {
        self.id.to_public().into()
    }

    /// The card; null while it is in the trash, and when it is gone.
    async fn card(&self, ctx: &Context<'_>) -> Nullable<EagerObject<Card>> {
        row(self.find(ctx).await)
    }
}

impl AboutCard {
    async fn find(&self, ctx: &Context<'_>) -> Result<Option<Card>> {
        let texts = texts(&ctx.look_ahead(), &[&[]], "description");
        let key = ((self.on.access, self.id), texts);
        let card = ctx.loaders()?.card_on_board().load(key).await?;
        Ok(card.map(|card| Card::new(card, self.on.clone())))
    }
}

/// The comment that an event is about.
pub(in crate::graphql) struct AboutComment {
    pub(super) id: CommentId,
    pub(super) on: Board,
}

#[Object]
impl AboutComment {
    /// The ID of the comment; it remains when the comment is gone.
    async fn comment_id(&self) -> ID {
        self.id.to_public().into()
    }

    /// The comment; null if it or its card is gone or in the trash.
    async fn comment(&self, ctx: &Context<'_>) -> Nullable<EagerObject<Comment>> {
        row(self.find(ctx).await)
    }
}

impl AboutComment {
    async fn find(&self, ctx: &Context<'_>) -> Result<Option<Comment>> {
        let texts = texts(&ctx.look_ahead(), &[&[]], "body");
        let key = ((self.on.access, self.id), texts);
        let comment = ctx.loaders()?.comment_on_board().load(key).await?;
        Ok(comment.map(|comment| Comment::new(comment, self.on.clone())))
    }
}

/// The label that an event is about, as it was at that time.
#[derive(SimpleObject)]
pub(in crate::graphql) struct AboutLabel {
    /// The ID of the label; it remains when the label is gone.
    pub(super) label_id: ID,
    /// The colour at that time; the new colour if the event changed it.
    pub(super) color: LabelColor,
    /// The name at that time; the new name if the event changed it.
    pub(super) name: String,
}

/// The user that an event is about.
pub(in crate::graphql) struct AboutUser {
    pub(super) id: UserId,
    pub(super) on: Board,
}

#[Object]
impl AboutUser {
    /// The ID of the user; it remains when the account is gone.
    async fn user_id(&self) -> ID {
        self.id.to_public().into()
    }

    /// The user; null if the account was deleted, or if the viewer may no longer see it because they
    /// share no board any more. (As `actor`, a user remains visible.)
    async fn user(&self, ctx: &Context<'_>) -> Nullable<EagerObject<User>> {
        row(self.find(ctx).await)
    }
}

impl AboutUser {
    async fn find(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let viewer = ctx.viewer()?;
        let user = ctx.loaders()?.user_on_board().load((self.on.access, self.id)).await?;
        Ok(user.map(|user| User::seen_by(viewer, user)))
    }
}

/// A changed field with its old and new value, as text of at most 200 characters. Longer text is cut and
/// ends in `…`.
#[derive(SimpleObject)]
pub(in crate::graphql) struct FieldChange {
    /// The name of the field.
    pub(super) field: Cow<'static, str>,
    /// The old value.
    pub(super) from: Option<String>,
    /// The new value.
    pub(super) to: Option<String>,
}

impl From<&domain::FieldChange> for FieldChange {
    fn from(change: &domain::FieldChange) -> Self {
        let domain::FieldChange { field, from, to } = change.clone();
        Self { field, from, to }
    }
}

impl Pure for FieldChange {}
