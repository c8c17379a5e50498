//! Comments on cards.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::domain::{At, CardId, CommentBody, CommentId};
use crate::graphql::context::{ContextExt, Nullable, mutate};
use crate::graphql::engine::EagerObject;
use crate::graphql::schema::inputs::id;
use crate::graphql::schema::types::{Board, Card, Comment, CommentEdge};
use crate::service::comments;

/// A new comment on a card.
#[derive(InputObject)]
pub(super) struct AddCommentInput {
    /// Which card.
    card_id: ID,
    /// Markdown of 1 to 20,000 characters.
    body: String,
}

/// The new comment.
#[derive(SimpleObject)]
pub(super) struct AddCommentPayload {
    /// The new comment.
    comment: EagerObject<Comment>,
    /// Its edge in the card's `comments`.
    comment_edge: EagerObject<CommentEdge>,
}

/// A comment of one's own, written anew.
#[derive(InputObject)]
pub(super) struct UpdateCommentInput {
    /// Which comment.
    comment_id: ID,
    /// Markdown of 1 to 20,000 characters.
    body: String,
}

/// The changed comment.
#[derive(SimpleObject)]
pub(super) struct UpdateCommentPayload {
    /// The changed comment.
    comment: EagerObject<Comment>,
}

/// A comment to delete.
#[derive(InputObject)]
pub(super) struct DeleteCommentInput {
    /// Which comment.
    comment_id: ID,
}

/// The comment that is no more.
#[derive(SimpleObject)]
pub(super) struct DeleteCommentPayload {
    /// Its id.
    deleted_comment_id: ID,
    /// The card it was about.
    card: EagerObject<Card>,
}

/// Comments on cards.
#[derive(Default)]
pub(super) struct CommentMutation;

#[Object]
impl CommentMutation {
    /// Comments on a card. For MEMBERs and ADMINs.
    async fn add_comment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which card, and what is said.")] input: AddCommentInput,
    ) -> Nullable<AddCommentPayload> {
        mutate(ctx, async {
            let card = id::<CardId>(&input.card_id, "cardId")?;
            let body = CommentBody::parse(&input.body).at("body")?;
            let (comment, card, board) =
                comments::add(ctx.services()?, ctx.viewer()?, card, body).await?;
            let comment = Comment::under(Card::new(card, Board::new(board)), comment);
            let comment_edge = CommentEdge::new(comment.clone(), ());
            Ok(AddCommentPayload { comment: comment.into(), comment_edge: comment_edge.into() })
        })
        .await
    }

    /// Writes one's own comment anew. FORBIDDEN for another's. For MEMBERs and ADMINs.
    async fn update_comment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which comment, and what it shall say.")] input: UpdateCommentInput,
    ) -> Nullable<UpdateCommentPayload> {
        mutate(ctx, async {
            let comment = id::<CommentId>(&input.comment_id, "commentId")?;
            let body = CommentBody::parse(&input.body).at("body")?;
            let (comment, card, board) =
                comments::update(ctx.services()?, ctx.viewer()?, comment, body).await?;
            let comment = Comment::under(Card::new(card, Board::new(board)), comment);
            Ok(UpdateCommentPayload { comment: comment.into() })
        })
        .await
    }

    /// Deletes one's own comment, for good; an ADMIN may delete any. For MEMBERs and ADMINs.
    async fn delete_comment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which comment.")] input: DeleteCommentInput,
    ) -> Nullable<DeleteCommentPayload> {
        mutate(ctx, async {
            let comment = id::<CommentId>(&input.comment_id, "commentId")?;
            let (card, board) = comments::delete(ctx.services()?, ctx.viewer()?, comment).await?;
            let card = Card::new(card, Board::new(board));
            Ok(DeleteCommentPayload { deleted_comment_id: input.comment_id, card: card.into() })
        })
        .await
    }
}
