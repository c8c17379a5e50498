//! The HTTP server: routes, middleware and the GraphQL endpoint.

mod body;
mod client;
mod compression;
mod connections;
mod cors;
mod deadline;
mod drain;
mod endpoint;
mod graphiql;
mod health;
mod html;
mod live;
mod media_type;
mod parameters;
mod refusal;
mod request_body;
mod request_id;
mod site;
mod values;

use std::sync::Arc;

pub use connections::Connections;
pub use drain::Drain;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, header};
use axum::routing::{get, post};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::PropagateRequestIdLayer;
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::Level;

use crate::config::{Http, StartError};
use crate::graphql::Api;
use crate::service::Services;

/// The state that all handlers share.
struct Shared {
    services: Arc<Services>,
    api: Api,
    live: live::Live,
    draining: drain::Draining,
    files: Option<site::Files>,
    settings: Http,
}

type State = Arc<Shared>;

/// All routes, with their middleware, and what they leave open. Fails if the front end cannot be read.
pub fn router(
    services: Arc<Services>,
    api: Api,
    settings: Http,
) -> Result<(Router, Drain), StartError> {
    let live = live::Live::new(settings.live, settings.max_connections);
    let base = settings.base_path.clone();
    let files = settings.static_dir.as_deref();
    let files = files.map(|directory| site::Files::open(directory, &base)).transpose()?;
    let routes = routes(&settings);
    let cors = cors::headers(&settings.cors);
    let refused = cors::RefusedPreflights::new(&settings.cors);
    let draining = drain::Draining::default();
    let state: State =
        Arc::new(Shared { services, api, live, draining: draining.clone(), files, settings });
    let drain = Drain(Arc::clone(&state));
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
        .map_response(move |response| draining.mark(response))
        .layer(refused)
        .map_response(|response: Response<_>| response.map(Body::new))
        .option_layer(cors)
        .layer(CatchPanicLayer::custom(endpoint::panicked));
    // Without the base path too, for proxies that remove it.
    let router = if base.is_empty() { routes } else { routes.clone().nest(&base, routes) };
    let router = router.fallback(site::fallback).with_state(state).layer(layers);
    Ok((router, drain))
}

fn routes(settings: &Http) -> Router<State> {
    let graphql = post(endpoint::post).get(endpoint::get).fallback(endpoint::other_method);
    Router::new()
        .route("/graphql", graphql.clone())
        .route("/graphql/", graphql)
        .merge(if settings.graphiql { graphiql::routes() } else { Router::new() })
        .merge(site::routes())
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
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

/// Forbids caches to store a response, unless it says otherwise, and browsers to guess its content type.
fn keep_to_the_caller<B>(mut response: Response<B>) -> Response<B> {
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
