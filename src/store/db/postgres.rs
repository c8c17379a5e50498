//! Connections to a PostgreSQL server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use diesel::QueryResult;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::Double;
use diesel_async::pooled_connection::PoolableConnection;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tokio::time::timeout;
use tokio_postgres::config::{LoadBalanceHosts, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::candidates::Candidates;
use super::connect_error::ConnectError;
use super::tls;
use crate::config::{Database, PostgresUrl, StartError};

/// The maximum time to open a TCP connection, unless the URL has `connect_timeout`.
const TCP_TIME: Duration = Duration::from_secs(1);

/// The maximum time for a server that has accepted a connection to begin the session.
const SESSION_TIME: Duration = Duration::from_secs(3);

/// The kernel closes a connection whose data is not acknowledged for this long.
const UNACKNOWLEDGED: Duration = Duration::from_secs(5);

/// Keepalive probes find a server that is gone while its connection is idle: after 10 s, then every 3 s, 3 times.
const KEEPALIVE: (Duration, Duration, u32) = (Duration::from_secs(10), Duration::from_secs(3), 3);

/// A PostgreSQL server, at one of several addresses, and how to connect to it.
#[derive(Clone)]
pub(super) struct Server {
    /// Without an address.
    config: tokio_postgres::Config,
    candidates: Candidates,
    tls: MakeRustlsConnect,
    limits: Limits,
    /// Whether a connection pooler is in between, which does not pass options on.
    has_pooler: Arc<AtomicBool>,
}

/// Limits that PostgreSQL enforces.
#[derive(Clone, Copy)]
struct Limits {
    statement: Duration,
    lock: Duration,
}

impl Server {
    /// Loads the root certificates. Does not connect. `name` is the setting that has the URL.
    pub(super) fn new(
        name: &str,
        url: &PostgresUrl,
        config: &Database,
    ) -> Result<Self, StartError> {
        let tls = tls::connector(&url.verify);
        let tls = tls.map_err(|error| StartError::new(format!("{name}: {error}")))?;
        let limits = Limits { statement: config.statement_timeout, lock: config.wait };
        let config = with_name(with_timeouts(url.config.clone()));
        let candidates = Candidates::new(&url.addresses);
        let has_pooler = Arc::new(AtomicBool::new(url.pooler));
        Ok(Self { config, candidates, tls, limits, has_pooler })
    }

    /// Opens a connection, within a few seconds.
    pub(super) async fn connect(&self) -> Result<AsyncPgConnection, ConnectError> {
        let connect_time = self.config.get_connect_timeout().copied().unwrap_or(TCP_TIME);
        self.connect_within(connect_time + SESSION_TIME).await
    }

    /// The same with another limit for each address.
    pub(super) async fn connect_within(
        &self,
        limit: Duration,
    ) -> Result<AsyncPgConnection, ConnectError> {
        if !self.has_pooler() {
            match self.connect_with(self.limits.options(&self.config), limit).await {
                Err(error) if is_unsupported_option(&error) => {
                    self.found_pooler();
                }
                result => return result,
            }
        }
        // A pooler would ignore them, or refuse the connection.
        if self.config.get_options().is_some_and(|options| !options.trim().is_empty()) {
            return Err(ConnectError::new(
                "the connection pooler does not pass on the options of the URL; \
                 set them for the role instead (ALTER ROLE … SET …)",
            ));
        }
        self.connect_with(self.config.clone(), limit).await
    }

    /// Connects to the first address that has a suitable server. (tokio-postgres would wait for a server that accepts
    /// the connection and stays silent, instead of trying the next.)
    async fn connect_with(
        &self,
        config: tokio_postgres::Config,
        limit: Duration,
    ) -> Result<AsyncPgConnection, ConnectError> {
        let shuffle = config.get_load_balance_hosts() == LoadBalanceHosts::Random;
        let mut failures = Vec::new();
        for index in self.candidates.order(shuffle) {
            let attempt = self.candidates.attempt(index);
            let address = attempt.address();
            match self.connect_to(&address.add_to(config.clone()), limit).await {
                Ok(conn) => {
                    attempt.succeeded();
                    return Ok(conn);
                }
                Err(error) if is_unsupported_option(&error) => return Err(error),
                Err(error) => {
                    attempt.failed();
                    failures.push((address, error));
                }
            }
        }
        Err(ConnectError::of_all(failures))
    }

    async fn connect_to(
        &self,
        config: &tokio_postgres::Config,
        limit: Duration,
    ) -> Result<AsyncPgConnection, ConnectError> {
        let attempt = async {
            let conn = if config.get_ssl_mode() == SslMode::Disable {
                let (client, conn) =
                    config.connect(tokio_postgres::NoTls).await.map_err(|error| bad(&error))?;
                AsyncPgConnection::try_from_client_and_connection(client, conn).await
            } else {
                let (client, conn) =
                    config.connect(self.tls.clone()).await.map_err(|error| bad(&error))?;
                AsyncPgConnection::try_from_client_and_connection(client, conn).await
            };
            // diesel-async has prepared statements of its own.
            let has_pooler = self.has_pooler();
            conn.map_err(
                |error| if has_pooler { ConnectError::of_pooler(error) } else { error.into() },
            )
        };
        let mut conn = timeout(limit, attempt).await.unwrap_or_else(|_| {
            let reason = format!("the server did not begin a session within {} s", limit.as_secs());
            Err(ConnectError::new(reason))
        })?;
        if !self.has_pooler() {
            // Only roles with the privilege may set it. It makes errors known by their text in the log.
            let set = conn.batch_execute("SET lc_messages = 'C'");
            let set = timeout(limit, set).await;
            let set = set.map_err(|_| ConnectError::new("the server stopped responding"))?;
            if let Err(error) = set
                && (is_lost(&error) || conn.is_broken())
            {
                return Err(ConnectError::new(format!("the connection was lost: {error}")));
            }
        }
        Ok(conn)
    }

    /// Ends the sessions of this program from before an outage, which may hold locks. `since` is the time since the outage
    /// ended. Only sessions that are older than that, and older than the session of `conn`, are ended; all have the same
    /// name. Does nothing through a pooler, where sessions are shared.
    pub(super) async fn end_earlier_sessions(
        &self,
        conn: &mut AsyncPgConnection,
        since: Duration,
    ) -> QueryResult<()> {
        if self.has_pooler() {
            return Ok(());
        }
        let end = "WITH own AS (SELECT * FROM pg_stat_activity WHERE pid = pg_backend_pid())
            SELECT pg_terminate_backend(other.pid) FROM pg_stat_activity AS other, own
            WHERE other.application_name = own.application_name AND other.usename = own.usename
                AND other.datname = own.datname AND other.backend_start
                    < least(own.backend_start, clock_timestamp() - make_interval(secs => $1))";
        // Time passes until the server runs the statement. It is better to spare a session than to end a new one.
        let seconds = (since + since.min(SESSION_TIME)).as_secs_f64();
        let end = diesel::sql_query(end).bind::<Double, _>(seconds);
        diesel_async::RunQueryDsl::execute(end, conn).await.map(drop)
    }

    /// Notes that there is a pooler that does not pass options on.
    pub(super) fn found_pooler(&self) {
        tracing::info!("connected through a pooler: limits are set in each transaction");
        self.has_pooler.store(true, Ordering::Relaxed);
    }

    /// Whether the connections go through a pooler.
    pub(super) fn has_pooler(&self) -> bool {
        self.has_pooler.load(Ordering::Relaxed)
    }

    /// The statements that set the limits of a transaction; `None` if the connection has them.
    pub(super) fn local_limits(&self) -> Option<String> {
        self.has_pooler().then(|| {
            let Limits { statement, lock } = self.limits;
            format!(
                "SET LOCAL statement_timeout = {0}; SET LOCAL lock_timeout = {1}; \
                 SET LOCAL idle_in_transaction_session_timeout = {0}",
                statement.as_millis(),
                lock.as_millis(),
            )
        })
    }
}

impl Limits {
    /// The settings with these limits as options. Options of the URL come last and win.
    ///
    /// Every query uses an index whatever its values are; without `force_generic_plan`, PostgreSQL plans queries
    /// with an array anew each time, which costs 0.1 ms.
    fn options(self, config: &tokio_postgres::Config) -> tokio_postgres::Config {
        let mut config = config.clone();
        let mut options = format!(
            "{OWN_OPTION} -c statement_timeout={0} -c lock_timeout={1} -c idle_in_transaction_session_timeout={0} \
             -c plan_cache_mode=force_generic_plan",
            self.statement.as_millis(),
            self.lock.as_millis(),
        );
        if let Some(own) = config.get_options() {
            options = options + " " + own;
        }
        config.options(options);
        config
    }
}

/// An option of our own, and a statement that fails if it has not arrived.
const OWN_OPTION: &str = "-c kanban.options=on";
pub(super) const SHOW_OWN_OPTION: &str = "SHOW kanban.options";

/// The maximum length of a name in PostgreSQL, in bytes.
const MAX_NAME: usize = 63;

/// Gives the sessions of this program a name that no other instance has.
fn with_name(mut config: tokio_postgres::Config) -> tokio_postgres::Config {
    let instance = format!(" {:08x}", rand::random::<u32>());
    let mut name = config.get_application_name().unwrap_or_default().to_owned();
    while name.len() + instance.len() > MAX_NAME {
        name.pop();
    }
    config.application_name(name + &instance);
    config
}

fn with_timeouts(mut config: tokio_postgres::Config) -> tokio_postgres::Config {
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(TCP_TIME);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(UNACKNOWLEDGED);
    }
    let (idle, interval, retries) = KEEPALIVE;
    if config.get_keepalives_interval().is_none() && config.get_keepalives_retries().is_none() {
        config.keepalives_idle(idle).keepalives_interval(interval).keepalives_retries(retries);
    }
    config
}

