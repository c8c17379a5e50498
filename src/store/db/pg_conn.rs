//! A connection to PostgreSQL that begins a transaction together with its first statement, and returns to the pool only
//! when no transaction is open.

use std::sync::Arc;

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AsQuery, QueryFragment, QueryId};
use diesel::result::Error as DieselError;
use diesel_async::{AsyncConnectionCore, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::BoxFuture;

use super::pg_link::{Link, Stage, no_answer};
use super::sql_text::TextOnce;
use crate::metrics::work::{self, Work};

/// A handle of a connection from the pool.
///
/// `BEGIN` is sent together with the next statement, which saves a round trip.
pub struct PgConn(Arc<Link>);

/// Why a commit failed.
pub(super) enum CommitError {
    /// The transaction was rolled back.
    RolledBack(DieselError),
    /// The transaction was committed or rolled back.
    Unknown(DieselError),
}

impl PgConn {
    pub(super) fn new(link: Link) -> Self {
        Self(Arc::new(link))
    }

    /// Another handle of the same connection, which may send statements concurrently.
    pub(super) fn share(&self) -> Self {
        Self(Arc::clone(&self.0))
    }

    /// The shared state, which runs the statements; see [`Link::run`].
    pub(super) fn link(&self) -> Arc<Link> {
        Arc::clone(&self.0)
    }

    /// Whether a transaction is open, so that a command can be deferred.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.0.stage(), Stage::Open(_))
    }

    /// Runs the command together with `COMMIT`, or before the next statement, which then returns its error. This saves a
    /// round trip.
    pub(super) async fn defer(
        &mut self,
        command: impl QueryFragment<Pg> + QueryId + Send + 'static,
    ) -> QueryResult<()> {
        work::with(Work::add_statement);
        let link = self.link();
        if link.has_deferred() {
            link.run(link.run_deferred()).await?;
        }
        link.defer(Box::new(move |mut conn| {
            Box::pin(async move { conn.execute_returning_count(TextOnce(command)).await })
        }));
        Ok(())
    }

    /// Commits the transaction if one has begun.
    pub(super) async fn commit(&mut self) -> Result<(), CommitError> {
        match self.0.stage() {
            Stage::Clean | Stage::Begins(_) => self.0.enter(Stage::Clean),
            // COMMIT was never sent. PostgreSQL rolls back when the connection is closed.
            Stage::Broken => return Err(CommitError::RolledBack(no_answer())),
            Stage::Open(_) => {
                let link = self.link();
                let deferred = link.run(link.commit()).await.map_err(CommitError::Unknown)?;
                link.enter(Stage::Clean);
                deferred.map_err(CommitError::RolledBack)?;
            }
        }
        Ok(())
    }

    /// Rolls the transaction back if one has begun.
    pub(super) async fn roll_back(&mut self) -> QueryResult<()> {
        self.0.forget_deferred();
        match self.0.stage() {
            Stage::Clean | Stage::Begins(_) => self.0.enter(Stage::Clean),
            // PostgreSQL rolls back when the connection is closed.
            Stage::Broken => {}
            Stage::Open(_) => {
                let link = self.link();
                link.run(link.conn().batch_execute("ROLLBACK")).await?;
                link.enter(Stage::Clean);
            }
        }
        Ok(())
    }

    /// Closes the connection, whatever its state.
    pub(super) fn close(self) {
        self.0.enter(Stage::Broken);
    }
}

impl SimpleAsyncConnection for PgConn {
    async fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        let mut conn = self.0.conn();
        self.0.begun(Box::pin(conn.batch_execute(sql))).await
    }
}

impl AsyncConnectionCore for PgConn {
    type ExecuteFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<usize>>;
    type LoadFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<Self::Stream<'conn, 'query>>>;
    type Stream<'conn, 'query> = <AsyncPgConnection as AsyncConnectionCore>::Stream<'conn, 'query>;
    type Row<'conn, 'query> = <AsyncPgConnection as AsyncConnectionCore>::Row<'conn, 'query>;
    type Backend = Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        self.0.begun(self.0.conn().load(TextOnce(source.as_query())))
    }

    fn execute_returning_count<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        self.0.begun(self.0.conn().execute_returning_count(TextOnce(source)))
    }
}
