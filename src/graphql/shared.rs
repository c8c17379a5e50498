//! What all requests of a process share.

use std::sync::Arc;

use super::engine::Memory;
use super::loaders::BoardCache;
use crate::service::Services;

/// The state that all requests of the process share.
pub(super) struct Shared {
    pub(super) services: Arc<Services>,
    pub(super) cache: BoardCache,
    pub(super) memory: Arc<Memory>,
    /// The maximum bytes of text in a response.
    pub(super) max_text: usize,
}
