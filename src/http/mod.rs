//! The HTTP server: routes, middleware and the GraphQL endpoint.

mod body;
mod client;
mod compression;
mod connections;
mod deadline;
mod endpoint;
mod graphiql;
mod health;
mod live;
mod media_type;
mod parameters;
mod refusal;
mod request_body;
mod request_id;

use std::sync::Arc;
use std::time::Duration;

pub use connections::Connections;

use axum::Router;
use axum::http::{HeaderValue, Method, Request, Response, header};
use axum::routing::{get, post};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::request_id::PropagateRequestIdLayer;
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::Level;

use crate::config::{Cors, Http};
use crate::graphql::Api;
use crate::service::Services;

/// The state that all handlers share.
struct Shared {
    services: Arc<Services>,
    api: Api,
    live: live::Live,
    settings: Http,
}

type State = Arc<Shared>;

/// All routes, with their middleware, and what they leave open.
pub fn router(services: Arc<Services>, api: Api, settings: Http) -> (Router, Streams) {
    let graphiql = settings.graphiql;
    let live = live::Live::new(settings.live, settings.max_connections);
    let state: State = Arc::new(Shared { services, api, live, settings });
    let streams = Streams(Arc::clone(&state));
    let cors = cors_layer(&state.settings.cors);
    let trace = TraceLayer::new_for_http()
        .make_span_with(span)
        .on_response(DefaultOnResponse::new().level(Level::INFO));
    // One stack, because a router boxes each of its layers and all futures between them (300 kB were
    // moved for each request).
    let layers = ServiceBuilder::new()
        .map_request(request_id::set)
        .layer(PropagateRequestIdLayer::new(request_id::HEADER))
        .layer(trace)
        .map_response(keep_to_the_caller)
        .option_layer(cors)
        .layer(CatchPanicLayer::custom(endpoint::panicked));
    let router = Router::new()
        .route("/graphql", post(endpoint::post).get(endpoint::get).fallback(endpoint::other_method))
        .merge(if graphiql { graphiql::routes() } else { Router::new() })
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .with_state(state)
        .layer(layers);
    (router, streams)
}

/// The open WebSockets and event streams.
pub struct Streams(State);

impl Streams {
    /// Ends all of them, within a second or two, because the server stops.
    pub async fn stop(&self) {
        self.0.live.stop().await;
    }
}

/// The tracing span of a request. Headers and query strings are not logged, since they may hold tokens.
fn span<B>(request: &Request<B>) -> tracing::Span {
    tracing::info_span!(
        "request",
        id = request_id::of(request.headers()),
        method = %request.method(),
        path = request.uri().path(),
    )
}

/// Forbids caches to store a response, and browsers to guess its content type.
fn keep_to_the_caller<B>(mut response: Response<B>) -> Response<B> {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// How long a browser may cache the answer to a preflight request. Chromium caps it at this value.
const PREFLIGHT: Duration = Duration::from_hours(2);

/// The CORS layer; `None` if no other origins are allowed.
fn cors_layer(cors: &Cors) -> Option<CorsLayer> {
    let origins = match cors {
        Cors::Only(list) if list.is_empty() => return None,
        Cors::Any => AllowOrigin::any(),
        Cors::Only(list) => {
            AllowOrigin::list(list.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
        }
    };
    let layer = CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::ACCEPT,
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            request_id::HEADER,
        ])
        .max_age(PREFLIGHT)
        .expose_headers([request_id::HEADER, header::RETRY_AFTER, header::WWW_AUTHENTICATE]);
    Some(layer)
}
