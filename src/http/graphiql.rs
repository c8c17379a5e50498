//! The page with GraphiQL, an IDE for the API. It loads its scripts from a public CDN, pinned by version
//! and hash.

use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use data_encoding::BASE64;

use super::State;

/// The route of the page.
pub(super) fn routes() -> Router<State> {
    Router::new().route("/graphiql", get(page))
}

const PAGE: &str = include_str!("graphiql.html");

/// The page, with a Content-Security-Policy that allows only the scripts with the nonce.
async fn page() -> impl IntoResponse {
    let nonce = BASE64.encode(&rand::random::<[u8; 16]>());
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; \
         img-src data:; font-src data:; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    (headers, Html(PAGE.replace("{{nonce}}", &nonce)))
}
