//! Users that the viewer may see, and members of boards.

use std::collections::HashMap;
use std::sync::Arc;

use super::relation::{LoadContext, Relation, by, shared_pages};
use crate::domain::{EmailKey, Member, Page, PageRequest, Result, Side, User, UserId, UserKey};
use crate::store::access::BoardAccess;
use crate::store::{members, users};

pub(in crate::graphql) struct MemberCounts;

impl Relation for MemberCounts {
    type Key = BoardAccess;
    type Parameters = ();
    type Value = i64;

    async fn fetch(context: &LoadContext, keys: &[BoardAccess], (): &()) -> Result<Vec<i64>> {
        members::counts(&mut context.read().await?, keys).await
    }
}

pub(in crate::graphql) struct MemberPages;

impl Relation for MemberPages {
    type Key = BoardAccess;
    type Parameters = Arc<PageRequest>;
    type Value = Arc<Page<Arc<Member>>>;

    async fn fetch(
        context: &LoadContext,
        keys: &[BoardAccess],
        request: &Arc<PageRequest>,
    ) -> Result<Vec<Self::Value>> {
        Ok(shared_pages(members::list(&mut context.read().await?, keys, request).await?))
    }
}

pub(in crate::graphql) struct MembersBeyond;

impl Relation for MembersBeyond {
    type Key = BoardAccess;
    type Parameters = (Arc<PageRequest>, Side);
    type Value = bool;

    async fn fetch(
        context: &LoadContext,
        keys: &[BoardAccess],
        (page, side): &Self::Parameters,
    ) -> Result<Vec<bool>> {
        members::any_beyond(&mut context.read().await?, keys, page, *side).await
    }
}

pub(in crate::graphql) struct Users;

impl Relation for Users {
    type Key = UserId;
    type Parameters = ();
    type Value = Option<Arc<User>>;

    async fn fetch(context: &LoadContext, keys: &[UserId], (): &()) -> Result<Vec<Self::Value>> {
        let viewer = context.viewer()?;
        let found = users::visible(&mut context.read().await?, viewer, &[], keys).await?;
        let entry = |seen: users::Visible| (seen.user.id, Arc::new(seen.user));
        Ok(by(keys, |key| *key, found.into_iter().map(entry)))
    }
}

/// Users that the viewer may see anywhere, or who are members of a board, which may be in the trash.
pub(in crate::graphql) struct UsersOnBoards;

impl Relation for UsersOnBoards {
    type Key = (BoardAccess, UserId);
    type Parameters = ();
    type Value = Option<Arc<User>>;

    async fn fetch(context: &LoadContext, keys: &[Self::Key], (): &()) -> Result<Vec<Self::Value>> {
        let (boards, users): (Vec<_>, Vec<_>) = keys.iter().copied().unzip();
        let viewer = context.viewer()?;
        let found = users::visible(&mut context.read().await?, viewer, &boards, &users).await?;
        let mut anywhere = HashMap::new();
        let mut on_board = HashMap::new();
        for seen in found {
            let (key, user) = (seen.user.id, Arc::new(seen.user));
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
        Ok(keys.iter().map(answer).collect())
    }
}

/// Actors of events and authors of comments, on boards that the viewer may see.
pub(in crate::graphql) struct Actors;

impl Relation for Actors {
    type Key = UserKey;
    type Parameters = ();
    type Value = Option<Arc<User>>;

    async fn fetch(context: &LoadContext, keys: &[UserKey], (): &()) -> Result<Vec<Self::Value>> {
        let found = users::by_keys(&mut context.read().await?, keys).await?;
        Ok(by(keys, |id| *id, found.into_iter().map(|user| (user.key, Arc::new(user)))))
    }
}

pub(in crate::graphql) struct UsersByEmail;

impl Relation for UsersByEmail {
    type Key = EmailKey;
    type Parameters = ();
    type Value = Option<Arc<User>>;

    async fn fetch(context: &LoadContext, keys: &[EmailKey], (): &()) -> Result<Vec<Self::Value>> {
        let mut conn = context.read().await?;
        let mut found = Vec::new();
        for email in keys {
            found.push(users::by_email(&mut conn, email).await?.map(Arc::new));
        }
        Ok(found)
    }
}
