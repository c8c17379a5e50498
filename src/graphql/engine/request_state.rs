//! What the parts of one request share while it is executed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::budget::{Budget, Memory};
use super::scheduler::BatchScheduler;

/// The scheduler and the budget of one request, and whether its response depends on the viewer.
pub(in crate::graphql) struct RequestState {
    pub(in crate::graphql) scheduler: Arc<BatchScheduler>,
    pub(in crate::graphql) budget: Arc<Budget>,
    /// Whether the response depends on the viewer.
    is_personal: AtomicBool,
}

impl RequestState {
    /// For a response with at most `max_text` bytes of text.
    pub(in crate::graphql) fn new(memory: Arc<Memory>, max_text: usize) -> Self {
        Self {
            scheduler: Arc::default(),
            budget: Arc::new(Budget::new(memory, max_text)),
            is_personal: AtomicBool::new(false),
        }
    }

    /// Records that something has asked who the viewer is. The response must not be shared with other viewers.
    pub(in crate::graphql) fn note_viewer(&self) {
        self.is_personal.store(true, Ordering::Relaxed);
    }

    /// Whether the response depends on the viewer.
    pub(in crate::graphql) fn is_personal(&self) -> bool {
        self.is_personal.load(Ordering::Relaxed)
    }
}
