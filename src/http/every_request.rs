//! What every request gets, whatever its route: an ID, its lines in the log, the headers that all responses have, and
//! an answer if it panics.
//!
//! tower-http has a layer for each, but each moves the request and the response, and wraps the body once more (ADR 48).

use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderValue, Request, header};
use axum::response::Response;
use futures_util::FutureExt;
use tower::{Service, service_fn};

use super::drain::Draining;
use super::{client, endpoint, record, refusal, request_id};
use crate::metrics::work::{self, Origin, Work};

/// The maximum length of a path in the log, in bytes.
const MAX_PATH: usize = 200;

/// A service of the server, which answers whatever happens.
pub(super) trait Answers:
    Service<Request<Body>, Response = Response, Error = Infallible, Future: Send> + Clone
{
}

impl<S> Answers for S where
    S: Service<Request<Body>, Response = Response, Error = Infallible, Future: Send> + Clone
{
}

/// Gives each request its ID, tells the log of it, and completes its response. `proxies` is the number of trusted proxies.
pub(super) fn identify(
    mut inner: impl Answers,
    proxies: usize,
    draining: Draining,
) -> impl Answers {
    service_fn(move |request: Request<Body>| {
        let began = Instant::now();
        let request = request_id::set(request);
        let id = request.headers().get(request_id::HEADER).cloned();
        let work = Arc::new(Work::of(origin(&request, proxies)));
        let response = work::note_call(&work, || inner.call(request));
        let draining = draining.clone();
        work::note(work, async move {
            let mut response = draining.mark(response.await?);
            complete(response.headers_mut(), id);
            let response = refusal::identify(response);
            record::tell(&response, began.elapsed());
            Ok(response)
        })
    })
}

/// Answers requests that panic.
pub(super) fn catch_panics(mut inner: impl Answers) -> impl Answers {
    service_fn(move |request| {
        let response = AssertUnwindSafe(inner.call(request)).catch_unwind();
        response.map(|response| response.unwrap_or_else(|_| Ok(endpoint::panicked())))
    })
}

/// What the log tells of a request, in every line about it. Headers and query strings are left out, since they may hold
/// tokens.
fn origin(request: &Request<Body>, proxies: usize) -> Origin {
    let (headers, path) = (request.headers(), request.uri().path());
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    Origin {
        id: request_id::of(headers).to_owned(),
        client: peer.map(|ConnectInfo(peer)| client::address(headers, peer.ip(), proxies)),
        method: request.method().to_string(),
        path: path[..path.floor_char_boundary(MAX_PATH)].to_owned(),
    }
}

/// Tells the client the ID of its request. Forbids caches to store the response, unless it says otherwise, and browsers
/// to guess its content type.
fn complete(headers: &mut HeaderMap, id: Option<HeaderValue>) {
    if let Some(id) = id {
        headers.insert(request_id::HEADER, id);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
