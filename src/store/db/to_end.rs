//! Futures that run to their end even if they are dropped.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;

use crate::domain::{Error, Result};

/// Runs as a part of its caller. If the caller is dropped, the rest runs in a task of its own: to begin such a task each
/// time would wake another thread. A panic becomes an internal error.
pub(super) struct ToEnd<T: Send + 'static>(Option<BoxFuture<'static, Result<T>>>);

impl<T: Send + 'static> ToEnd<T> {
    pub(super) fn new(work: impl Future<Output = Result<T>> + Send + 'static) -> Self {
        let caught = AssertUnwindSafe(work).catch_unwind();
        let ended = caught.map(|done| {
            done.unwrap_or_else(|_| {
                tracing::error!("a transaction panicked");
                Err(Error::Internal)
            })
        });
        Self(Some(ended.boxed()))
    }
}

impl<T: Send + 'static> Future for ToEnd<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = &mut self.0 else { return Poll::Ready(Err(Error::Internal)) };
        let done = ready!(work.as_mut().poll(cx));
        self.0 = None;
        Poll::Ready(done)
    }
}

impl<T: Send + 'static> Drop for ToEnd<T> {
    fn drop(&mut self) {
        if let (Some(rest), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(rest);
        }
    }
}
