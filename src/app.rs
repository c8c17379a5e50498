//! The server, built apart from run, so that tests and benches can have one of their own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;

use crate::config::{Config, DatabaseUrl, Secret, StartError, Trash};
use crate::graphql::Api;
use crate::service::{Services, upkeep};
use crate::store::Db;
use crate::{http, secret_file};

/// How long requests under way may take to end when the server stops.
const GRACE: Duration = Duration::from_secs(10);

/// A server that is bound to its address.
pub struct App {
    listener: TcpListener,
    router: Router,
    services: Arc<Services>,
    trash: Trash,
    request_time: Duration,
    write_time: Duration,
    address: SocketAddr,
}

/// Brings the database up to date, binds the address and puts everything together.
pub async fn build(config: Config) -> Result<App, StartError> {
    let services = Arc::new(services(&config).await?);
    let api = Api::new(Arc::clone(&services), &config)?;
    let (request_time, write_time) = (config.http.request_time, config.http.write_time);
    let router = http::router(Arc::clone(&services), api, config.http);
    let cannot_listen = |error| {
        StartError::new(format!("LISTEN_ADDR: cannot listen on {}: {error}", config.listen))
    };
    let listener = TcpListener::bind(config.listen).await.map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    let trash = config.trash;
    Ok(App { listener, router, services, trash, request_time, write_time, address })
}

/// The rules on an up-to-date database, for a server. What is missing is said before the database is
/// touched.
async fn services(config: &Config) -> Result<Services, StartError> {
    match (&config.jwt_secrets, &config.database.url) {
        (Some(secrets), _) => open(config, || Ok(secrets.clone())).await,
        (None, DatabaseUrl::Sqlite(path)) => {
            open(config, || Ok(vec![secret_file::load_or_create(path)?])).await
        }
        (None, DatabaseUrl::Postgres(_)) => {
            let reason = "is required with PostgreSQL; `openssl rand -hex 32` makes one";
            Err(StartError::new(format!("JWT_SECRET: {reason}")))
        }
    }
}

/// The rules on an up-to-date database, for a command that issues no tokens.
pub async fn services_without_tokens(config: &Config) -> Result<Services, StartError> {
    open(config, || Ok(vec![Secret::random()])).await
}

async fn open(
    config: &Config,
    secrets: impl FnOnce() -> Result<Vec<Secret>, StartError>,
) -> Result<Services, StartError> {
    let migrations = Db::migrate(&config.database).await?;
    if !migrations.is_empty() {
        tracing::info!(?migrations, "the database has been brought up to date");
    }
    Services::new(Db::new(&config.database)?, config, &secrets()?)
}

impl App {
    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The rules that it works by.
    pub fn services(&self) -> Arc<Services> {
        Arc::clone(&self.services)
    }

    /// Its database.
    pub fn db(&self) -> &Db {
        &self.services.db
    }

    /// Serves, and keeps its database tidy, until `stop` is ready, then lets requests under way end.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let connections = http::Connections {
            // Long enough for whatever keeps them, such as a proxy.
            idle: self.request_time * 2,
            write: self.write_time,
            grace: GRACE,
        };
        tokio::select! {
            () = connections.serve(self.listener, self.router, stop) => {}
            () = upkeep::keep_up(&self.services, self.trash) => {}
        }
        self.services.db.close();
    }
}
