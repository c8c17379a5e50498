//! Accounts.

use super::{SessionId, Timestamp, UserId, UserKey};

/// An account.
#[derive(Clone, Debug)]
pub struct User {
    /// Key inside the database.
    pub key: UserKey,
    /// Public name.
    pub id: UserId,
    /// The address as it was written.
    pub email: String,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When its address or password last changed.
    pub updated_at: Timestamp,
}

/// Who asks: the account and the session that a request's access token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Viewer {
    /// Key inside the database.
    pub key: UserKey,
    /// Public name.
    pub id: UserId,
    /// The log-in.
    pub session: SessionId,
}

/// The program on the other side.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// Where it is.
    pub address: Option<std::net::IpAddr>,
    /// What it calls itself.
    pub user_agent: Option<String>,
}
