//! The limits of a running request: memory, text in the response, and data read by searches.
//!
//! The cost of a query is known before it runs, from its page sizes. The length of texts and the amount
//! of data that a search reads are known only while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::cost::Cost;
use super::sending::{Transfer, Transfers};
use crate::domain::{Error, Result};

/// Memory is reserved in steps of this many bytes, to avoid contention on one counter. The first step of
/// each request is not reserved.
const STEP: usize = 256 << 10;

/// The approximate memory of an error: its path, its locations and its extensions.
const ERROR_BYTES: usize = 2048;

/// The number of errors after which a query is stopped.
pub(super) const STOP_AFTER_ERRORS: usize = 1000;

/// How long a request waits for memory before it fails. (In a batch, the responses before it may hold
/// that memory.)
const WAIT: Duration = Duration::from_secs(10);

/// The interval in which a waiting request checks for clients that read slowly.
const SLOW_CLIENT_CHECK: Duration = Duration::from_millis(250);

/// The memory that all requests of this process may use together.
pub(in crate::graphql) struct Memory {
    capacity: usize,
    reserved: AtomicUsize,
    /// Notified when memory is released.
    freed: Notify,
    /// Requests that found too little memory run again one at a time.
    rerun: Semaphore,
    /// The responses that are being sent.
    transfers: Transfers,
}

impl Memory {
    /// `capacity` is in bytes.
    pub(in crate::graphql) fn new(capacity: usize) -> Self {
        let (reserved, freed, transfers) = Default::default();
        Self { capacity, reserved, freed, rerun: Semaphore::new(1), transfers }
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

    /// Waits until half of the capacity is free.
    async fn half_free(&self) {
        loop {
            let freed = self.freed.notified();
            if self.reserved.load(Ordering::Relaxed) <= self.capacity / 2 {
                return;
            }
            self.transfers.close_slow();
            let _ = timeout(SLOW_CLIENT_CHECK, freed).await;
        }
    }
}

/// The resources that a request has used and may use. Its reserved memory is released on drop, when the
/// response has been sent.
pub(in crate::graphql) struct Budget {
    memory: Arc<Memory>,
    /// Bytes of loaded rows. Loads may run while objects are resolved.
    loaded: AtomicUsize,
    /// Bytes of resolved objects.
    objects: AtomicUsize,
    /// The number of errors that are included in `objects`.
    errors: AtomicUsize,
    reserved: AtomicUsize,
    /// Whether a reservation has failed for lack of memory.
    short: AtomicBool,
    text: AtomicUsize,
    max_text: usize,
    /// The remaining complexity.
    complexity: AtomicU64,
}

impl Budget {
    /// A budget for a response with at most `max_text` bytes of text.
    pub(in crate::graphql) fn new(memory: Arc<Memory>, max_text: usize) -> Self {
        let (loaded, objects, errors, reserved, text) = Default::default();
        let (short, complexity) = (AtomicBool::new(false), AtomicU64::new(Cost::MAX));
        Self { memory, loaded, objects, errors, reserved, short, text, max_text, complexity }
    }

    /// Takes memory for loaded rows. SERVICE_UNAVAILABLE if the process has none left, QUERY_TOO_COMPLEX
    /// if the request needs more than the whole capacity.
    pub(in crate::graphql) fn take(&self, bytes: usize) -> Result<()> {
        self.loaded.fetch_add(bytes, Ordering::Relaxed);
        self.reserve()
    }