fn bad(error: &tokio_postgres::Error) -> ConnectError {
    let reason = chain(error);
    let is_busy = error.code().is_some_and(|code| {
        [SqlState::TOO_MANY_CONNECTIONS, SqlState::CANNOT_CONNECT_NOW].contains(code)
    }) || reason.contains(POOLER_IS_FULL);
    let is_unsuitable = UNSUITABLE.iter().any(|part| reason.contains(part));
    ConnectError { is_busy, is_unsuitable, ..ConnectError::new(reason) }
}

/// Parts of the messages of tokio-postgres about a server that does not have the `target_session_attrs` of the URL.
const UNSUITABLE: [&str; 2] = ["database does not allow writes", "database is not read only"];

/// A part of the message of PgBouncer when its `max_client_conn` is reached. Its SQLSTATE says only "protocol violation".
const POOLER_IS_FULL: &str = "no more connections allowed";

/// An error with its causes: the message of a TLS error is in the last one.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Whether a statement failed without an answer of the server.
fn is_lost(error: &DieselError) -> bool {
    matches!(error, DieselError::DatabaseError(DatabaseErrorKind::UnableToSendCommand, _))
}

/// `PgBouncer` refuses `options`, or those that it does not know, unless it is told to ignore them.
fn is_unsupported_option(error: &ConnectError) -> bool {
    let reason = error.to_string();
    ["unsupported startup parameter", "unsupported options startup parameter"]
        .iter()
        .any(|refusal| reason.contains(refusal))
}
