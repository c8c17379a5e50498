//! When the database was out of reach.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The end of the latest outage.
///
/// The connections that were open then are closed, even if the network would carry on with them: nobody knows which of
/// them are dead, and TCP takes long to find out.
#[derive(Clone, Default)]
pub(super) struct Outage(Arc<Mutex<Option<Instant>>>);

impl Outage {
    /// Whether a connection that was opened at this time is from before the end of the latest outage.
    pub(super) fn has_cut(&self, opened: Instant) -> bool {
        let end = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        end.is_some_and(|end| opened < end)
    }

    pub(super) fn ends(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}
