//! Comments on cards.

use std::sync::Arc;

use super::boards::{SharedBoard, shared_board};
use super::lists::{Lists, shared};
use super::load_context::LoadContext;
use super::relation::{Relation, by, split_texts};
use crate::domain::{CardId, Comment, CommentId, Page, PageRequest, Result, Side};
use crate::store::access::BoardAccess;
use crate::store::{LongTexts, comments};

pub(in crate::graphql) struct Comments;

impl Relation for Comments {
    type Key = (CommentId, LongTexts);
    type Parameters = ();
    type Value = Option<(Arc<Comment>, SharedBoard)>;

    async fn fetch(context: &LoadContext, keys: &[Self::Key], (): &()) -> Result<Vec<Self::Value>> {
        let ((ids, texts), viewer) = (split_texts(keys), context.viewer()?);
        let found = comments::find(&mut context.read().await?, viewer.key, &ids, texts).await?;
        let entry =
            |(comment, board): (Comment, _)| (comment.id, (Arc::new(comment), shared_board(board)));
        Ok(by(keys, |key| key.0, found.into_iter().map(entry)))
    }
}

pub(in crate::graphql) struct CommentsOnBoards;

impl Relation for CommentsOnBoards {
    type Key = ((BoardAccess, CommentId), LongTexts);
    type Parameters = ();
    type Value = Option<Arc<Comment>>;

    async fn fetch(context: &LoadContext, keys: &[Self::Key], (): &()) -> Result<Vec<Self::Value>> {
        let (ids, texts) = split_texts(keys);
        let found = comments::on_boards(&mut context.read().await?, &ids, texts).await?;
        let entry = |comment: Comment| (comment.id, Arc::new(comment));
        Ok(by(keys, |key| key.0.1, found.into_iter().map(entry)))
    }
}

/// Comments on cards.
pub(in crate::graphql) struct CommentLists;

impl Lists for CommentLists {
    type Parent = (BoardAccess, CardId);
    type Filter = ();
    type Page = (Arc<PageRequest>, LongTexts);
    type Row = Arc<Comment>;

    async fn pages(
        context: &LoadContext,
        of: &[Self::Parent],
        (): &(),
        (request, texts): &Self::Page,
    ) -> Result<Vec<Page<Arc<Comment>>>> {
        let found = comments::list(&mut context.read().await?, of, request, *texts).await?;
        Ok(shared(found))
    }

    async fn counts(context: &LoadContext, of: &[Self::Parent], (): &()) -> Result<Vec<i64>> {
        comments::counts(&mut context.read().await?, of).await
    }

    async fn any_beyond(
        context: &LoadContext,
        of: &[Self::Parent],
        (): &(),
        (request, _): &Self::Page,
        side: Side,
    ) -> Result<Vec<bool>> {
        comments::any_beyond(&mut context.read().await?, of, request, side).await
    }
}

/// The body of a comment that was read without it.
pub(in crate::graphql) struct CommentTexts;

impl Relation for CommentTexts {
    type Key = (BoardAccess, CommentId);
    type Parameters = ();
    type Value = Option<Arc<str>>;

    async fn fetch(context: &LoadContext, keys: &[Self::Key], (): &()) -> Result<Vec<Self::Value>> {
        let found = comments::bodies(&mut context.read().await?, keys).await?;
        Ok(by(keys, |key| key.1, found))
    }
}
