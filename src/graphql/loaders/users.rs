//! Users: members of boards, and those one may see.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Relation, grouped};
use crate::domain::{
    Email, Member, Page, PageRequest, Result, Side, User, UserId, UserKey, Viewer,
};
use crate::store::access::BoardAccess;
use crate::store::{self, Snapshot};

pub(in crate::graphql) struct MemberCounts;

impl Relation for MemberCounts {
    type Key = BoardAccess;
    type Value = i64;

    async fn fetch(
        db: &Snapshot,
        _viewer: Viewer,
        keys: &[BoardAccess],
    ) -> Result<HashMap<BoardAccess, i64>> {
        let counts = store::members::counts(&mut db.read().await?, keys).await?;
        Ok(keys.iter().copied().zip(counts).collect())
    }
}

pub(in crate::graphql) struct MemberPages;

impl Relation for MemberPages {
    type Key = (BoardAccess, Arc<PageRequest>);
    type Value = Arc<Page<Arc<Member>>>;

    async fn fetch(
        db: &Snapshot,
        _viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Self::Value>> {
        let mut conn = db.read().await?;
        let mut pages = HashMap::new();
        for (request, boards) in
            grouped(keys.iter().map(|(board, page)| (Arc::clone(page), *board)))
        {
            let found = store::members::list(&mut conn, &boards, &request).await?;
            for (board, page) in boards.into_iter().zip(found) {
                pages.insert((board, Arc::clone(&request)), Arc::new(page.map(Arc::new)));
            }
        }
        Ok(pages)
    }
}

pub(in crate::graphql) struct Users;

impl Relation for Users {
    type Key = UserKey;
    type Value = Option<Arc<User>>;

    async fn fetch(
        db: &Snapshot,
        viewer: Viewer,
        keys: &[UserKey],
    ) -> Result<HashMap<UserKey, Self::Value>> {
        let found = store::users::visible(&mut db.read().await?, viewer, &[], keys).await?;
        Ok(found.into_iter().map(|seen| (seen.user.key, Some(Arc::new(seen.user)))).collect())
    }
}

/// Those whom the viewer may see, or who are members of a board that may be in the trash.
pub(in crate::graphql) struct UsersOnBoards;

impl Relation for UsersOnBoards {
    type Key = (BoardAccess, UserKey);
    type Value = Option<Arc<User>>;

    async fn fetch(
        db: &Snapshot,
        viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Self::Value>> {
        let (boards, users): (Vec<_>, Vec<_>) = keys.iter().copied().unzip();
        let found = store::users::visible(&mut db.read().await?, viewer, &boards, &users).await?;
        let mut anywhere = HashMap::new();
        let mut on_board = HashMap::new();
        for seen in found {
            let (key, user) = (seen.user.key, Arc::new(seen.user));
            if let Some(board) = seen.board {
                on_board.insert((board, key), Arc::clone(&user));
            }
            if seen.anywhere {
                anywhere.insert(key, user);
            }
        }
        let answer = |(board, user): &Self::Key| {
            on_board.get(&(board.board_id(), *user)).or_else(|| anywhere.get(user)).cloned()
        };
        Ok(keys.iter().map(|key| (*key, answer(key))).collect())
    }
}

/// Actors of a board's history and authors of comments, on boards that the viewer may see.
pub(in crate::graphql) struct Actors;

impl Relation for Actors {
    type Key = UserId;
    type Value = Option<Arc<User>>;

    async fn fetch(
        db: &Snapshot,
        _viewer: Viewer,
        keys: &[UserId],
    ) -> Result<HashMap<UserId, Self::Value>> {
        let found = store::users::by_ids(&mut db.read().await?, keys).await?;
        Ok(found.into_iter().map(|user| (user.id, Some(Arc::new(user)))).collect())
    }
}

pub(in crate::graphql) struct UsersByEmail;

impl Relation for UsersByEmail {
    type Key = Email;
    type Value = Option<Arc<User>>;

    async fn fetch(
        db: &Snapshot,
        _viewer: Viewer,
        keys: &[Email],
    ) -> Result<HashMap<Email, Self::Value>> {
        let mut conn = db.read().await?;
        let mut users = HashMap::new();
        for email in keys {
            let user = store::users::by_email(&mut conn, email).await?;
            users.insert(email.clone(), user.map(Arc::new));
        }
        Ok(users)
    }
}

pub(in crate::graphql) struct MembersBeyond;

impl Relation for MembersBeyond {
    type Key = (BoardAccess, Arc<PageRequest>, Side);
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
            let found = store::members::any_beyond(&mut conn, &lists, &page, side).await?;
            for (list, found) in lists.into_iter().zip(found) {
                any.insert((list, Arc::clone(&page), side), found);
            }
        }
        Ok(any)
    }
}
