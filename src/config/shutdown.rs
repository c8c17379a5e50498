//! The settings of the server's end.

use std::time::Duration;

use clap::Args;

use super::parsers::seconds;

/// How the server stops.
#[derive(Args, Clone, Copy, Debug)]
pub struct Shutdown {
    /// Time in seconds for which the server goes on serving after SIGTERM, while /readyz answers 503. Must be
    /// longer than a load balancer takes to notice that.
    #[arg(id = "SHUTDOWN_DELAY_SECONDS", long, env, default_value = "0", value_parser = seconds(0..=3600))]
    pub delay: Duration,
    /// Maximum time in seconds after that for which requests in progress may still run. By default five
    /// seconds longer than HTTP_REQUEST_SECONDS.
    #[arg(id = "SHUTDOWN_SECONDS", long, env, value_parser = seconds(1..=7200))]
    limit: Option<Duration>,
}

/// How much longer than a request the server may take to stop.
const MARGIN: Duration = Duration::from_secs(5);

impl Shutdown {
    /// The maximum time for requests in progress, each of which may take `request`.
    pub fn limit(&self, request: Duration) -> Duration {
        self.limit.unwrap_or(request + MARGIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_limit_is_longer_than_a_request() {
        let request = Duration::from_secs(30);
        let mut shutdown = Shutdown { delay: Duration::ZERO, limit: None };
        assert_eq!(shutdown.limit(request), Duration::from_secs(35));
        shutdown.limit = Some(Duration::from_secs(8));
        assert_eq!(shutdown.limit(request), Duration::from_secs(8));
    }
}
