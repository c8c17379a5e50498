//! What all requests of a process share.

use std::sync::Arc;

use super::cache::BoardCache;
use crate::graphql::engine::Memory;
use crate::service::Services;

/// The state that all requests of the process share.
pub(in crate::graphql) struct Shared {
    pub(in crate::graphql) services: Arc<Services>,
    pub(in crate::graphql) cache: BoardCache,
    pub(in crate::graphql) memory: Arc<Memory>,
    /// The maximum bytes of text in a response.
    pub(in crate::graphql) max_text: usize,
}
