//! Log-ins.

use super::{SessionId, Timestamp};

/// One log-in on one device.
#[derive(Clone, Debug)]
pub struct Session {
    /// Key.
    pub id: SessionId,
    /// When the user logged in.
    pub created_at: Timestamp,
    /// When it was last refreshed; at first, when the user logged in.
    pub last_used_at: Timestamp,
    /// When it ends unless it is refreshed.
    pub expires_at: Timestamp,
    /// What the client called itself at log-in.
    pub user_agent: Option<String>,
}
