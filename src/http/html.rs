//! HTML pages with a strict Content-Security-Policy.

use axum::http::header;
use axum::response::{Html, IntoResponse};
use data_encoding::BASE64;

/// A page. `sources` are the directives of its policy that other pages do not have. In both, `{{nonce}}` stands for a
/// new nonce.
pub(super) fn page(html: &str, sources: &str) -> impl IntoResponse + use<> {
    let nonce = BASE64.encode(&rand::random::<[u8; 16]>());
    let fill = |text: &str| text.replace("{{nonce}}", &nonce);
    let policy = format!(
        "default-src 'none'; {}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        fill(sources)
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    (headers, Html(fill(html)))
}
