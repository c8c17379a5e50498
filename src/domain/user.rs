//! User accounts and clients.

use super::{SessionId, Timestamp, UserId, UserKey};

/// A user account.
#[derive(Clone, Debug)]
pub struct User {
    /// The database key.
    pub key: UserKey,
    /// The public ID.
    pub id: UserId,
    /// The e-mail address as the user entered it.
    pub email: String,
    /// The name that other users see.
    pub name: String,
    /// When the user showed that the address is theirs.
    pub email_verified_at: Option<Timestamp>,
    /// When the account was created.
    pub created_at: Timestamp,
    /// When the name, the e-mail address or the password last changed.
    pub updated_at: Timestamp,
}

/// The authenticated user of a request: the account and the session of its access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Viewer {
    /// The database key.
    pub key: UserKey,
    /// The public ID.
    pub id: UserId,
    /// The session.
    pub session: SessionId,
}

/// The client that sent a request.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// The IP address, if known.
    pub address: Option<std::net::IpAddr>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
}
