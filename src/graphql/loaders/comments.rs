//! Comments on cards.

use std::sync::Arc;

use super::boards::{SharedBoard, shared_board};
use super::relation::{LoadContext, Relation, by, shared_pages, split_texts};
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

pub(in crate::graphql) struct CommentPages;

impl Relation for CommentPages {
    type Key = (BoardAccess, CardId);
    type Parameters = (Arc<PageRequest>, LongTexts);
    type Value = Arc<Page<Arc<Comment>>>;

    async fn fetch(
        context: &LoadContext,
        keys: &[Self::Key],
        (request, texts): &Self::Parameters,
    ) -> Result<Vec<Self::Value>> {
        let found = comments::list(&mut context.read().await?, keys, request, *texts).await?;
        Ok(shared_pages(found))
    }
}

pub(in crate::graphql) struct CommentCounts;

impl Relation for CommentCounts {
    type Key = (BoardAccess, CardId);
    type Parameters = ();
    type Value = i64;

    async fn fetch(context: &LoadContext, keys: &[Self::Key], (): &()) -> Result<Vec<i64>> {
        comments::counts(&mut context.read().await?, keys).await
    }
}

pub(in crate::graphql) struct CommentsBeyond;

impl Relation for CommentsBeyond {
    type Key = (BoardAccess, CardId);
    type Parameters = (Arc<PageRequest>, Side);
    type Value = bool;

    async fn fetch(
        context: &LoadContext,
        keys: &[Self::Key],
        (page, side): &Self::Parameters,
    ) -> Result<Vec<bool>> {
        comments::any_beyond(&mut context.read().await?, keys, page, *side).await
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
