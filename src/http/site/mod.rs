//! What a browser finds besides GraphiQL: a front end or the first page, the guides and the schema.

mod files;
mod guides;
mod page;

use std::sync::LazyLock;

use axum::Router;
use axum::extract;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

pub(super) use files::Files;

use super::compression::compress;
use super::{State, deadline};
use crate::graphql;

/// The routes of the guides and of the schema.
pub(super) fn routes() -> Router<State> {
    Router::new().route("/guides/{name}", get(guide)).route("/schema.graphql", get(schema))
}

/// Answers what has no route: files of the front end, or the first page.
pub(super) async fn fallback(
    extract::State(state): extract::State<State>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let base = &state.settings.base_path;
    let Some(path) = below(base, uri.path()) else {
        return Redirect::permanent(&format!("{base}/")).into_response();
    };
    match &state.files {
        Some(files) => {
            let file = files.serve(path, method, headers);
            let file = deadline::keep(state.settings.request_time, file).await;
            file.unwrap_or_else(|late| late.into_answer(None))
        }
        None if path != "/" => StatusCode::NOT_FOUND.into_response(),
        None if matches!(method, Method::GET | Method::HEAD) => {
            page::first(&state.settings).into_response()
        }
        None => (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response(),
    }
}

/// The path below the base path. A path without the base path is taken as it is, because a proxy may have
/// removed it. `None` for the base path without a slash, where relative links would not work.
fn below<'p>(base: &str, path: &'p str) -> Option<&'p str> {
    match path.strip_prefix(base) {
        Some("") if !base.is_empty() => None,
        Some(rest) if rest.starts_with('/') => Some(rest),
        _ => Some(path),
    }
}

async fn guide(
    extract::State(state): extract::State<State>,
    extract::Path(name): extract::Path<String>,
    headers: HeaderMap,
) -> Response {
    match page::guide(&state.settings, &name) {
        Some(page) => compress(&headers, page.into_response()).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Made once, because to build the schema takes long.
static SDL: LazyLock<String> = LazyLock::new(graphql::sdl);

/// The schema in SDL, as `kanban schema` prints it, if introspection is allowed.
async fn schema(extract::State(state): extract::State<State>, headers: HeaderMap) -> Response {
    if !state.settings.schema {
        return StatusCode::NOT_FOUND.into_response();
    }
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    compress(&headers, (kind, SDL.as_str()).into_response()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_path_is_removed_if_it_is_there() {
        for (base, path, expected) in [
            ("", "/", Some("/")),
            ("", "/a/b", Some("/a/b")),
            ("/kanban", "/kanban", None),
            ("/kanban", "/kanban/", Some("/")),
            ("/kanban", "/kanban/a", Some("/a")),
            ("/kanban", "/a", Some("/a")),
            ("/kanban", "/kanbanish", Some("/kanbanish")),
            ("/a/b", "/a/b/c", Some("/c")),
        ] {
            assert_eq!(below(base, path), expected, "{base} {path}");
        }
    }
}
