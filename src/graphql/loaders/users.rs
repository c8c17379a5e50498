//! Users that the viewer may see, and members of boards.

use std::collections::HashMap;
use std::sync::Arc;

use super::lists::{Lists, shared};
use super::load_context::LoadContext;
use super::relation::{Relation, by};
use crate::domain::{EmailKey, Member, Page, PageRequest, Result, Side, User, UserId, UserKey};
use crate::store::access::BoardAccess;
use crate::store::{members, users};

/// Members of boards.
pub(in crate::graphql) struct MemberLists;

impl Lists for MemberLists {
    type Parent = BoardAccess;
    type Filter = ();
    type Page = Arc<PageRequest>;
    type Row = Arc<Member>;

    async fn pages(
        context: &LoadContext,
        of: &[BoardAccess],
        (): &(),
        request: &Arc<PageRequest>,
    ) -> Result<Vec<Page<Arc<Member>>>> {
        let found = members::list(&mut context.read().await?, of, request).await?;
        Ok(shared(found))
    }

    async fn counts(context: &LoadContext, of: &[BoardAccess], (): &()) -> Result<Vec<i64>> {
        members::counts(&mut context.read().await?, of).await
    }

    async fn any_beyond(
        context: &LoadContext,
        of: &[BoardAccess],
        (): &(),
        request: &Arc<PageRequest>,
        side: Side,
    ) -> Result<Vec<bool>> {
        members::any_beyond(&mut context.read().await?, of, request, side).await
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
