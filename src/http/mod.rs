//! The HTTP server: routes, middleware and the GraphQL endpoint.

mod body;
mod client;
mod compression;
mod connections;
mod cors;
mod deadline;
mod drain;
mod endpoint;
mod every_request;
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

use std::sync::Arc;

pub use connections::Connections;
pub use drain::Drain;

use axum::Router;
use axum::routing::{get, post};
use tower::ServiceBuilder;
use tower::layer::layer_fn;

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
    let routes = routes(&settings);
    let state: State = Arc::new(Shared { services, api, live, draining, files, settings });
    let drain = Drain(Arc::clone(&state));
    // Without the base path too, for proxies that remove it.
    let router = if base.is_empty() { routes } else { routes.clone().nest(&base, routes) };
    let router = router.fallback(site::fallback).with_state(Arc::clone(&state));
    let router = surround(router, &state.settings, &state.draining);
    Ok((router, drain))
}

/// Adds the middleware.
fn surround(router: Router, settings: &Http, draining: &drain::Draining) -> Router {
    let (proxies, draining) = (settings.trusted_proxies, draining.clone());
    let layers = ServiceBuilder::new()
        .layer(layer_fn(move |inner| every_request::identify(inner, proxies, draining.clone())))
        .layer(cors::RefusedPreflights::new(&settings.cors))
        .option_layer(cors::headers(&settings.cors))
        // Innermost, so that pages of other origins can read the answer.
        .layer(layer_fn(every_request::catch_panics));
    router.layer(layers)
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

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;
    use crate::config::Config;
    use crate::graphql::ErrorCode;

    #[tokio::test]
    async fn a_panic_is_an_internal_error_that_pages_of_other_origins_can_read() {
        #[allow(clippy::panic)]
        async fn panics() {
            panic!("on purpose")
        }
        let config = Config::from_lookup(|name| (name == "CORS_ORIGINS").then(|| "*".into()));
        let routes = Router::new().route("/", get(panics));
        let router = surround(routes, &config.unwrap().http, &drain::Draining::default());
        let request = Request::get("/").header("x-request-id", "abc-1");
        let request = request.header("origin", "https://example.com").body(Body::empty());
        let response = router.oneshot(request.unwrap()).await.unwrap();
        assert_eq!(response.status().as_u16(), 500);
        for (name, value) in [
            ("x-request-id", "abc-1"),
            ("access-control-allow-origin", "*"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(response.headers()[name], value, "{name}");
        }
        let body = to_bytes(response.into_body(), 1000).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let extensions = &body["errors"][0]["extensions"];
        assert_eq!(extensions["code"], ErrorCode::InternalServerError.as_str());
        assert_eq!(extensions["requestId"], "abc-1");
    }
}
