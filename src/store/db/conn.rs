//! A connection to either database, and how statements run on it.

use std::pin::pin;

use diesel::query_dsl::methods::ExecuteDsl as SqliteExecute;
use diesel::{QueryResult, SqliteConnection};
use diesel_async::methods::{ExecuteDsl as PgExecute, LoadQuery as PgLoad};
use futures_util::future::BoxFuture;
use futures_util::{TryFutureExt, TryStreamExt};

use super::memory_size::{CountedRows, MemorySize};
use super::pg_conn::PgConn;
use super::sqlite_conn::SqliteConn;
use crate::metrics::work::{self, Work};

/// A connection that is borrowed from its pool.
pub enum Conn {
    /// To an SQLite file.
    Sqlite(SqliteConn),
    /// To a PostgreSQL server.
    Postgres(PgConn),
}

/// A statement that returns rows of the type `R` on both databases.
pub(in crate::store) trait Query<R>:
    diesel::query_dsl::LoadQuery<'static, SqliteConnection, R>
    + PgLoad<'static, PgConn, R>
    + Send
    + 'static
{
}

impl<R, S> Query<R> for S where
    S: diesel::query_dsl::LoadQuery<'static, SqliteConnection, R>
        + PgLoad<'static, PgConn, R>
        + Send
        + 'static
{
}

/// A statement that returns no rows, on both databases.
pub(in crate::store) trait Command:
    diesel::RunQueryDsl<SqliteConnection>
    + SqliteExecute<SqliteConnection>
    + diesel_async::RunQueryDsl<PgConn>
    + PgExecute<PgConn>
    + Send
    + 'static
{
}

impl<S> Command for S where
    S: diesel::RunQueryDsl<SqliteConnection>
        + SqliteExecute<SqliteConnection>
        + diesel_async::RunQueryDsl<PgConn>
        + PgExecute<PgConn>
        + Send
        + 'static
{
}

impl Conn {
    /// Another handle of the same connection.
    pub(super) fn share(&self) -> Self {
        match self {
            Self::Sqlite(conn) => Self::Sqlite(conn.share()),
            Self::Postgres(conn) => Self::Postgres(conn.share()),
        }
    }

    /// All rows that the query finds. They are counted while they arrive; see [`Budget`](super::Budget).
    pub(in crate::store) fn load<R>(
        &mut self,
        query: impl Query<R>,
    ) -> BoxFuture<'_, QueryResult<Vec<R>>>
    where
        R: MemorySize + Send + 'static,
    {
        work::with(Work::add_statement);
        match self {
            Self::Postgres(conn) => Box::pin(async move {
                let link = conn.link();
                let load = async {
                    let mut rows = CountedRows::new(link.state.budget.as_ref());
                    let found = diesel_async::RunQueryDsl::load_stream(query, conn).await?;
                    let mut found = pin!(found);
                    while let Some(row) = found.try_next().await? {
                        rows.push(row)?;
                    }
                    Ok(rows.into_vec())
                };
                link.run(load).await.inspect(|rows| note_rows(rows.len()))
            }),
            Self::Sqlite(conn) => {
                let state = conn.state();
                let load = conn.run(move |conn| {
                    let budget = state.as_ref().and_then(|state| state.budget.as_ref());
                    let mut rows = CountedRows::new(budget);
                    let mut found = diesel::RunQueryDsl::load_iter(query, conn)?;
                    found.try_for_each(|row| rows.push(row?))?;
                    Ok(rows.into_vec())
                });
                Box::pin(load.inspect_ok(|rows| note_rows(rows.len())))
            }
        }
    }

    /// The first row that the query finds.
    pub(in crate::store) async fn first<R>(
        &mut self,
        query: impl Query<R>,
    ) -> QueryResult<Option<R>>
    where
        R: MemorySize + Send + 'static,
    {
        Ok(self.load(query).await?.into_iter().next())
    }

    /// Runs the command; returns the number of rows that it changed.
    pub(super) fn execute(&mut self, command: impl Command) -> BoxFuture<'_, QueryResult<usize>> {
        work::with(Work::add_statement);
        match self {
            Self::Postgres(conn) => Box::pin(async move {
                let link = conn.link();
                let run = link.run(diesel_async::RunQueryDsl::execute(command, conn));
                run.await.inspect(|rows| note_rows(*rows))
            }),
            Self::Sqlite(conn) => {
                let run = conn.run(move |conn| diesel::RunQueryDsl::execute(command, conn));
                Box::pin(run.inspect_ok(|rows| note_rows(*rows)))
            }
        }
    }
}

/// Counts the rows of a statement for its request.
fn note_rows(rows: usize) {
    work::with(|work| work.add_rows(rows));
}