    /// Reserves the bytes that were taken but not reserved yet.
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
                tracing::warn!("requests in progress need more memory than GRAPHQL_MEMORY_MIB");
            }
            return Err(Error::Unavailable);
        }
        self.reserved.fetch_add(more, Ordering::Relaxed);
        Ok(())
    }

    /// Whether a reservation has failed for lack of memory.
    pub(in crate::graphql) fn is_short(&self) -> bool {
        self.short.load(Ordering::Relaxed)
    }

    /// Releases all memory, then waits for the `permit` to run again and for half of the capacity to be
    /// free. Returns false if the memory is not free in time.
    pub(super) async fn wait<'b>(&'b self, permit: &mut Option<SemaphorePermit<'b>>) -> bool {
        self.short.store(false, Ordering::Relaxed);
        self.memory.free(self.reserved.swap(0, Ordering::Relaxed));
        if permit.is_none() {
            *permit = self.memory.rerun.acquire().await.ok();
        }
        timeout(WAIT, self.memory.half_free()).await.is_ok()
    }

    /// Charges errors that are not charged yet. `errors` is their number in the response. The next object reserves the
    /// memory.
    pub(super) fn count_errors(&self, errors: usize) {
        let more = errors.saturating_sub(self.errors.fetch_max(errors, Ordering::Relaxed));
        if more > 0 {
            self.objects.fetch_add(more.saturating_mul(ERROR_BYTES), Ordering::Relaxed);
        }
    }

    /// Whether the response has more errors than a query may have.
    pub(super) fn has_too_many_errors(&self) -> bool {
        self.errors.load(Ordering::Relaxed) > STOP_AFTER_ERRORS
    }

    /// Takes memory for an object of the response and for the `text` in it, in bytes. QUERY_TOO_COMPLEX
    /// if the response has too much text.
    pub(super) fn take_object(&self, bytes: usize, text: usize) -> Result<()> {
        let all = self.text.fetch_add(text, Ordering::Relaxed).saturating_add(text);
        if all > self.max_text {
            return Err(Error::TooLong { kib: self.max_text / 1024 });
        }
        self.objects.fetch_add(bytes + text, Ordering::Relaxed);
        self.reserve()
    }

    /// Takes memory for objects that wait, which [`Budget::drop_objects`] releases.
    pub(super) fn take_waiting(&self, bytes: usize) -> Result<()> {
        self.objects.fetch_add(bytes, Ordering::Relaxed);
        self.reserve()
    }

    /// Releases the memory of objects that were dropped.
    pub(super) fn drop_objects(&self, bytes: usize) {
        self.objects.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Begins to send the responses of these requests, in one transfer. `close` closes its connection. `None` if they
    /// hold no memory that others could need.
    pub(in crate::graphql) fn transfer<'b>(
        all: impl IntoIterator<Item = &'b Arc<Self>>,
        close: impl Fn() + Send + 'static,
    ) -> Option<Transfer> {
        let (mut bytes, mut memory) = (0, None);
        for budget in all {
            bytes += budget.reserved.load(Ordering::Relaxed);
            memory = Some(&budget.memory);
        }
        memory.filter(|_| bytes > 0).map(|memory| memory.transfers.begin(bytes, close))
    }

    /// The number of bytes taken.
    pub(super) fn bytes(&self) -> usize {
        self.loaded.load(Ordering::Relaxed) + self.objects.load(Ordering::Relaxed)
    }

    /// Resets all counters before the query runs again.
    pub(super) fn reset(&self) {
        for counter in [&self.loaded, &self.objects, &self.errors, &self.text] {
            counter.store(0, Ordering::Relaxed);
        }
    }

    /// Sets the complexity that remains after the cost of the query.
    pub(in crate::graphql) fn set_complexity(&self, left: Cost) {
        self.complexity.store(left, Ordering::Relaxed);
    }

    /// Takes complexity for data that is read besides the rows of pages. QUERY_TOO_COMPLEX if too little
    /// is left.
    pub(in crate::graphql) fn take_complexity(&self, cost: Cost) -> Result<()> {
        let left = |complexity: Cost| complexity.checked_sub(cost);
        let left = self.complexity.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left);
        left.map(drop).map_err(|left| Error::TooMuchWork { cost, left })
    }

    fn object_counters(&self) -> [&AtomicUsize; 3] {
        [&self.objects, &self.errors, &self.text]
    }

    /// The counters of the objects resolved so far, for [`Budget::restore`].
    pub(super) fn save(&self) -> [usize; 3] {
        self.object_counters().map(|counter| counter.load(Ordering::Relaxed))
    }

    /// Forgets the objects resolved since they were saved.
    pub(super) fn restore(&self, saved: [usize; 3]) {
        for (counter, saved) in self.object_counters().into_iter().zip(saved) {
            counter.store(saved, Ordering::Relaxed);
        }
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        self.memory.free(*self.reserved.get_mut());
    }
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
    fn text_and_complexity_are_bounded() {
        let budget = Budget::new(Arc::new(Memory::new(0)), 2048);
        assert_eq!(budget.take_object(100, 2048), Ok(()));
        assert_eq!(budget.take_object(100, 1), Err(Error::TooLong { kib: 2 }));
        let before = budget.save();
        budget.count_errors(3);
        budget.count_errors(2);
        assert_eq!(budget.bytes(), 100 + 2048 + 3 * ERROR_BYTES);
        budget.restore(before);
        budget.count_errors(1);
        assert_eq!(budget.bytes(), 100 + 2048 + ERROR_BYTES);
        // After too much text, objects that wait take and release as much as before.
        assert_eq!(budget.take_object(0, 4096), Err(Error::TooLong { kib: 2 }));
        assert_eq!(budget.take_waiting(100), Ok(()));
        budget.drop_objects(100);
        assert_eq!(budget.bytes(), 100 + 2048 + ERROR_BYTES);
        budget.set_complexity(5);
        assert_eq!(budget.take_complexity(4), Ok(()));
        assert_eq!(budget.take_complexity(2), Err(Error::TooMuchWork { cost: 2, left: 1 }));
    }
}
