//! The front end: the files in `STATIC_DIR`.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use tower::ServiceExt;
use tower_http::services::ServeDir;
use tower_http::services::fs::{Backend, DefaultServeDirFallback, TokioBackend, TokioFile};

use crate::config::StartError;
use crate::http::compression::compress;
use crate::http::media_type::accepts_html;

/// The folder whose files are cached for ever.
const HASHED: &str = "/assets/";

/// The page of the front end.
const INDEX: &str = "index.html";

/// The element of the page that tells where its relative URLs begin; the server puts the base path in.
const BASE: &str = r#"<base href="/""#;

/// The files of the front end.
pub(in crate::http) struct Files {
    directory: ServeDir<DefaultServeDirFallback, Inside>,
    index: PathBuf,
    base: String,
}

impl Files {
    /// Opens the directory. Fails if it has no index.html.
    pub(in crate::http) fn open(directory: &Path, base_path: &str) -> Result<Self, StartError> {
        let failed = |error| {
            let directory = directory.display();
            StartError::new(format!("STATIC_DIR: cannot read {INDEX} in {directory}: {error}"))
        };
        let root = directory.canonicalize().map_err(failed)?;
        let index = root.join(INDEX);
        std::fs::read_to_string(&index).map_err(failed)?;
        let directory = ServeDir::with_backend(&root, Inside { root: root.clone() })
            .append_index_html_on_directories(false)
            .redirect_to_trailing_slash(false);
        Ok(Self { directory, index, base: format!(r#"<base href="{base_path}/""#) })
    }

    /// Serves the file at a path. A page that does not exist is index.html, because front ends have routes
    /// of their own.
    pub(super) async fn serve(&self, path: &str, method: Method, headers: HeaderMap) -> Response {
        let is_read = matches!(method, Method::GET | Method::HEAD);
        if is_read && matches!(path.trim_start_matches('/'), "" | INDEX) {
            return self.index(&headers).await;
        }
        let is_hashed = path.starts_with(HASHED);
        let mut response = self.file(path, method, headers.clone()).await;
        match response.status() {
            StatusCode::NOT_FOUND if is_read && !is_hashed && accepts_html(&headers) => {
                self.index(&headers).await
            }
            StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED => {
                let cache =
                    if is_hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
                response
                    .headers_mut()
                    .insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
                compressed(&headers, response).await
            }
            _ => response,
        }
    }

    async fn file(&self, path: &str, method: Method, headers: HeaderMap) -> Response {
        let Ok(uri) = path.parse::<Uri>() else { return StatusCode::NOT_FOUND.into_response() };
        if is_hidden(path) {
            return StatusCode::NOT_FOUND.into_response();
        }
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        match self.directory.clone().oneshot(request).await {
            Ok(response) => response.map(Body::new),
            Err(never) => match never {},
        }
    }

    /// The page, read again each time, since a new version of the front end may have replaced it.
    async fn index(&self, headers: &HeaderMap) -> Response {
        let page = match tokio::fs::read_to_string(&self.index).await {
            Ok(page) => page,
            Err(error) => {
                tracing::error!(%error, "cannot read {INDEX} in STATIC_DIR");
                let is_gone = error.kind() == io::ErrorKind::NotFound;
                let failed = StatusCode::INTERNAL_SERVER_ERROR;
                return if is_gone { StatusCode::NOT_FOUND } else { failed }.into_response();
            }
        };
        let page = page.replacen(BASE, &self.base, 1);
        let no_cache = [
            (header::CACHE_CONTROL, "no-cache"),
            (header::CONTENT_SECURITY_POLICY, "frame-ancestors 'self'"),
            (header::REFERRER_POLICY, "no-referrer"),
        ];
        compress(headers, (no_cache, Html(page)).into_response()).await
    }
}

/// Compresses a whole file. The tag of the file is not that of its compressed form (RFC 9110, 8.8.3).
async fn compressed(headers: &HeaderMap, response: Response) -> Response {
    if response.status() != StatusCode::OK {
        return response;
    }
    let mut response = compress(headers, response).await;
    if response.headers().contains_key(header::CONTENT_ENCODING) {
        response.headers_mut().remove(header::ETAG);
        response.headers_mut().remove(header::ACCEPT_RANGES);
    }
    response
}

/// Whether a path names a hidden file, such as `.env` or `.git/config`; `.well-known` is none (RFC 8615).
fn is_hidden(path: &str) -> bool {
    let is_hidden = |segment: &str| segment.starts_with('.') && segment != ".well-known";
    path.split('/').any(is_hidden) || path.to_ascii_lowercase().contains("%2e")
}

/// The files inside a directory. Symbolic links out of it lead nowhere.
#[derive(Clone)]
struct Inside {
    root: PathBuf,
}

impl Inside {
    async fn find(self, path: PathBuf) -> io::Result<PathBuf> {
        let real = tokio::fs::canonicalize(path).await?;
        if real.starts_with(&self.root) { Ok(real) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

impl Backend for Inside {
    type File = TokioFile;
    type Metadata = std::fs::Metadata;
    type OpenFuture = Pin<Box<dyn Future<Output = io::Result<TokioFile>> + Send>>;
    type MetadataFuture = Pin<Box<dyn Future<Output = io::Result<std::fs::Metadata>> + Send>>;

    fn open(&self, path: PathBuf) -> Self::OpenFuture {
        let inside = self.clone();
        Box::pin(async move { TokioBackend.open(inside.find(path).await?).await })
    }

    fn metadata(&self, path: PathBuf) -> Self::MetadataFuture {
        let inside = self.clone();
        Box::pin(async move { TokioBackend.metadata(inside.find(path).await?).await })
    }
}
