//! The page with GraphiQL, an IDE for the API. GraphiQL itself is in the binary if it was built before
//! (see the README); else the page loads it from a public CDN. Both ways it is pinned by version and hash.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::Embed;

use super::compression::compress;
use super::{State, html};

/// The route of the page with its files.
pub(super) fn routes() -> Router<State> {
    Router::new().route("/graphiql", get(page)).route("/graphiql/assets/{*path}", get(asset))
}

const PAGE: &str = include_str!("../../graphiql/page.html");

/// The scripts and the style sheet of the page.
#[derive(Embed)]
#[folder = "graphiql/src"]
struct Own;

/// GraphiQL, if it was built.
#[derive(Embed)]
#[folder = "graphiql/dist"]
struct Built;

/// Where the page loads GraphiQL from.
fn source() -> &'static str {
    let built = Built::iter().any(|path| path.ends_with(".js"));
    // Relative, since a proxy may serve the page below another path.
    if built { "./graphiql/assets" } else { "https://unpkg.com" }
}

/// The page, whose policy allows only the scripts with the nonce.
async fn page() -> impl IntoResponse {
    let sources = "script-src 'nonce-{{nonce}}'; style-src 'nonce-{{nonce}}'; img-src data:; \
                   font-src data:; connect-src 'self'";
    html::page(&PAGE.replace("{{source}}", source()), sources)
}

/// A file of the page. The paths of GraphiQL's files contain its version, so browsers may keep them.
async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let content_type = match path.rsplit_once('.') {
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let own = Own::get(&path).map(|file| (file, "no-store"));
    let built = || Built::get(&path).map(|file| (file, "public, max-age=31536000, immutable"));
    let Some((file, caching)) = own.or_else(built) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let names = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, caching)];
    compress(&headers, (names, file.data).into_response()).await
}
