//! The first page and the pages of the guides.

use axum::response::IntoResponse;

use super::guides::{self, Guide};
use crate::config::Http;
use crate::http::html;

/// The frame of all pages.
const FRAME: &str = include_str!("page.html");

/// The content of the first page.
const FIRST: &str = include_str!("first.html");

/// The first page: what this server is, and where its parts are.
pub(super) fn first(settings: &Http) -> impl IntoResponse + use<> {
    let base = &settings.base_path;
    let link = |path: &str, text: &str, about: &str| {
        format!("<li><a href=\"{base}/{path}\">{text}</a>{about}</li>\n")
    };
    let graphiql =
        link("graphiql", "GraphiQL", ": write a request, run it, and read the documentation");
    let schema = link("schema.graphql", "schema.graphql", ": the schema, for code generators");
    let guides: String = guides::all()
        .map(|Guide { name, title, .. }| link(&format!("guides/{name}"), &title, ""))
        .collect();
    let content = FIRST
        .replace("{{base}}", base)
        .replace("{{version}}", env!("CARGO_PKG_VERSION"))
        .replace("{{graphiql}}", if settings.graphiql { &graphiql } else { "" })
        .replace("{{schema}}", if settings.schema { &schema } else { "" })
        .replace("{{guides}}", &guides);
    page("simple-kanban", &content)
}

/// The page of a guide; `None` if there is no guide of this name.
pub(super) fn guide(settings: &Http, name: &str) -> Option<impl IntoResponse + use<>> {
    let guide = guides::find(name)?;
    let base = &settings.base_path;
    let home = format!("<p><a href=\"{base}/\">simple-kanban</a></p>\n");
    Some(page(&guide.title, &(home + &guide.html(base))))
}

/// A page without scripts.
fn page(title: &str, content: &str) -> impl IntoResponse + use<> {
    let page = FRAME.replace("{{title}}", title).replace("{{content}}", content);
    html::page(&page, "style-src 'nonce-{{nonce}}'; img-src data:")
}
