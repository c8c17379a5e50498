//! Comments on cards.

use std::sync::Arc;

use super::boards::{SharedBoard, shared_board};
use super::relation::{LoadContext, Relation, by, shared_pages, wanted};
use crate::domain::{CardId, Comment, CommentId, Page, PageRequest, Result, Side};
use crate::store::access::BoardAccess;
use crate::store::{LongTexts, comments};

pub(in crate::graphql) struct Comments;

impl Relation for Comments {
    type Of = (CommentId, LongTexts);
    type How = ();
    type Value = Option<(Arc<Comment>, SharedBoard)>;

    async fn fetch(context: &LoadContext, of: &[Self::Of], (): &()) -> Result<Vec<Self::Value>> {
        let ((ids, texts), viewer) = (wanted(of), context.viewer()?);
        let found = comments::find(&mut context.read().await?, viewer.key, &ids, texts).await?;
        let entry =
            |(comment, board): (Comment, _)| (comment.id, (Arc::new(comment), shared_board(board)));
        Ok(by(of, |key| key.0, found.into_iter().map(entry)))
    }
}

pub(in crate::graphql) struct CommentsOnBoards;

impl Relation for CommentsOnBoards {
    type Of = ((BoardAccess, CommentId), LongTexts);
    type How = ();
    type Value = Option<Arc<Comment>>;

    async fn fetch(context: &LoadContext, of: &[Self::Of], (): &()) -> Result<Vec<Self::Value>> {
        let (ids, texts) = wanted(of);
        let found = comments::on_boards(&mut context.read().await?, &ids, texts).await?;
        let entry = |comment: Comment| (comment.id, Arc::new(comment));
        Ok(by(of, |key| key.0.1, found.into_iter().map(entry)))
    }
}

pub(in crate::graphql) struct CommentPages;

impl Relation for CommentPages {
    type Of = (BoardAccess, CardId);
    type How = (Arc<PageRequest>, LongTexts);
    type Value = Arc<Page<Arc<Comment>>>;

    async fn fetch(
        context: &LoadContext,
        of: &[Self::Of],
        (request, texts): &Self::How,
    ) -> Result<Vec<Self::Value>> {
        let found = comments::list(&mut context.read().await?, of, request, *texts).await?;
        Ok(shared_pages(found))
    }
}

pub(in crate::graphql) struct CommentCounts;

impl Relation for CommentCounts {
    type Of = (BoardAccess, CardId);
    type How = ();
    type Value = i64;

    async fn fetch(context: &LoadContext, of: &[Self::Of], (): &()) -> Result<Vec<i64>> {
        comments::counts(&mut context.read().await?, of).await
    }
}

pub(in crate::graphql) struct CommentsBeyond;

impl Relation for CommentsBeyond {
    type Of = (BoardAccess, CardId);
    type How = (Arc<PageRequest>, Side);
    type Value = bool;

    async fn fetch(
        context: &LoadContext,
        of: &[Self::Of],
        (page, side): &Self::How,
    ) -> Result<Vec<bool>> {
        comments::any_beyond(&mut context.read().await?, of, page, *side).await
    }
}

/// The body of a comment that was read without it.
pub(in crate::graphql) struct CommentTexts;

impl Relation for CommentTexts {
    type Of = (BoardAccess, CommentId);
    type How = ();
    type Value = Option<Arc<str>>;

    async fn fetch(context: &LoadContext, of: &[Self::Of], (): &()) -> Result<Vec<Self::Value>> {
        let found = comments::bodies(&mut context.read().await?, of).await?;
        Ok(by(of, |key| key.1, found))
    }
}
