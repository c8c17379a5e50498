//! Accounts.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};

use crate::domain::{self, PublicId, Result, UserKey};
use crate::graphql::context::ContextExt;
use crate::graphql::engine::Pure;
use crate::graphql::schema::scalars::DateTime;

/// An account. It is visible to its own user, to users who share a board with it, through `userByEmail`,
/// and as the actor or author of something that the viewer may see.
#[derive(Clone)]
pub(in crate::graphql) struct User {
    user: Arc<domain::User>,
    /// Whether it is known to be the viewer's own account, who may have just logged in.
    own: bool,
}

impl User {
    /// An account, which may be the viewer's own.
    pub(in crate::graphql) fn new(user: impl Into<Arc<domain::User>>) -> Self {
        Self { user: user.into(), own: false }
    }

    /// The actor or author of something on a board that the viewer may see; `None` if the account was
    /// deleted.
    pub(super) async fn actor(ctx: &Context<'_>, id: Option<UserKey>) -> Result<Option<Self>> {
        let Some(id) = id else {
            return Ok(None);
        };
        Ok(ctx.loaders()?.actor().load(id).await?.map(Self::new))
    }

    /// The viewer's own account.
    pub(in crate::graphql) fn own(user: domain::User) -> Self {
        Self { user: Arc::new(user), own: true }
    }

    fn is_own(&self, ctx: &Context<'_>) -> bool {
        self.own || ctx.viewer().is_ok_and(|viewer| viewer.key == self.user.key)
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

    /// The name that people see: the part of the e-mail address before the @, until the user sets another.
    fn name(&self) -> &str {
        &self.user.name
    }

    /// The e-mail address, as it was written. Unique, compared case-insensitively.
    fn email(&self) -> &str {
        &self.user.email
    }

    /// The time when the user verified the e-mail address; null if they have not. Null unless it is the viewer's own
    /// account.
    fn email_verified_at(&self, ctx: &Context<'_>) -> Option<DateTime> {
        let verified = self.user.email_verified_at.filter(|_| self.is_own(ctx));
        verified.map(Into::into)
    }

    /// The time when the account was created. Null unless it is the viewer's own account.
    fn created_at(&self, ctx: &Context<'_>) -> Option<DateTime> {
        self.is_own(ctx).then(|| self.user.created_at.into())
    }

    /// The time when the name, e-mail address or password last changed. Null unless it is the viewer's own
    /// account.
    fn updated_at(&self, ctx: &Context<'_>) -> Option<DateTime> {
        self.is_own(ctx).then(|| self.user.updated_at.into())
    }
}

impl Pure for User {}
