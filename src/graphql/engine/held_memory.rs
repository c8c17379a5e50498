//! The memory of a response that is ready.

use std::sync::Arc;

use super::budget::Budget;
use super::sending::Transfer;

/// Holds the memory of a response until it is dropped.
pub struct HeldMemory(Arc<Budget>);

impl HeldMemory {
    pub(in crate::graphql) fn of(budget: Arc<Budget>) -> Self {
        Self(budget)
    }

    /// Begins to send the responses that hold this memory, in one transfer. `close` closes its connection. `None` if they
    /// hold no memory that others could need.
    pub(in crate::graphql) fn transfer<'m>(
        all: impl IntoIterator<Item = &'m Self>,
        close: impl Fn() + Send + 'static,
    ) -> Option<Transfer> {
        let (mut bytes, mut memory) = (0, None);
        for Self(budget) in all {
            bytes += budget.reserved();
            memory = Some(budget.memory());
        }
        memory.filter(|_| bytes > 0).map(|memory| memory.transfers.begin(bytes, close))
    }
}
