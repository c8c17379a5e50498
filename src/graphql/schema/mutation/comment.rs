//! Mutations for comments on cards.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::domain::{At, CardId, CommentBody, CommentId};
use crate::graphql::context::{ContextExt, Nullable, mutate};
use crate::graphql::engine::EagerObject;
use crate::graphql::schema::inputs::{Retry, id, identify};
use crate::graphql::schema::types::{Board, Card, Comment, CommentEdge};
use crate::service::comments;
use crate::store::comments::OLDEST_FIRST;

/// A new comment and its card.
#[derive(InputObject)]
pub(super) struct AddCommentInput {
    /// The ID of the card.
    card_id: ID,
    /// The text: Markdown of 1 to 20,000 characters, at least one of them visible. White space (Unicode
    /// White_Space) at the end is removed.
    body: String,
    #[graphql(flatten)]
    retry: Retry,
}

/// The result of `addComment`.
#[derive(SimpleObject)]
pub(super) struct AddCommentPayload {
    /// The new comment.
    comment: EagerObject<Comment>,
    /// The edge of the new comment in the card's `comments`.
    comment_edge: EagerObject<CommentEdge>,
}

/// The new text of a comment that the viewer wrote.
#[derive(InputObject)]
pub(super) struct UpdateCommentInput {
    /// The ID of the comment.
    comment_id: ID,
    /// The new text: Markdown of 1 to 20,000 characters, at least one of them visible. White space
    /// (Unicode White_Space) at the end is removed.
    body: String,
    #[graphql(flatten)]
    retry: Retry,
}

/// The result of `updateComment`.
#[derive(SimpleObject)]
pub(super) struct UpdateCommentPayload {
    /// The changed comment.
    comment: EagerObject<Comment>,
}

/// The comment to delete.
#[derive(InputObject)]
pub(super) struct DeleteCommentInput {
    /// The ID of the comment.
    comment_id: ID,
    #[graphql(flatten)]
    retry: Retry,
}

/// The result of `deleteComment`.
#[derive(SimpleObject)]
pub(super) struct DeleteCommentPayload {
    /// The ID of the deleted comment.
    deleted_comment_id: ID,
    /// The card that the comment was on.
    card: EagerObject<Card>,
}

/// Mutations for comments on cards.
#[derive(Default)]
pub(super) struct CommentMutation;

#[Object]
impl CommentMutation {
    /// Adds a comment to a card. Requires the role MEMBER or ADMIN.
    ///
    /// Errors: BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, CONFLICT.
    async fn add_comment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The card and the text of the comment.")] input: AddCommentInput,
    ) -> Nullable<AddCommentPayload> {
        mutate(ctx, async {
            let mutation = identify(ctx, &input, &input.retry)?;
            let card = id::<CardId>(&input.card_id, "cardId")?;
            let body = CommentBody::parse(&input.body).at("body")?;
            let (comment, card, board) =
                comments::add(ctx.services()?, mutation, card, body).await?;
            let comment = Comment::under(Card::new(card, Board::new(board)), comment);
            let comment_edge = CommentEdge::new(comment.clone(), OLDEST_FIRST);
            Ok(AddCommentPayload { comment: comment.into(), comment_edge: comment_edge.into() })
        })
        .await
    }

    /// Changes the text of the viewer's own comment. FORBIDDEN if another user wrote it. Requires the
    /// role MEMBER or ADMIN.
    ///
    /// Errors: BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, CONFLICT.
    async fn update_comment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The comment and its new text.")] input: UpdateCommentInput,
    ) -> Nullable<UpdateCommentPayload> {
        mutate(ctx, async {
            let mutation = identify(ctx, &input, &input.retry)?;
            let comment = id::<CommentId>(&input.comment_id, "commentId")?;
            let body = CommentBody::parse(&input.body).at("body")?;
            let (comment, card, board) =
                comments::update(ctx.services()?, mutation, comment, body).await?;
            let comment = Comment::under(Card::new(card, Board::new(board)), comment);
            Ok(UpdateCommentPayload { comment: comment.into() })
        })
        .await
    }

    /// Deletes the viewer's own comment permanently; an ADMIN may delete any comment. Requires the role
    /// MEMBER or ADMIN.
    ///
    /// Errors: BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, CONFLICT.
    async fn delete_comment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The comment to delete.")] input: DeleteCommentInput,
    ) -> Nullable<DeleteCommentPayload> {
        mutate(ctx, async {
            let mutation = identify(ctx, &input, &input.retry)?;
            let comment = id::<CommentId>(&input.comment_id, "commentId")?;
            let (card, board) = comments::delete(ctx.services()?, mutation, comment).await?;
            let card = Card::new(card, Board::new(board));
            Ok(DeleteCommentPayload { deleted_comment_id: input.comment_id, card: card.into() })
        })
        .await
    }
}
