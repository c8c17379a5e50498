//! What the loaders of a request need.

use std::sync::Arc;

use super::shared::Shared;
use crate::domain::{Error, Result, Timestamp, Viewer};
use crate::graphql::engine::RequestState;
use crate::store::{Conn, Snapshot};

/// The state that all loaders of a request share.
pub(in crate::graphql) struct LoadContext {
    pub(super) db: Snapshot,
    pub(super) shared: Arc<Shared>,
    pub(super) viewer: Option<Viewer>,
    pub(super) state: Arc<RequestState>,
}

impl LoadContext {
    /// The viewer on whose behalf the data is read.
    pub(super) fn viewer(&self) -> Result<Viewer> {
        self.state.note_viewer();
        self.viewer.ok_or(Error::Unauthenticated)
    }

    /// The current time.
    pub(super) fn now(&self) -> Timestamp {
        self.db.now()
    }

    /// The connection to read with.
    pub(super) async fn read(&self) -> Result<Conn> {
        self.db.read().await
    }
}
