//! The HTTP settings.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args};

use super::cors::Cors;
use super::live::Live;
use super::parsers::{kib, number, seconds, switch};

/// The HTTP settings.
#[derive(Args, Clone, Debug)]
pub struct Http {
    /// Maximum duration of a request in seconds before it fails with SERVICE_UNAVAILABLE.
    #[arg(id = "HTTP_REQUEST_SECONDS", long, env, default_value = "30", value_parser = seconds(1..=3600))]
    pub request_time: Duration,
    /// Time in seconds after which a connection is closed if the client does not read any part of the
    /// response.
    #[arg(id = "HTTP_WRITE_SECONDS", long, env, default_value = "10", value_parser = seconds(1..=3600))]
    pub write_time: Duration,
    /// Maximum number of open connections. When it is reached, the oldest connections are closed as
    /// soon as they are idle.
    #[arg(id = "HTTP_MAX_CONNECTIONS", long, env, default_value = "10000", value_parser = number::<usize>(1..=1_000_000))]
    pub max_connections: usize,
    /// Maximum size of a request body in KiB.
    ///
    /// The field is in bytes.
    #[arg(id = "HTTP_MAX_BODY_KIB", long, env, default_value = "1024", value_parser = kib(1..=1_048_576))]
    pub max_body: usize,
    /// Number of reverse proxies in front of the server, each of which appends to X-Forwarded-For. The
    /// client address is the one that the first proxy saw. If the number is 0 or the header has too
    /// few entries, the address of the connection is used.
    #[arg(id = "TRUSTED_PROXIES", long, env, default_value = "0", value_parser = number::<usize>(0..=10))]
    pub trusted_proxies: usize,
    /// Comma-separated origins whose pages may call the API: `https://app.example.com`, or
    /// `https://*.example.com` for all subdomains. Scheme and port must be equal. `*` allows any origin;
    /// empty allows none.
    #[arg(id = "CORS_ORIGINS", long, env, default_value = "")]
    pub cors: Cors,
    /// Path prefix of all URLs, e.g. `/kanban`, for a server that is not at the root of its host.
    /// Requests without the prefix are served too, for proxies that remove it.
    ///
    /// The field is empty for `/`, and has no slash at the end.
    #[arg(id = "BASE_PATH", long, env, default_value = "/", value_parser = base_path)]
    pub base_path: String,
    /// Directory with a front end to serve at `/`: index.html and its assets, e.g. `examples/web/dist`.
    /// Files below `assets/` are cached for ever, so their names must contain a hash.
    #[arg(id = "STATIC_DIR", long, env)]
    pub static_dir: Option<PathBuf>,
    /// Whether GraphiQL is served: on or off.
    #[arg(id = "GRAPHIQL", long, env, default_value = "on", action = ArgAction::Set, value_parser = switch)]
    pub graphiql: bool,
    /// The limits of WebSockets and event streams.
    #[command(flatten, next_help_heading = "Live")]
    pub live: Live,
    /// Maximum number of requests in one body, as a list. 0 rejects lists.
    #[arg(id = "GRAPHQL_MAX_BATCH", long, env, help_heading = "GraphQL", default_value = "0", value_parser = number::<usize>(0..=1000))]
    pub max_batch: usize,
    /// The maximum number of values in the variables of a request, and in its extensions: that of
    /// tokens.
    #[arg(skip)]
    pub max_values: usize,
    /// The time after which a request is slow: `LOG_SLOW_REQUEST_MS`.
    #[arg(skip)]
    pub slow_request: Duration,
    /// Whether the schema is public: that of introspection.
    #[arg(skip)]
    pub schema: bool,
}

/// Parses `LISTEN_ADDR`.
pub(super) fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "must be an IP address and a port, such as 0.0.0.0:8000")
}

/// Parses `BASE_PATH`. The result has no slash at the end.
fn base_path(text: &str) -> Result<String, &'static str> {
    let path = text.strip_suffix('/').unwrap_or(text);
    let is_segment = |segment: &str| {
        let is_unreserved = |char: char| char.is_ascii_alphanumeric() || "-._~".contains(char);
        !matches!(segment, "" | "." | "..") && segment.chars().all(is_unreserved)
    };
    match path.strip_prefix('/') {
        None if path.is_empty() => Ok(String::new()),
        Some(segments) if segments.split('/').all(is_segment) => Ok(path.to_owned()),
        _ => Err("must be a path such as /kanban, of letters, digits, and - . _ ~"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_begins_with_a_slash_and_ends_without() {
        for (text, path) in [
            ("/", Ok("")),
            ("/kanban", Ok("/kanban")),
            ("/kanban/", Ok("/kanban")),
            ("/a-b/c.d/~e_1", Ok("/a-b/c.d/~e_1")),
            ("kanban", Err(())),
            ("//kanban", Err(())),
            ("/a//b", Err(())),
            ("/a/../b", Err(())),
            ("/a b", Err(())),
            ("/a?b", Err(())),
            ("/{a}", Err(())),
            ("https://example.com/kanban", Err(())),
        ] {
            assert_eq!(base_path(text).as_deref().map_err(|_| ()), path, "{text}");
        }
    }
}
