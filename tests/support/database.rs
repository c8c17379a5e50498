//! A separate database for each scenario.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use kanban::store::Db;
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// The kind of database that a scenario runs on.
#[derive(Clone)]
pub enum Backend {
    Sqlite,
    Postgres(Arc<Template>),
}

static SQLITE: AtomicUsize = AtomicUsize::new(0);
static POSTGRES: AtomicUsize = AtomicUsize::new(0);

impl Backend {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    fn counter(&self) -> &'static AtomicUsize {
        match self {
            Self::Sqlite => &SQLITE,
            Self::Postgres(_) => &POSTGRES,
        }
    }

    /// Counts a scenario that has passed on this database.
    pub fn finish(&self) {
        self.counter().fetch_add(1, Ordering::Relaxed);
    }

    pub fn finished(&self) -> usize {
        self.counter().load(Ordering::Relaxed)
    }

    /// A new database: migrated on PostgreSQL, empty on SQLite.
    pub async fn database(&self) -> Database {
        match self {
            Self::Sqlite => Database::Sqlite(TempDir::new().unwrap()),
            Self::Postgres(template) => template.clone_database().await,
        }
    }
}

/// The database of one scenario.
pub enum Database {
    Sqlite(TempDir),
    Postgres { template: Arc<Template>, name: String },
}

impl Database {
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite://{}/kanban.db", folder.path().display()),
            Self::Postgres { template, name } => template.url_of(name),
        }
    }

    pub async fn drop_database(self) {
        if let Self::Postgres { template, name } = self {
            template.admin(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")).await;
        }
    }
}

/// A migrated PostgreSQL database from which the scenarios' databases are cloned.
pub struct Template {
    server: String,
    name: String,
    clones: AtomicUsize,
}

impl Template {
    /// `url` names any database of the server. It is used to create the others.
    pub async fn create(url: &str) -> Self {
        let name = format!("kanban_test_{}", std::process::id());
        let template = Self { server: url.to_owned(), name, clones: AtomicUsize::new(0) };
        template.admin(&format!("DROP DATABASE IF EXISTS \"{}\"", template.name)).await;
        template.admin(&format!("CREATE DATABASE \"{}\"", template.name)).await;
        let config = super::server::config(&template.url_of(&template.name));
        Db::migrate(&config.database).await.unwrap();
        template
    }

    pub async fn drop_database(&self) {
        self.admin(&format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", self.name)).await;
    }

    async fn clone_database(self: &Arc<Self>) -> Database {
        let number = self.clones.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}_{number}", self.name);
        self.admin(&format!("CREATE DATABASE \"{name}\" TEMPLATE \"{}\"", self.name)).await;
        Database::Postgres { template: Arc::clone(self), name }
    }

    /// The URL of another database on the same server.
    fn url_of(&self, name: &str) -> String {
        let (base, options) = self.server.split_once('?').unwrap_or((&self.server, ""));
        let (host, _) = base.rsplit_once('/').expect("TEST_DATABASE_URL: postgres://…/NAME");
        format!("{host}/{name}?{options}")
    }

    async fn admin(&self, sql: &str) {
        execute(&self.server, "", sql).await;
    }
}

/// Executes statements, given in both SQL dialects.
pub async fn execute(url: &str, sqlite: &str, postgres: &str) {
    if let Some(path) = url.strip_prefix("sqlite://") {
        let mut conn = SqliteConnection::establish(path).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
        conn.batch_execute(sqlite).unwrap();
        return;
    }
    let (client, connection) = connect(url).await;
    client.batch_execute(postgres).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
}

/// The number of rows of a table.
pub async fn count(url: &str, table: &str) -> i64 {
    let query = format!("SELECT count(*) FROM {table}");
    if let Some(path) = url.strip_prefix("sqlite://") {
        let mut conn = SqliteConnection::establish(path).unwrap();
        let count = diesel::dsl::sql::<diesel::sql_types::BigInt>(&query);
        return diesel::RunQueryDsl::get_result(count, &mut conn).unwrap();
    }
    let (client, connection) = connect(url).await;
    let count = client.query_one(&query, &[]).await.unwrap().get(0);
    drop(client);
    connection.await.unwrap().unwrap();
    count
}

async fn connect(
    url: &str,
) -> (tokio_postgres::Client, JoinHandle<Result<(), tokio_postgres::Error>>) {
    let config: tokio_postgres::Config = url.parse().unwrap();
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    (client, tokio::spawn(connection))
}
