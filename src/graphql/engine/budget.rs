//! What a request may take: memory, text in its answer, and reading.
//!
//! What a query costs is known before it runs, by the sizes of its pages; how long texts are, and how much a
//! search has to read, is only known while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::cost::Cost;
use crate::domain::{Error, Result};

/// Memory is reserved in steps, so that small requests do not all count on one number; each has the first
/// step for nothing.
const STEP: usize = 256 << 10;

/// How long a request waits for memory at a time. (Of a batch, the answers before may hold what it waits for.)
const WAIT: Duration = Duration::from_secs(5);

/// The memory that all requests of this process may take together.
pub(in crate::graphql) struct Memory {
    capacity: usize,
    reserved: AtomicUsize,
    /// Told whenever some is free again.
    freed: Notify,
    /// One request at a time runs again that has found too little.
    rerun: Semaphore,
}

impl Memory {
    /// So many bytes.
    pub(in crate::graphql) fn new(capacity: usize) -> Self {
        let (reserved, freed) = Default::default();
        Self { capacity, reserved, freed, rerun: Semaphore::new(1) }
    }

    fn reserve(&self, bytes: usize) -> bool {
        let free = |reserved: usize| Some(reserved + bytes).filter(|all| *all <= self.capacity);
        self.reserved.fetch_update(Ordering::Relaxed, Ordering::Relaxed, free).is_ok()
    }

    fn free(&self, bytes: usize) {
        if bytes > 0 {
            self.reserved.fetch_sub(bytes, Ordering::Relaxed);
            self.freed.notify_waiters();
        }
    }

    async fn half_free(&self) {
        loop {
            let freed = self.freed.notified();
            if self.reserved.load(Ordering::Relaxed) <= self.capacity / 2 {
                return;
            }
            freed.await;
        }
    }
}

/// What one request has taken and may take. What it has reserved is free again when this is dropped: when
/// its answer has been sent.
pub(in crate::graphql) struct Budget {
    memory: Arc<Memory>,
    /// What has been loaded. Loads may run while objects are put together.
    loaded: AtomicUsize,
    /// What has been put together.
    objects: AtomicUsize,
    reserved: AtomicUsize,
    /// Whether there was too little memory.
    short: AtomicBool,
    text: AtomicUsize,
    max_text: usize,
    /// What is left of the complexity.
    work: AtomicU64,
}

impl Budget {
    /// For a request whose answer may have so many bytes of text.
    pub(in crate::graphql) fn new(memory: Arc<Memory>, max_text: usize) -> Self {
        let (loaded, objects, reserved, text) = Default::default();
        let (short, work) = (AtomicBool::new(false), AtomicU64::new(Cost::MAX));
        Self { memory, loaded, objects, reserved, short, text, max_text, work }
    }

    /// Takes memory for what is loaded; SERVICE_UNAVAILABLE when the process has none left, QUERY_TOO_COMPLEX
    /// when it never has so much.
    pub(in crate::graphql) fn take(&self, bytes: usize) -> Result<()> {
        self.loaded.fetch_add(bytes, Ordering::Relaxed);
        self.reserve()
    }

    /// Reserves what has been taken and is not reserved yet.
    fn reserve(&self) -> Result<()> {
        let taken = self.bytes();
        let reserved = self.reserved.load(Ordering::Relaxed);
        if taken <= reserved + STEP {
            return Ok(());
        }
        let more = (taken - reserved - STEP).next_multiple_of(STEP);
        if reserved + more > self.memory.capacity {
            return Err(Error::TooLarge { mib: self.memory.capacity >> 20 });
        }
        if !self.memory.reserve(more) {
            if !self.short.swap(true, Ordering::Relaxed) {
                tracing::warn!("requests under way need more than GRAPHQL_MEMORY_MIB");
            }
            return Err(Error::Unavailable);
        }
        self.reserved.fetch_add(more, Ordering::Relaxed);
        Ok(())
    }

    /// Whether there was too little memory.
    pub(super) fn is_short(&self) -> bool {
        self.short.load(Ordering::Relaxed)
    }

    /// Gives back all memory, and waits until the request may run again, with a `permit`, and half of all memory
    /// is free. Whether that came to be in time.
    pub(super) async fn wait<'b>(&'b self, permit: &mut Option<SemaphorePermit<'b>>) -> bool {
        self.short.store(false, Ordering::Relaxed);
        self.memory.free(self.reserved.swap(0, Ordering::Relaxed));
        if permit.is_none() {
            *permit = self.memory.rerun.acquire().await.ok();
        }
        timeout(WAIT, self.memory.half_free()).await.is_ok()
    }

    /// Takes memory for an object of the answer, and for the `text` in it; QUERY_TOO_COMPLEX when the answer has
    /// too much text.
    pub(super) fn take_object(&self, bytes: usize, text: usize) -> Result<()> {
        let all = self.text.fetch_add(text, Ordering::Relaxed).saturating_add(text);
        if all > self.max_text {
            return Err(Error::TooLong { kib: self.max_text / 1024 });
        }
        self.objects.fetch_add(bytes + text, Ordering::Relaxed);
        self.reserve()
    }

    /// Gives back what was taken for objects that are gone.
    pub(super) fn drop_objects(&self, bytes: usize) {
        self.objects.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// How many bytes have been taken.
    pub(super) fn bytes(&self) -> usize {
        self.loaded.load(Ordering::Relaxed) + self.objects.load(Ordering::Relaxed)
    }

    /// Forgets what has been taken, before the query runs again.
    pub(super) fn reset(&self) {
        for counter in [&self.loaded, &self.objects, &self.text] {
            counter.store(0, Ordering::Relaxed);
        }
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

    /// What has been put together so far, for [`Budget::restore`].
    pub(super) fn objects(&self) -> Objects {
        let (bytes, text) = (&self.objects, &self.text);
        Objects { bytes: bytes.load(Ordering::Relaxed), text: text.load(Ordering::Relaxed) }
    }

    /// Forgets what has been put together since.
    pub(super) fn restore(&self, Objects { bytes, text }: Objects) {
        self.objects.store(bytes, Ordering::Relaxed);
        self.text.store(text, Ordering::Relaxed);
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        self.memory.free(*self.reserved.get_mut());
    }
}

/// What a request had put together at some time.
#[derive(Clone, Copy)]
pub(super) struct Objects {
    bytes: usize,
    text: usize,
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn memory_is_bounded_and_comes_back() {
        let memory = Arc::new(Memory::new(2 * STEP));
        let budget = || Budget::new(Arc::clone(&memory), usize::MAX);
        let (one, other) = (budget(), budget());
        assert_eq!(one.take(3 * STEP), Ok(()));
        assert_eq!(other.take(STEP), Ok(()));
        assert_eq!(other.take(1), Err(Error::Unavailable));
        let mut permit = None;
        assert!(other.is_short() && other.wait(&mut permit).now_or_never().is_none());
        drop(one);
        assert!(other.wait(&mut permit).await && !other.is_short());
        other.reset();
        assert_eq!(other.take(1), Ok(()));
        assert_eq!(other.take(3 * STEP), Err(Error::TooLarge { mib: 0 }));
    }

    #[test]
    fn text_and_work_are_bounded() {
        let budget = Budget::new(Arc::new(Memory::new(0)), 2048);
        assert_eq!(budget.take_object(100, 2048), Ok(()));
        assert_eq!(budget.take_object(100, 1), Err(Error::TooLong { kib: 2 }));
        budget.set_work(5);
        assert_eq!(budget.work(4), Ok(()));
        assert_eq!(budget.work(2), Err(Error::TooMuchWork { cost: 2, left: 1 }));
    }
}
