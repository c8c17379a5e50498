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
pub mod metrics;
mod parameters;
mod record;
mod refusal;
mod request_body;
mod request_id;
mod site;
mod values;

use std::net::SocketAddr;
use std::sync::Arc;

pub use connections::Connections;
pub use drain::Drain;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Request, Response, header};
use axum::routing::{get, post};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;
use tower_http::request_id::PropagateRequestIdLayer;
use tower_http::trace::TraceLayer;

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
    let draining = drain::Draining::default();
    let (routes, layers) = (routes(&settings), Layers::of(&settings, &draining));
    let state: State = Arc::new(Shared { services, api, live, draining, files, settings });
    let drain = Drain(Arc::clone(&state));
    // Without the base path too, for proxies that remove it.
    let router = if base.is_empty() { routes } else { routes.clone().nest(&base, routes) };
    let router = layers.around(router.fallback(site::fallback).with_state(state));
    Ok((router, drain))
}

/// What the middleware needs to know.
struct Layers {
    proxies: usize,
    cors: Option<CorsLayer>,
    refused: cors::RefusedPreflights,
    draining: drain::Draining,
}

impl Layers {
    fn of(settings: &Http, draining: &drain::Draining) -> Self {
        let (proxies, cors) = (settings.trusted_proxies, cors::headers(&settings.cors));
        let refused = cors::RefusedPreflights::new(&settings.cors);
        Self { proxies, cors, refused, draining: draining.clone() }
    }

    fn around(self, router: Router) -> Router {
        let Self { proxies, cors, refused, draining } = self;
        let trace = TraceLayer::new_for_http()
            .make_span_with(move |request: &Request<_>| span(request, proxies))
            .on_response(record::tell)
            .on_failure(());
        // One stack, because a router boxes each of its layers and all futures between them (300 kB were
        // moved for each request).
        let layers = ServiceBuilder::new()
            .map_request(request_id::set)
            .layer(trace)
            .map_response(refusal::identify)
            .layer(PropagateRequestIdLayer::new(request_id::HEADER))
            .map_response(keep_to_the_caller)
            .map_response(move |response| draining.mark(response))
            .layer(refused)
            .map_response(|response: Response<_>| response.map(Body::new))
            .option_layer(cors)
            .layer(CatchPanicLayer::custom(endpoint::panicked));
        router.layer(layers)
    }
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

/// The maximum length of a path in the log, in bytes.
const MAX_PATH: usize = 200;

/// The tracing span of a request, whose ID and client every line about it has, whatever LOG_LEVEL is. Headers and query
/// strings are not logged, since they may hold tokens.
fn span<B>(request: &Request<B>, proxies: usize) -> tracing::Span {
    let headers = request.headers();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let client = peer.map(|ConnectInfo(peer)| client::address(headers, peer.ip(), proxies));
    let path = request.uri().path();
    tracing::error_span!(
        "request",
        id = request_id::of(headers),
        client = client.map(tracing::field::display),
        method = %request.method(),
        path = &path[..path.floor_char_boundary(MAX_PATH)],
    )
}

/// Forbids caches to store a response, unless it says otherwise, and browsers to guess its content type.
fn keep_to_the_caller<B>(mut response: Response<B>) -> Response<B> {
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use tower::ServiceExt;

    use super::*;
    use crate::config::Config;
    use crate::graphql::ErrorCode;

    #[tokio::test]
    async fn a_panic_is_an_internal_error_with_the_id_of_its_request() {
        #[allow(clippy::panic)]
        async fn panics() {
            panic!("on purpose")
        }
        let layers =
            Layers::of(&Config::from_lookup(|_| None).unwrap().http, &drain::Draining::default());
        let router = layers.around(Router::new().route("/", get(panics)));
        let request = Request::get("/").header("x-request-id", "abc-1").body(Body::empty());
        let response = router.oneshot(request.unwrap()).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["x-request-id"]),
            (500, &HeaderValue::from_static("abc-1"))
        );
        let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let extensions = &body["errors"][0]["extensions"];
        assert_eq!(extensions["code"], ErrorCode::InternalServerError.as_str());
        assert_eq!(extensions["requestId"], "abc-1");
    }
}
