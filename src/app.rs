//! Construction of the server, separate from running it, so that tests and benchmarks can start their
//! own.

use std::future::pending;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures_util::FutureExt;
use futures_util::future::join3;
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::config::{Config, DatabaseUrl, Secret, Shutdown, StartError, Trash};
use crate::domain::Clock;
use crate::graphql::Api;
use crate::service::{Services, live, mail_senders, upkeep};
use crate::store::Db;
use crate::{http, secret_file};

/// The stack of a thread, in bytes. Each level of nesting in a response takes up to 80 KiB in debug builds, and
/// GRAPHQL_MAX_DEPTH is up to 100. Only what is used takes memory.
const STACK: usize = 16 << 20;

/// The pauses before a task that has panicked begins again: the first one, and the longest.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The runtime of the program.
pub fn runtime() -> std::io::Result<Runtime> {
    runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK).build()
}

/// A server that is bound to its address.
pub struct App {
    listener: TcpListener,
    router: Router,
    drain: http::Drain,
    services: Arc<Services>,
    trash: Trash,
    connections: http::Connections,
    shutdown: Shutdown,
    address: SocketAddr,
    /// Where Prometheus is answered, and the route for it.
    metrics: Option<(TcpListener, Router)>,
}

/// Runs the pending migrations, binds the address and builds the server. Fails if a setting is invalid,
/// the database is not usable or the address cannot be bound.
pub async fn build(config: Config) -> Result<App, StartError> {
    let services = Arc::new(services(&config).await?);
    let api = Api::new(Arc::clone(&services), &config)?;
    let connections = http::Connections {
        // Long enough for clients that reuse connections, such as proxies.
        idle: config.http.request_time * 2,
        write: config.http.write_time,
        grace: config.shutdown.limit(config.http.request_time),
        max: config.http.max_connections,
    };
    let (router, drain) = http::router(Arc::clone(&services), api, config.http)?;
    let (listener, address) = bind("LISTEN_ADDR", config.listen).await?;
    let mut metrics = None;
    if let Some(address) = config.metrics {
        let (listener, address) = bind("METRICS_ADDR", address).await?;
        tracing::info!("metrics at http://{address}/metrics");
        metrics = Some((listener, http::metrics::router(&drain)));
    }
    let Config { trash, shutdown, .. } = config;
    Ok(App { listener, router, drain, services, trash, connections, shutdown, address, metrics })
}

/// Listens on the address of a setting.
async fn bind(setting: &str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let bound = async {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    bound.await.map_err(|error: std::io::Error| {
        StartError::new(format!("{setting}: cannot listen on {address}: {error}"))
    })
}

/// Answers Prometheus until it is dropped, so that it sees the end of the server too.
async fn serve_metrics(metrics: Option<(TcpListener, Router)>) {
    match metrics {
        Some((listener, router)) => {
            http::metrics::CONNECTIONS.serve(listener, router, pending()).await;
        }
        None => pending().await,
    }
}

/// Opens the services of a server. Checks `JWT_SECRET` before it accesses the database.
async fn services(config: &Config) -> Result<Services, StartError> {
    match (&config.jwt_secrets, &config.database.url) {
        (Some(secrets), _) => open(config, || Ok(secrets.clone())).await,
        (None, DatabaseUrl::Sqlite(path)) => {
            open(config, || Ok(vec![secret_file::load_or_create(path)?])).await
        }
        (None, DatabaseUrl::Postgres(_)) => {
            let reason = "is required with PostgreSQL; generate one with `openssl rand -hex 32`";
            Err(StartError::new(format!("JWT_SECRET: {reason}")))
        }
    }
}

/// Opens the services for a command that issues no tokens. Runs the pending migrations. Fails if the
/// database is not usable.
pub async fn services_without_tokens(config: &Config) -> Result<Services, StartError> {
    open(config, || Ok(vec![Secret::random()])).await
}

/// The same for a command that needs a database with data. Fails if there is none.
pub async fn existing_services(config: &Config) -> Result<Services, StartError> {
    Db::require(&config.database).await?;
    services_without_tokens(config).await
}

/// Runs a task, and again after a panic, which is in the log: a defect in it must not end the server.
async fn again_after_panics<F: Future<Output = ()>>(task: impl Fn() -> F) {
    let mut pause = PAUSE;
    while AssertUnwindSafe(task()).catch_unwind().await.is_err() {
        sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

async fn open(
    config: &Config,
    secrets: impl FnOnce() -> Result<Vec<Secret>, StartError>,
) -> Result<Services, StartError> {
    let (db, migrations) = Db::open(&config.database, Clock::default()).await?;
    if !migrations.is_empty() {
        tracing::info!(?migrations, "ran database migrations");
    }
    Services::new(db, config, &secrets()?)
}

impl App {
    /// The address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The services that the server uses.
    pub fn services(&self) -> Arc<Services> {
        Arc::clone(&self.services)
    }

    /// The database of the server.
    pub fn db(&self) -> &Db {
        &self.services.db
    }

    /// Serves requests and maintains the database until `stop` is ready. Then is not ready any more, serves for
    /// `SHUTDOWN_DELAY_SECONDS`, and waits for running requests and for mails that are being sent, at most
    /// `SHUTDOWN_SECONDS`.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let (closing, closed) = oneshot::channel();
        let (delay, limit, drain) = (self.shutdown.delay, self.connections.grace, self.drain);
        let stop = async {
            stop.await;
            drain.begin();
            tracing::info!(delay_seconds = delay.as_secs(), "stopping");
            if !delay.is_zero() {
                sleep(delay).await;
            }
            let _ = closing.send(());
        };
        let closed = closed.map(drop).shared();
        let streams = async {
            closed.clone().await;
            let _ = timeout(limit, drain.end_streams()).await;
        };
        let mails = async {
            let senders =
                again_after_panics(|| mail_senders::keep_up(&self.services, closed.clone()));
            let late = closed.clone().then(|()| sleep(limit));
            tokio::select! {
                () = senders => {}
                () = late => tracing::warn!("SHUTDOWN_SECONDS is over before the senders of mails have ended; mails that were being sent are sent again later"),
            }
        };
        let connections = self.connections.serve(self.listener, self.router, stop);
        tokio::select! {
            _ = join3(connections, streams, mails) => {}
            () = again_after_panics(|| upkeep::keep_up(&self.services, self.trash)) => {}
            () = again_after_panics(|| live::keep_up(&self.services)) => {}
            () = again_after_panics(|| self.services.db.watch()) => {}
            () = serve_metrics(self.metrics) => {}
        }
        self.services.db.close().await;
        tracing::info!("stopped");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_begins_again() {
        let runs = AtomicUsize::new(0);
        let task = async || {
            tokio::task::yield_now().await;
            assert_ne!(runs.fetch_add(1, Ordering::Relaxed), 0, "on purpose");
        };
        again_after_panics(task).await;
        assert_eq!(runs.into_inner(), 2);
    }
}
