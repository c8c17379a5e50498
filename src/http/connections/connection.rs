//! One connection: its end, and the bytes that it has received.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use hyper::body::Incoming;
use hyper::server::conn::http1::{Builder, UpgradeableConnection};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;

use crate::metrics;

/// How long a connection that is closed waits for the rest of the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(5);

/// A connection that serves requests.
pub(super) struct Connection {
    http: UpgradeableConnection<TokioIo<Stream>, TowerToHyperService<Service>>,
    line: Arc<Line>,
}

impl Connection {
    pub(super) fn new(
        builder: &Builder,
        router: Router,
        stream: TimeoutStream<TcpStream>,
        peer: SocketAddr,
    ) -> Self {
        let line = Arc::<Line>::default();
        let service = TowerToHyperService::new(Service { router, peer, line: Arc::clone(&line) });
        let stream = Stream { stream: Box::pin(stream), line: Arc::clone(&line) };
        let http = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
        Self { http, line }
    }

    /// Serves until the client or a [`Cut`] ends it. When it is told to close, it answers what it has received, and ends.
    pub(super) async fn run(self, closing: watch::Receiver<()>) {
        let Self { http, line } = self;
        tokio::select! {
            ended = serve(http, &line, closing) => if let Err(error) = ended {
                tracing::debug!(%error, "a connection was closed with an error");
            },
            () = line.cut.notified() => {}
        }
    }
}

/// hyper would close an idle connection although a part of a request was received, or waits in the kernel.
async fn serve(
    http: UpgradeableConnection<TokioIo<Stream>, TowerToHyperService<Service>>,
    line: &Line,
    mut closing: watch::Receiver<()>,
) -> hyper::Result<()> {
    let mut http = pin!(http);
    tokio::select! {
        ended = http.as_mut() => return ended,
        _ = closing.changed() => line.is_closing.store(true, Ordering::Relaxed),
    }
    let received = poll_fn(|cx| match http.as_mut().poll(cx) {
        Poll::Ready(ended) => Poll::Ready(Some(ended)),
        Poll::Pending if line.phase.load(Ordering::Relaxed) == HEAD => Poll::Pending,
        Poll::Pending => Poll::Ready(None),
    });
    if let Ok(Some(ended)) = timeout(HEAD_TIME, received).await {
        return ended;
    }
    http.as_mut().graceful_shutdown();
    http.await
}

/// Nothing was received since the last write.
const QUIET: u8 = 0;
/// Bytes were received, but not yet the complete head of a request.
const HEAD: u8 = 1;
/// A request was received, and nothing was sent since.
const REQUEST: u8 = 2;

/// The state of a connection, of which hyper tells nothing. One task changes it.
#[derive(Default)]
struct Line {
    phase: AtomicU8,
    is_closing: AtomicBool,
    cut: Notify,
}

impl Line {
    fn received(&self) {
        if self.phase.load(Ordering::Relaxed) == QUIET {
            self.phase.store(HEAD, Ordering::Relaxed);
        }
    }
}

/// Ends a connection at once, even if its client does not read what was sent.
#[derive(Clone, Default)]
pub(in crate::http) struct Cut(Arc<Line>);

impl Cut {
    pub(in crate::http) fn now(&self) {
        self.0.cut.notify_one();
    }
}

/// Tells the routes the address of the client, and gives them the means to cut it off.
#[derive(Clone)]
struct Service {
    router: Router,
    peer: SocketAddr,
    line: Arc<Line>,
}

impl tower::Service<Request<Incoming>> for Service {
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Incoming>) -> Self::Future {
        self.line.phase.store(REQUEST, Ordering::Relaxed);
        request.extensions_mut().insert(ConnectInfo(self.peer));
        request.extensions_mut().insert(Cut(Arc::clone(&self.line)));
        self.router.call(request)
    }
}

/// The stream of a connection, which notes what is received and sent.
struct Stream {
    stream: Pin<Box<TimeoutStream<TcpStream>>>,
    line: Arc<Line>,
}

impl Stream {
    /// Whether bytes wait in the kernel. Tokio would only say so after the next turn of its event loop.
    fn has_bytes(&self) -> bool {
        let socket = SockRef::from(self.stream.get_ref());
        matches!(socket.peek(&mut [MaybeUninit::uninit()]), Ok(1))
    }

    fn sent(&self, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &polled {
            Poll::Ready(Ok(1..)) => self.line.phase.store(QUIET, Ordering::Relaxed),
            Poll::Ready(Err(error)) if is_write_timeout(error) => {
                metrics::get().live.dropped_readers.inc();
            }
            _ => {}
        }
        polled
    }
}

/// Whether the error is that of [`TimeoutStream`]. Those of the system have a number.
fn is_write_timeout(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::TimedOut && error.raw_os_error().is_none()
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = self.stream.as_mut().poll_read(cx, buf);
        let has_received = match polled {
            Poll::Ready(_) => buf.filled().len() > before,
            Poll::Pending => self.line.is_closing.load(Ordering::Relaxed) && self.has_bytes(),
        };
        if has_received {
            self.line.received();
        }
        polled
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = self.stream.as_mut().poll_write(cx, buf);
        self.sent(polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = self.stream.as_mut().poll_write_vectored(cx, bufs);
        self.sent(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(cx)
    }
}
