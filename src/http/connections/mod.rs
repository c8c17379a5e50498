//! The connections of the server: accept, time limits and graceful shutdown.

mod connection;
mod groups;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1::Builder;
use hyper_util::rt::TokioTimer;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;

use connection::Connection;
pub(super) use connection::Cut;
use groups::{Group, Groups};

/// The kernel closes a connection whose client is gone: if sent bytes are not acknowledged for this long and the write
/// timeout, because it also ends what a client does not read; or if keepalive probes are not answered.
const UNACKNOWLEDGED: Duration = Duration::from_mins(1);

/// The pause after a connection could not be accepted for lack of resources.
const PAUSE: Duration = Duration::from_millis(100);

/// The time limits of connections.
pub struct Connections {
    /// The maximum time until a client has sent the complete head of a request. (`axum::serve` has no
    /// such limit, so silent connections would stay open for ever.)
    pub idle: Duration,
    /// The maximum time that a write may wait for the client to read.
    pub write: Duration,
    /// The maximum time that requests in progress may take to complete when the server stops.
    pub grace: Duration,
    /// The maximum number of open connections. When it is reached, the oldest ones are closed as soon as they are
    /// idle, so that idle connections do not keep others out.
    pub max: usize,
}

impl Connections {
    /// Serves until `stop` is ready, then lets requests in progress complete, for at most `grace`.
    pub async fn serve(
        self,
        listener: TcpListener,
        router: Router,
        stop: impl Future<Output = ()>,
    ) {
        // HTTP/1 only: to detect HTTP/2 without TLS, the server would wait for the first bytes without a
        // time limit.
        let mut builder = Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(self.idle);
        let (slots, mut groups) = (Arc::new(Semaphore::new(self.max)), Groups::new(self.max));
        // Aborts them when it is dropped.
        let mut connections = JoinSet::new();
        let mut begin = |group: &Group, stream, peer, slot: Option<OwnedSemaphorePermit>| {
            let connection = Connection::new(&builder, router.clone(), self.bounded(stream), peer);
            let running = connection.run(group.enter());
            while connections.try_join_next().is_some() {}
            connections.spawn(async move {
                running.await;
                drop(slot);
            });
        };
        let mut stop = std::pin::pin!(stop);
        loop {
            let is_full = slots.available_permits() == 0;
            if is_full && !groups.is_closing() {
                groups.close_oldest();
            }
            let accept = async {
                let slot = Arc::clone(&slots).acquire_owned().await;
                (slot, listener.accept().await)
            };
            tokio::select! {
                (Ok(slot), accepted) = accept => match accepted {
                    Ok((stream, peer)) => begin(groups.newest(), stream, peer, Some(slot)),
                    Err(error) => if refused(&error).await {
                        groups.close_oldest();
                    },
                },
                // The connections of the oldest group are busy.
                () = tokio::time::sleep(PAUSE), if is_full => groups.close_oldest(),
                () = &mut stop => break,
            }
        }
        for (stream, peer) in rest(listener) {
            begin(groups.newest(), stream, peer, None);
        }
        if tokio::time::timeout(self.grace, groups.close_all()).await.is_err() {
            tracing::warn!("the shutdown timed out: requests in progress were aborted");
        }
    }

    /// A stream that fails when the client does not read within the write timeout.
    fn bounded(&self, stream: TcpStream) -> TimeoutStream<TcpStream> {
        // Most responses are written in one piece, so there is nothing for Nagle's algorithm to collect.
        let _ = stream.set_nodelay(true);
        let socket = SockRef::from(&stream);
        let probes =
            TcpKeepalive::new().with_time(UNACKNOWLEDGED / 2).with_interval(UNACKNOWLEDGED / 6);
        let _ = socket.set_tcp_keepalive(&probes);
        #[cfg(target_os = "linux")]
        let _ = socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED + self.write));
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.write));
        stream
    }
}

/// Stops listening. Returns the connections that the system has already accepted, which it would reset otherwise.
fn rest(listener: TcpListener) -> Vec<(TcpStream, SocketAddr)> {
    let Ok(listener) = listener.into_std() else { return Vec::new() };
    let accepted = std::iter::from_fn(|| listener.accept().ok());
    let open = |(stream, peer): (std::net::TcpStream, SocketAddr)| {
        stream.set_nonblocking(true).ok()?;
        Some((TcpStream::from_std(stream).ok()?, peer))
    };
    accepted.filter_map(open).collect()
}

/// Handles a failed accept; returns whether resources are exhausted. Errors of a single client are ignored; others,
/// such as too many open files, are logged and followed by a pause.
async fn refused(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        return false;
    }
    tracing::error!(%error, "cannot accept connections");
    tokio::time::sleep(PAUSE).await;
    true
}
