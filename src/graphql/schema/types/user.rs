//! Accounts.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};

use crate::domain::{self, PublicId, Result, UserKey, Viewer};
use crate::graphql::context::ContextExt;
use crate::graphql::engine::Pure;
use crate::graphql::schema::scalars::DateTime;

/// An account. It is visible to its own user, to users who share a board with it, through `userByEmail`,
/// and as the actor or author of something that the viewer may see.
#[derive(Clone)]
pub(in crate::graphql) struct User {
    user: Arc<domain::User>,
    own: bool,
}

impl User {
    /// An account from the viewer's point of view; it may be the viewer's own.
    pub(in crate::graphql) fn seen_by(viewer: Viewer, user: impl Into<Arc<domain::User>>) -> Self {
        let user = user.into();
        Self { own: user.key == viewer.key, user }
    }

    /// The actor or author of something on a board that the viewer may see; `None` if the account was
    /// deleted.
    pub(super) async fn actor(ctx: &Context<'_>, id: Option<UserKey>) -> Result<Option<Self>> {
        let Some(id) = id else {
            return Ok(None);
        };
        let viewer = ctx.viewer()?;
        let user = ctx.loaders()?.actor().load(id).await?;
        Ok(user.map(|user| Self::seen_by(viewer, user)))
    }

    /// The viewer's own account.
    pub(in crate::graphql) fn own(user: domain::User) -> Self {
        Self { user: Arc::new(user), own: true }
    }
}

/// An account. It is visible to its own user, to users who share a board with it, through `userByEmail`,
/// and as the actor or author of something that the viewer may see.
#[Object]
impl User {
    /// The opaque ID of the account. It cannot be guessed.
    pub(in crate::graphql) async fn id(&self) -> ID {
        self.user.id.to_public().into()
    }

    /// The e-mail address, as it was written. Unique, compared case-insensitively.
    async fn email(&self) -> &str {
        &self.user.email
    }

    /// The time when the account was created. Null unless it is the viewer's own account.
    async fn created_at(&self) -> Option<DateTime> {
        self.own.then(|| self.user.created_at.into())
    }

    /// The time when the e-mail address or password last changed. Null unless it is the viewer's own
    /// account.
    async fn updated_at(&self) -> Option<DateTime> {
        self.own.then(|| self.user.updated_at.into())
    }
}

impl Pure for User {}
