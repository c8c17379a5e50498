//! Accounts.

use std::sync::Arc;

use async_graphql::{ID, Object, SimpleObject};

use crate::domain::{self, PublicId, Viewer};
use crate::graphql::scalars::DateTime;

/// An account. Seen by themselves, by those who share a board with them, and through
/// `userByEmail`.
#[derive(Clone)]
pub(in crate::graphql) struct User {
    user: Arc<domain::User>,
    own: bool,
}

impl User {
    /// An account as somebody else, or perhaps its owner, sees it.
    pub(in crate::graphql) fn seen_by(viewer: Viewer, user: impl Into<Arc<domain::User>>) -> Self {
        let user = user.into();
        Self { own: user.id == viewer.id, user }
    }

    /// An account as its owner sees it.
    pub(in crate::graphql) fn own(user: domain::User) -> Self {
        Self { user: Arc::new(user), own: true }
    }
}

/// An account. Seen by themselves, by those who share a board with them, and through
/// `userByEmail`.
#[Object]
impl User {
    /// Opaque; cannot be guessed.
    pub(in crate::graphql) async fn id(&self) -> ID {
        self.user.key.to_public().into()
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

/// An account in a list.
#[derive(SimpleObject)]
pub(in crate::graphql) struct UserEdge {
    /// The account's place in the list, for `after` and `before`.
    cursor: String,
    /// The account.
    node: User,
}
