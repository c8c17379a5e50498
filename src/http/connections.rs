//! The connections of the server: accept, time limits and graceful shutdown.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use futures_util::future::join_all;
use hyper::body::Incoming;
use hyper::server::conn::http1::{Builder, UpgradeableConnection};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;

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

/// Into how many groups the connections are divided; the oldest group is closed as a whole.
const GROUPS: usize = 16;

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
                    Ok((stream, peer)) => {
                        begin(&builder, groups.newest(), &router, self.bounded(stream), peer, slot);
                    },
                    Err(error) => if refused(&error).await {
                        groups.close_oldest();
                    },
                },
                // The connections of the oldest group are busy.
                () = tokio::time::sleep(PAUSE), if is_full => groups.close_oldest(),
                () = &mut stop => break,
            }
        }
        drop(listener);
        tracing::info!("stopping");
        if tokio::time::timeout(self.grace, groups.close_all()).await.is_err() {
            tracing::warn!("the shutdown timed out: requests in progress were aborted");
        }
    }

    /// A stream that fails when the client does not read within the write timeout.
    fn bounded(&self, stream: TcpStream) -> Stream {
        // Most responses are written in one piece, so there is nothing for Nagle's algorithm to collect.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.write));
        Box::pin(stream)
    }
}

/// Connections that are closed together. (hyper-util's `GracefulShutdown` does not take connections that may be upgraded
/// to WebSockets.)
#[derive(Default)]
struct Group(watch::Sender<()>);

impl Group {
    /// Runs a connection, and ends it after the request in progress when the group is closed.
    fn watch(
        &self,
        connection: UpgradeableConnection<TokioIo<Stream>, TowerToHyperService<Service>>,
    ) -> impl Future<Output = hyper::Result<()>> + use<> {
        let mut closing = self.0.subscribe();
        async move {
            let mut connection = pin!(connection);
            tokio::select! {
                ended = connection.as_mut() => return ended,
                _ = closing.changed() => connection.as_mut().graceful_shutdown(),
            }
            connection.await
        }
    }

    fn count(&self) -> usize {
        self.0.receiver_count()
    }

    async fn close(self) {
        self.0.send_replace(());
        self.0.closed().await;
    }
}

/// Connections in the order in which they began.
struct Groups {
    newest: Group,
    /// How many connections the newest group has had.
    count: usize,
    /// The maximum number of connections of a group.
    size: usize,
    older: VecDeque<Group>,
    /// Groups that end when their connections are idle.
    closing: JoinSet<()>,
}

impl Groups {
    fn new(max: usize) -> Self {
        let (newest, older, closing) = Default::default();
        Self { newest, count: 0, size: max.div_ceil(GROUPS), older, closing }
    }

    /// The group of a new connection.
    fn newest(&mut self) -> &Group {
        if self.count == self.size {
            self.older.push_back(std::mem::take(&mut self.newest));
            self.older.retain(|group| group.count() > 0);
            self.count = 0;
        }
        self.count += 1;
        &self.newest
    }

    /// Whether a group has yet to end.
    fn is_closing(&mut self) -> bool {
        while self.closing.try_join_next().is_some() {}
        !self.closing.is_empty()
    }

    /// Lets the oldest connections end when they are idle.
    fn close_oldest(&mut self) {
        let oldest = self.older.pop_front().unwrap_or_else(|| std::mem::take(&mut self.newest));
        self.closing.spawn(oldest.close());
    }

    async fn close_all(mut self) {
        join_all(self.older.into_iter().chain([self.newest]).map(Group::close)).await;
        while self.closing.join_next().await.is_some() {}
    }
}

type Stream = Pin<Box<TimeoutStream<TcpStream>>>;

/// Ends a connection at once, even if its client does not read what was sent.
#[derive(Clone, Default)]
pub(super) struct Cut(Arc<Notify>);

impl Cut {
    pub(super) fn now(&self) {
        self.0.notify_one();
    }
}

/// Tells the routes the address of the client, and gives them the means to cut it off.
#[derive(Clone)]
struct Service {
    router: Router,
    peer: SocketAddr,
    cut: Cut,
}

impl tower::Service<Request<Incoming>> for Service {
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(ConnectInfo(self.peer));
        request.extensions_mut().insert(self.cut.clone());
        self.router.call(request)
    }
}

fn begin(
    builder: &Builder,
    connections: &Group,
    router: &Router,
    stream: Stream,
    peer: SocketAddr,
    slot: OwnedSemaphorePermit,
) {
    let cut = Cut::default();
    let service = Service { router: router.clone(), peer, cut: cut.clone() };
    let service = TowerToHyperService::new(service);
    let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        tokio::select! {
            ended = connection => if let Err(error) = ended {
                tracing::debug!(%error, "a connection was closed with an error");
            },
            () = cut.0.notified() => {}
        }
        drop(slot);
    });
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
