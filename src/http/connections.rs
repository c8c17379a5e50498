//! The connections of the server: accept, time limits and graceful shutdown.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::server::conn::http1::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

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
        let connections = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        begin(&builder, &connections, &router, self.bounded(stream), peer);
                    },
                    Err(error) => refused(&error).await,
                },
                () = &mut stop => break,
            }
        }
        drop(listener);
        tracing::info!("stopping");
        if tokio::time::timeout(self.grace, connections.shutdown()).await.is_err() {
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

type Stream = Pin<Box<TimeoutStream<TcpStream>>>;

fn begin(
    builder: &Builder,
    connections: &GracefulShutdown,
    router: &Router,
    stream: Stream,
    peer: SocketAddr,
) {
    let service = router.clone().map_request(move |mut request: Request<_>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    });
    let service = TowerToHyperService::new(service);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection was closed with an error");
        }
    });
}

/// Handles a failed accept. Errors of a single client are ignored; others, such as too many open files,
/// are logged and followed by a pause.
async fn refused(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "cannot accept connections");
        tokio::time::sleep(PAUSE).await;
    }
}
