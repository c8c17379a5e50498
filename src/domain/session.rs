//! Sessions.

use super::{SessionId, Timestamp};

/// How long a session lasts, in days.
#[derive(Clone, Copy)]
pub struct Lifetime {
    /// Since the last refresh.
    pub unused: u32,
    /// Since the log-in, however often it is refreshed.
    pub longest: u32,
}

impl Lifetime {
    /// When a session ends that began then and is refreshed now.
    pub fn end(self, began: Timestamp, now: Timestamp) -> Timestamp {
        now.days_after(self.unused).min(began.days_after(self.longest))
    }
}

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
