//! The end of the server, in two steps: it says that it stops, and later it stops.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::{HeaderValue, Response, StatusCode, header};

use super::State;

/// Whether the server has been told to stop.
#[derive(Clone, Default)]
pub(super) struct Draining(Arc<AtomicBool>);

impl Draining {
    pub(super) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Asks the client for a new connection, which a load balancer gives to another instance.
    pub(super) fn mark<B>(&self, mut response: Response<B>) -> Response<B> {
        // The header of a WebSocket's handshake has another meaning.
        if self.has_begun() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// Stops what the routes leave open.
pub struct Drain(pub(super) State);

impl Drain {
    /// From now on the server is not ready, and each response closes its connection.
    pub fn begin(&self) {
        self.0.draining.0.store(true, Ordering::Relaxed);
    }

    /// Ends all WebSockets and event streams, within a second or two.
    pub async fn end_streams(&self) {
        self.0.live.stop().await;
    }
}
