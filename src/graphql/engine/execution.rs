//! What belongs to the execution of one request.

use std::sync::Arc;

use super::budget::{Budget, Memory};
use super::scheduler::BatchScheduler;

/// The scheduler and the budget of one request.
pub(in crate::graphql) struct Execution {
    pub(in crate::graphql) scheduler: Arc<BatchScheduler>,
    pub(in crate::graphql) budget: Arc<Budget>,
}

impl Execution {
    /// For a response with at most `max_text` bytes of text.
    pub(in crate::graphql) fn new(memory: Arc<Memory>, max_text: usize) -> Self {
        Self { scheduler: Arc::default(), budget: Arc::new(Budget::new(memory, max_text)) }
    }
}
