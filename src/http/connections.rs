//! Connections: accepted, bounded in time, ended in peace.

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

/// How long to wait when the system has no room for another connection.
const PAUSE: Duration = Duration::from_millis(100);

/// How long connections may take.
pub struct Connections {
    /// How long one may be without the whole head of a request. (`axum::serve` has no limit there, and
    /// connections that say nothing would stay for ever.)
    pub idle: Duration,
    /// How long a client may take none of what is written to it.
    pub write: Duration,
    /// How long requests under way may take to end when the server stops.
    pub grace: Duration,
}

impl Connections {
    /// Serves until `stop` is ready, then lets requests under way end.
    pub async fn serve(
        self,
        listener: TcpListener,
        router: Router,
        stop: impl Future<Output = ()>,
    ) {
        // HTTP/2 without TLS would need a look at the first bytes, for which there is no time limit.
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
            tracing::warn!("requests under way were cut short");
        }
    }

    /// A connection that fails when its client takes nothing.
    fn bounded(&self, stream: TcpStream) -> Stream {
        // Answers are sent when they are ready, in one piece mostly.
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
            tracing::debug!(%error, "a connection has ended");
        }
    });
}

/// A client that was gone at once is no matter; that no files are left is one, for a moment.
async fn refused(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "no connection can be accepted");
        tokio::time::sleep(PAUSE).await;
    }
}
