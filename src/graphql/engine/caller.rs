//! What the engine has to know about whoever sends a request.

use std::sync::Arc;

use super::request_state::RequestState;
use crate::domain::{Error, UserKey};
use crate::store::{ReadMode, Snapshot};

/// The caller of one request. Resolvers find it as `Arc<C>` in the data of their context.
pub(in crate::graphql) trait Caller: Send + Sync + 'static {
    /// The key of the user who is logged in, if any.
    fn viewer_key(&self) -> Option<UserKey>;

    /// Why the access token was rejected.
    fn auth_error(&self) -> Option<&Error>;

    /// The ID of the request, as in the log.
    fn request_id(&self) -> &str;

    /// The scheduler and the budget of the request.
    fn state(&self) -> &Arc<RequestState>;

    /// Begins a snapshot for the resolvers, which read in this mode.
    fn begin(&self, mode: ReadMode) -> Snapshot;

    /// Drops everything that the resolvers have loaded.
    fn forget(&self);
}
