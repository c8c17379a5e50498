//! The HTTP settings.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use clap::{ArgAction, Args};

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
    /// Comma-separated origins whose pages may call the API, e.g. `https://app.example.com`. `*` allows
    /// any origin; empty allows none.
    #[arg(id = "CORS_ORIGINS", long, env, default_value = "")]
    pub cors: Cors,
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
}

/// The origins that may call the API from a browser.
#[derive(Clone, Debug)]
pub enum Cors {
    /// Only these origins; none if empty.
    Only(Vec<String>),
    /// Any origin.
    Any,
}

impl FromStr for Cors {
    type Err = String;

    fn from_str(list: &str) -> Result<Self, String> {
        if list == "*" {
            return Ok(Self::Any);
        }
        let origins = list.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        let checked = origins.map(|origin| {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            match host {
                Some(host) if !host.is_empty() && !host.contains(['/', '*', ' ']) => {
                    Ok(origin.to_owned())
                }
                _ => Err(format!("{origin:?} is not an origin such as https://app.example.com")),
            }
        });
        checked.collect::<Result<_, _>>().map(Self::Only)
    }
}

/// Parses `LISTEN_ADDR`.
pub(super) fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "must be an IP address and a port, such as 0.0.0.0:8000")
}
