//! Comments on cards.

use std::collections::HashMap;
use std::sync::Arc;

use super::boards::{SharedBoard, shared_board};
use super::{Relation, grouped, wanted};
use crate::domain::{CardId, Comment, CommentId, Page, PageRequest, Result, Side, Viewer};
use crate::store::access::BoardAccess;
use crate::store::{self, Snapshot, Texts};

pub(in crate::graphql) struct Comments;

impl Relation for Comments {
    type Key = (CommentId, Texts);
    type Value = Option<(Arc<Comment>, SharedBoard)>;

    async fn fetch(
        db: &Snapshot,
        viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Self::Value>> {
        let (ids, texts) = wanted(keys);
        let found = store::comments::find(&mut db.read().await?, viewer.id, &ids, texts).await?;
        let entry =
            |(comment, board): (Comment, _)| (comment.id, (Arc::new(comment), shared_board(board)));
        let found: HashMap<CommentId, _> = found.into_iter().map(entry).collect();
        Ok(keys.iter().map(|key| (*key, found.get(&key.0).cloned())).collect())
    }
}

pub(in crate::graphql) struct CommentsOnBoards;

impl Relation for CommentsOnBoards {
    type Key = ((BoardAccess, CommentId), Texts);
    type Value = Option<Arc<Comment>>;

    async fn fetch(
        db: &Snapshot,
        _viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Self::Value>> {
        let (comments, texts) = wanted(keys);
        let found = store::comments::on_boards(&mut db.read().await?, &comments, texts).await?;
        let found: HashMap<CommentId, Arc<Comment>> =
            found.into_iter().map(|comment| (comment.id, Arc::new(comment))).collect();
        Ok(keys.iter().map(|key| (*key, found.get(&key.0.1).cloned())).collect())
    }
}

pub(in crate::graphql) struct CommentPages;

impl Relation for CommentPages {
    type Key = ((BoardAccess, CardId), Arc<PageRequest>, Texts);
    type Value = Arc<Page<Arc<Comment>>>;

    async fn fetch(
        db: &Snapshot,
        _viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Self::Value>> {
        let mut conn = db.read().await?;
        let mut pages = HashMap::new();
        let keys = keys.iter().map(|(card, page, texts)| ((Arc::clone(page), *texts), *card));
        for ((request, texts), cards) in grouped(keys) {
            let found = store::comments::list(&mut conn, &cards, &request, texts).await?;
            for (card, page) in cards.into_iter().zip(found) {
                pages.insert((card, Arc::clone(&request), texts), Arc::new(page.map(Arc::new)));
            }
        }
        Ok(pages)
    }
}

pub(in crate::graphql) struct CommentCounts;

impl Relation for CommentCounts {
    type Key = (BoardAccess, CardId);
    type Value = i64;

    async fn fetch(
        db: &Snapshot,
        _viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, i64>> {
        let counts = store::comments::counts(&mut db.read().await?, keys).await?;
        Ok(keys.iter().copied().zip(counts).collect())
    }
}

pub(in crate::graphql) struct CommentsBeyond;

impl Relation for CommentsBeyond {
    type Key = ((BoardAccess, CardId), Arc<PageRequest>, Side);
    type Value = bool;

    async fn fetch(
        db: &Snapshot,
        _viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, bool>> {
        let mut conn = db.read().await?;
        let mut any = HashMap::new();
        let keys = keys.iter().map(|(of, page, side)| ((Arc::clone(page), *side), *of));
        for ((page, side), lists) in grouped(keys) {
            let found = store::comments::any_beyond(&mut conn, &lists, &page, side).await?;
            for (list, found) in lists.into_iter().zip(found) {
                any.insert((list, Arc::clone(&page), side), found);
            }
        }
        Ok(any)
    }
}

/// The body of a comment that was read without.
pub(in crate::graphql) struct CommentTexts;

impl Relation for CommentTexts {
    type Key = (BoardAccess, CommentId);
    type Value = Option<Arc<str>>;

    async fn fetch(
        db: &Snapshot,
        _viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Self::Value>> {
        let found = store::comments::bodies(&mut db.read().await?, keys).await?;
        Ok(keys.iter().map(|key| (*key, found.get(&key.1).cloned())).collect())
    }
}
