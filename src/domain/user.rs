//! Accounts.

use super::{Timestamp, UserId, UserKey};

/// An account.
#[derive(Clone, Debug)]
pub struct User {
    /// Key inside the database.
    pub id: UserId,
    /// Public name.
    pub key: UserKey,
    /// The address as it was written.
    pub email: String,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When its address or password last changed.
    pub updated_at: Timestamp,
}

/// Who asks: the account that a request's access token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Viewer {
    /// Key inside the database.
    pub id: UserId,
    /// Public name.
    pub key: UserKey,
}
