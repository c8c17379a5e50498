//! The fields that kinds of events have in common.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, SimpleObject};

use crate::domain::{self, CardId, CommentId, LabelId, PublicId, Result, UserId};
use crate::graphql::context::{ContextExt, Nullable, nullable, row, texts};
use crate::graphql::engine::{EagerList, EagerObject, Pure};
use crate::graphql::schema::directives::list_size;
use crate::graphql::schema::scalars::{DateTime, int};
use crate::graphql::schema::types::card_list::cards_of_column;
use crate::graphql::schema::types::{Board, Card, CardColumn, Comment, Label, LabelColor, User};

/// The fields of every event.
pub(in crate::graphql) struct EventFields {
    pub(super) event: Arc<domain::Event>,
    pub(super) on: Option<Board>,
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

    /// The board; null if the viewer may no longer see it.
    pub(super) async fn board(&self) -> Option<EagerObject<&Board>> {
        self.on.as_ref().map(EagerObject)
    }

    /// The `clientMutationId` that the change was sent with. Only the viewer who sent it sees it.
    pub(super) async fn client_mutation_id(&self, ctx: &Context<'_>) -> Option<&str> {
        let id = self.event.client_mutation_id.as_deref()?;
        ctx.caller().is_ok_and(|caller| caller.has_sent(&self.event)).then_some(id)
    }
}

/// The card that an event is about.
pub(in crate::graphql) struct AboutCard {
    pub(super) id: CardId,
    pub(super) on: Option<Board>,
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
        let Some(on) = &self.on else { return Ok(None) };
        let texts = texts(&ctx.look_ahead(), &[&[]], "description");
        let card = ctx.loaders()?.card_on_board().load(((on.access, self.id), texts)).await?;
        Ok(card.map(|card| Card::new(card, on.clone())))
    }
}

/// The comment that an event is about.
pub(in crate::graphql) struct AboutComment {
    pub(super) id: CommentId,
    pub(super) on: Option<Board>,
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
        let Some(on) = &self.on else { return Ok(None) };
        let texts = texts(&ctx.look_ahead(), &[&[]], "body");
        let comment = ctx.loaders()?.comment_on_board().load(((on.access, self.id), texts)).await?;
        Ok(comment.map(|comment| Comment::new(comment, on.clone())))
    }
}

/// The column that an event is about.
pub(in crate::graphql) struct AboutColumn {
    pub(super) column: domain::CardColumn,
    pub(super) on: Option<Board>,
}

/// Columns with more cards are read as lists.
const MAX_COLUMN: usize = 1000;

#[Object]
impl AboutColumn {
    /// The column with the new ranks.
    async fn column(&self) -> CardColumn {
        self.column.into()
    }

    /// The present cards of the column, in their order; null if there are more than 1,000: then read the
    /// column.
    #[graphql(directive = list_size::apply(Some(1000), None, None))]
    async fn cards(&self, ctx: &Context<'_>) -> Nullable<EagerList<Card>> {
        nullable(self.find(ctx).await)
    }
}

impl AboutColumn {
    async fn find(&self, ctx: &Context<'_>) -> Result<Option<EagerList<Card>>> {
        let Some(on) = &self.on else { return Ok(None) };
        let cards = cards_of_column(ctx, on, self.column, MAX_COLUMN + 1).await?;
        Ok((cards.len() <= MAX_COLUMN).then_some(EagerList(cards)))
    }
}

/// The label that an event is about, as it is now.
pub(in crate::graphql) struct PresentLabel {
    pub(super) id: LabelId,
    pub(super) on: Option<Board>,
}

#[Object]
impl PresentLabel {
    /// The label as it is now; null if it is gone.
    async fn label(&self, ctx: &Context<'_>) -> Nullable<EagerObject<Label>> {
        row(self.find(ctx).await)
    }
}

impl PresentLabel {
    async fn find(&self, ctx: &Context<'_>) -> Result<Option<Label>> {
        let Some(on) = &self.on else { return Ok(None) };
        let labels = ctx.loaders()?.board_labels().load(on.access).await?;
        let label = labels.iter().find(|label| label.id == self.id);
        Ok(label.map(|label| Label::new(Arc::clone(label), on.clone())))
    }
}

/// Why a user is no longer a member.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::RemovalReason")]
pub(in crate::graphql) enum MemberRemovalReason {
    /// The user left the board.
    Left,
    /// An ADMIN removed the user.
    Removed,
    /// The account of the user was deleted.
    AccountDeleted,
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
    pub(super) on: Option<Board>,
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
        let Some(on) = &self.on else { return Ok(None) };
        let user = ctx.loaders()?.user_on_board().load((on.access, self.id)).await?;
        Ok(user.map(User::new))
    }
}

/// A field whose changes are recorded in the history.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::ChangedField")]
pub(in crate::graphql) enum ChangedField {
    /// The title of a board or a card.
    Title,
    /// The description of a board or a card.
    Description,
    /// The name of a label.
    Name,
    /// The colour of a label.
    Color,
}

/// A changed field with its old and new value, as text of at most 200 characters. Longer text is cut and
/// ends in `…`.
#[derive(SimpleObject)]
pub(in crate::graphql) struct FieldChange {
    /// The name of the field.
    pub(super) field: &'static str,
    /// The field.
    pub(super) field_name: ChangedField,
    /// The old value; null when the card was erased from the trash.
    pub(super) from: Option<String>,
    /// The new value; null when the card was erased from the trash.
    pub(super) to: Option<String>,
}

impl From<&domain::FieldChange> for FieldChange {
    fn from(change: &domain::FieldChange) -> Self {
        let domain::FieldChange { field, from, to } = change.clone();
        Self { field: field.as_str(), field_name: field.into(), from, to }
    }
}

impl Pure for FieldChange {}
