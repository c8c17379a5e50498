//! Sessions.

use super::{SessionId, Timestamp};

/// A session: one log-in on one device.
#[derive(Clone, Debug)]
pub struct Session {
    /// The database key.
    pub id: SessionId,
    /// When the user logged in.
    pub created_at: Timestamp,
    /// When the session was last refreshed; before the first refresh, when the user logged in.
    pub last_used_at: Timestamp,
    /// When the session expires unless it is refreshed.
    pub expires_at: Timestamp,
    /// The `User-Agent` header of the log-in request.
    pub user_agent: Option<String>,
    /// The network from which the user logged in, e.g. `192.0.2.0/24`.
    pub network: Option<String>,
}
