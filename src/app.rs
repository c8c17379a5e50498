//! Construction of the server, separate from running it, so that tests and benchmarks can start their
//! own.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures_util::future::join;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::config::{Config, DatabaseUrl, Secret, StartError, Trash};
use crate::domain::Clock;
use crate::graphql::Api;
use crate::service::{Services, live, upkeep};
use crate::store::Db;
use crate::{http, secret_file};

/// The time that running requests have to finish when the server stops.
const GRACE: Duration = Duration::from_secs(10);

/// A server that is bound to its address.
pub struct App {
    listener: TcpListener,
    router: Router,
    streams: http::Streams,
    services: Arc<Services>,
    trash: Trash,
    connections: http::Connections,
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
        grace: GRACE,
        max: config.http.max_connections,
    };
    let (router, streams) = http::router(Arc::clone(&services), api, config.http)?;
    let (listener, address) = bind("LISTEN_ADDR", config.listen).await?;
    let mut metrics = None;
    if let Some(address) = config.metrics {
        let (listener, address) = bind("METRICS_ADDR", address).await?;
        tracing::info!("metrics at http://{address}/metrics");
        metrics = Some((listener, http::metrics::router(&streams)));
    }
    let trash = config.trash;
    Ok(App { listener, router, streams, services, trash, connections, address, metrics })
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

    /// Serves requests and maintains the database until `stop` is ready. Then waits for running
    /// requests, at most ten seconds.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let (stopping, stopped) = oneshot::channel();
        let stop = async move {
            stop.await;
            let _ = stopping.send(());
        };
        let streams = async {
            if stopped.await.is_ok() {
                let _ = timeout(GRACE, self.streams.stop()).await;
            }
        };
        tokio::select! {
            _ = join(self.connections.serve(self.listener, self.router, stop), streams) => {}
            () = upkeep::keep_up(&self.services, self.trash) => {}
            () = live::keep_up(&self.services) => {}
            () = self.services.db.watch() => {}
            () = serve_metrics(self.metrics) => {}
        }
        self.services.db.close();
    }
}
