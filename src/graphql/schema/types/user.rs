//! Accounts.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};

use crate::domain::{self, PublicId, Result, UserKey, Viewer};
use crate::graphql::context::ContextExt;
use crate::graphql::engine::Pure;
use crate::graphql::schema::scalars::DateTime;

/// An account. Seen by themselves, by those who share a board with them, through `userByEmail`, and
/// as actor or author of what one may see.
#[derive(Clone)]
pub(in crate::graphql) struct User {
    user: Arc<domain::User>,
    own: bool,
}

impl User {
    /// An account as somebody else, or perhaps its owner, sees it.
    pub(in crate::graphql) fn seen_by(viewer: Viewer, user: impl Into<Arc<domain::User>>) -> Self {
        let user = user.into();
        Self { own: user.key == viewer.key, user }
    }

    /// The actor or author of something on a board that the viewer may see; `None` when the account
    /// is gone.
    pub(super) async fn actor(ctx: &Context<'_>, id: Option<UserKey>) -> Result<Option<Self>> {
        let Some(id) = id else {
            return Ok(None);
        };
        let viewer = ctx.viewer()?;
        let user = ctx.loaders()?.actor().load(id).await?;
        Ok(user.map(|user| Self::seen_by(viewer, user)))
    }

    /// An account as its owner sees it.
    pub(in crate::graphql) fn own(user: domain::User) -> Self {
        Self { user: Arc::new(user), own: true }
    }
}

/// An account. Seen by themselves, by those who share a board with them, through `userByEmail`, and
/// as actor or author of what one may see.
#[Object]
impl User {
    /// Opaque; cannot be guessed.
    pub(in crate::graphql) async fn id(&self) -> ID {
        self.user.id.to_public().into()
    }

    /// The e-mail address as it was written. Unique, compared without case.
    async fn email(&self) -> &str {
        &self.user.email
    }

    /// When the account was made. Only on the viewer's own account; null for everybody else.
    async fn created_at(&self) -> Option<DateTime> {
        self.own.then(|| self.user.created_at.into())
    }

    /// When address or password last changed. Only on the viewer's own account; null for
    /// everybody else.
    async fn updated_at(&self) -> Option<DateTime> {
        self.own.then(|| self.user.updated_at.into())
    }
}

impl Pure for User {}
