//! What a request may take: memory, text in its answer, and reading.
//!
//! What a query costs is known before it runs, by the sizes of its pages; how long texts are, and how much a
//! search has to read, is only known while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::cost::Cost;
use crate::domain::{Error, Result};

/// Memory is reserved in steps, so that small requests do not all count on one number; each has the first
/// step for nothing.
const STEP: usize = 256 << 10;

/// The memory that all requests of this process may take together.
pub(in crate::graphql) struct Memory {
    capacity: usize,
    reserved: AtomicUsize,
}

impl Memory {
    /// So many bytes.
    pub(in crate::graphql) fn new(capacity: usize) -> Self {
        Self { capacity, reserved: AtomicUsize::new(0) }
    }

    fn reserve(&self, bytes: usize) -> Result<()> {
        let free = |reserved: usize| Some(reserved + bytes).filter(|all| *all <= self.capacity);
        let reserved = self.reserved.fetch_update(Ordering::Relaxed, Ordering::Relaxed, free);
        reserved.map(drop).map_err(|_| {
            tracing::warn!("requests under way need more than GRAPHQL_MEMORY_MIB");
            Error::Unavailable
        })
    }
}

/// What one request has taken and may take. What it has reserved is free again when this is dropped: when
/// its answer has been sent.
pub(in crate::graphql) struct Budget {
    memory: Arc<Memory>,
    taken: AtomicUsize,
    reserved: AtomicUsize,
    text: AtomicUsize,
    max_text: usize,
    /// What is left of the complexity.
    work: AtomicU64,
}

impl Budget {
    /// For a request whose answer may have so many bytes of text.
    pub(in crate::graphql) fn new(memory: Arc<Memory>, max_text: usize) -> Self {
        let (taken, reserved, text) = Default::default();
        Self { memory, taken, reserved, text, max_text, work: AtomicU64::new(Cost::MAX) }
    }

    /// Takes memory; SERVICE_UNAVAILABLE when the process has none left.
    pub(in crate::graphql) fn take(&self, bytes: usize) -> Result<()> {
        let taken = self.taken.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let reserved = self.reserved.load(Ordering::Relaxed);
        if taken <= reserved + STEP {
            return Ok(());
        }
        let more = (taken - reserved - STEP).next_multiple_of(STEP);
        self.memory.reserve(more)?;
        self.reserved.fetch_add(more, Ordering::Relaxed);
        Ok(())
    }

    /// Takes memory for a text of the answer; QUERY_TOO_COMPLEX when there is too much text.
    pub(in crate::graphql) fn take_text(&self, bytes: usize) -> Result<()> {
        let text = self.text.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if text > self.max_text {
            return Err(Error::TooLong { kib: self.max_text / 1024 });
        }
        self.take(bytes)
    }

    /// Says how much of the complexity is left when the query's own is taken off.
    pub(in crate::graphql) fn set_work(&self, left: Cost) {
        self.work.store(left, Ordering::Relaxed);
    }

    /// Takes off what has to be read beside the rows of pages; QUERY_TOO_COMPLEX when too little is left.
    pub(in crate::graphql) fn work(&self, cost: Cost) -> Result<()> {
        let left = |work: Cost| work.checked_sub(cost);
        let left = self.work.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left);
        left.map(drop).map_err(|left| Error::TooMuchWork { cost, left })
    }

    /// What has been taken so far, for [`Budget::restore`].
    pub(super) fn taken(&self) -> Taken {
        Taken { bytes: self.taken.load(Ordering::Relaxed), text: self.text.load(Ordering::Relaxed) }
    }

    /// Forgets what has been taken since.
    pub(super) fn restore(&self, taken: Taken) {
        self.taken.store(taken.bytes, Ordering::Relaxed);
        self.text.store(taken.text, Ordering::Relaxed);
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        self.memory.reserved.fetch_sub(*self.reserved.get_mut(), Ordering::Relaxed);
    }
}

/// What a request had taken at some time.
#[derive(Clone, Copy)]
pub(super) struct Taken {
    pub(super) bytes: usize,
    text: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_comes_back() {
        let memory = Arc::new(Memory::new(2 * STEP));
        let budget = || Budget::new(Arc::clone(&memory), usize::MAX);
        let (one, other) = (budget(), budget());
        assert_eq!(one.take(3 * STEP), Ok(()));
        assert_eq!(other.take(STEP), Ok(()));
        assert_eq!(other.take(1), Err(Error::Unavailable));
        drop(one);
        assert_eq!(other.take(1), Ok(()));
    }

    #[test]
    fn text_and_work_are_bounded() {
        let budget = Budget::new(Arc::new(Memory::new(0)), 2048);
        assert_eq!(budget.take_text(2048), Ok(()));
        assert_eq!(budget.take_text(1), Err(Error::TooLong { kib: 2 }));
        budget.set_work(5);
        assert_eq!(budget.work(4), Ok(()));
        assert_eq!(budget.work(2), Err(Error::TooMuchWork { cost: 2, left: 1 }));
    }
}
