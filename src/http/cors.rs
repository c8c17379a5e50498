//! Cross-origin requests of browsers (Fetch standard, "CORS protocol").

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use futures_util::future::Either;
use parking_lot::Mutex;
use tower::{Layer, Service};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::refusal::Refusal;
use super::request_id;
use crate::config::Cors;

/// How long a browser may cache the answer to a preflight request. Chromium caps it at this value.
const PREFLIGHT: Duration = Duration::from_hours(2);

/// The time between two log lines about refused origins.
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// The headers for allowed origins; `None` if no other origins are allowed.
pub(super) fn headers(cors: &Cors) -> Option<CorsLayer> {
    let origins = match cors {
        Cors::Only(list) if list.is_empty() => return None,
        Cors::Any => AllowOrigin::any(),
        Cors::Only(_) => {
            let cors = cors.clone();
            AllowOrigin::predicate(move |origin, _| origin.to_str().is_ok_and(|o| cors.allows(o)))
        }
    };
    let layer = CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST])
        // Clients have headers of their own, for tracing for instance. None has a meaning of its own here.
        .allow_headers(AllowHeaders::mirror_request())
        .max_age(PREFLIGHT)
        .expose_headers([request_id::HEADER, header::RETRY_AFTER, header::WWW_AUTHENTICATE]);
    Some(layer)
}

/// The layer that tells the developer of a page why its preflight request is refused.
#[derive(Clone)]
pub(super) struct RefusedPreflights {
    cors: Arc<Cors>,
    logged: Arc<Mutex<Option<Instant>>>,
}

impl RefusedPreflights {
    pub(super) fn new(cors: &Cors) -> Self {
        Self { cors: Arc::new(cors.clone()), logged: Arc::default() }
    }

    /// The refusal of a preflight request; `None` for other requests and allowed origins.
    fn refuse(&self, method: &Method, headers: &HeaderMap) -> Option<Response<Body>> {
        if method != Method::OPTIONS || !headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
        {
            return None;
        }
        let origin = headers.get(header::ORIGIN)?.to_str().unwrap_or("?");
        if self.cors.allows(origin) {
            return None;
        }
        self.log(origin);
        let message =
            "Pages of this origin may not call the API. The setting CORS_ORIGINS can allow it.";
        let mut response = Refusal::new(StatusCode::FORBIDDEN, message).into_answer(None);
        response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
        Some(response)
    }

    /// Logs a refused origin, at most once a minute, because pages can send as many as they like.
    fn log(&self, origin: &str) {
        let mut logged = self.logged.lock();
        if logged.is_none_or(|at| at.elapsed() >= LOG_INTERVAL) {
            *logged = Some(Instant::now());
            let origin: String = origin.chars().take(200).collect();
            tracing::warn!(origin, "refused the page of another origin; CORS_ORIGINS can allow it");
        }
    }
}

impl<S> Layer<S> for RefusedPreflights {
    type Service = Preflights<S>;

    fn layer(&self, inner: S) -> Preflights<S> {
        Preflights { refused: self.clone(), inner }
    }
}

/// Answers refused preflight requests, and passes on all others.
#[derive(Clone)]
pub(super) struct Preflights<S> {
    refused: RefusedPreflights,
    inner: S,
}

impl<S, B> Service<Request<B>> for Preflights<S>
where
    S: Service<Request<B>, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response<Body>, Infallible>>, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.refused.refuse(request.method(), request.headers()) {
            Some(response) => Either::Left(ready(Ok(response))),
            None => Either::Right(self.inner.call(request)),
        }
    }
}
