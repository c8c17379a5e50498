//! `COMMIT`, which is sent together with the last statement, or the last command.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use diesel::QueryResult;
use diesel::result::DatabaseErrorKind;
use diesel::result::Error as DieselError;
use diesel_async::SimpleAsyncConnection;
use futures_util::future::{join, ready};
use futures_util::poll;
use tokio::task::unconstrained;

use super::{Begin, Commit, Link, Stage, poll_now};
use crate::store::db::timing;

impl Link {
    /// Sends the last statement, and `COMMIT` with it.
    ///
    /// `COMMIT` would overtake a statement that must be prepared first. Then it is sent when the connection is released.
    /// (Diesel does not report statements that it does not cache, such as `sql` literals: no snapshot may use them.)
    pub(super) async fn send_last<T>(
        &self,
        statement: Pin<&mut impl Future<Output = QueryResult<T>>>,
    ) -> Poll<QueryResult<T>> {
        let answer = poll!(statement);
        let all_sent = self.statements.prepared() == self.prepared;
        match self.stage() {
            Stage::Clean => self.state.close(),
            Stage::Open(Begin::Read) if answer.is_pending() && all_sent => {
                *self.commit.lock() = self.send_commit();
                self.state.close();
            }
            _ => {}
        }
        answer
    }

    /// Sends `COMMIT` immediately. A read transaction is committed, because the server's statistics count rollbacks as
    /// failures.
    pub(super) fn send_commit(&self) -> Option<Commit> {
        self.send_now("COMMIT")
    }

    /// Sends a command immediately.
    pub(super) fn send_now(&self, command: &'static str) -> Option<Commit> {
        let conn = Arc::clone(self.conn.as_ref()?);
        self.statements.skip_next();
        let mut commit: Commit = Box::pin(async move { (&***conn).batch_execute(command).await });
        match poll_now(&mut commit) {
            Poll::Ready(answer) => Some(Box::pin(ready(answer))),
            Poll::Pending => Some(commit),
        }
    }

    /// Sends `COMMIT`, and the deferred command with it. The inner result is that of the command: if it fails, the
    /// transaction is rolled back.
    pub(in crate::store::db) async fn commit(&self) -> QueryResult<QueryResult<()>> {
        let mut conn = self.conn();
        let Some(command) = self.take_deferred() else {
            return conn.batch_execute("COMMIT").await.map(Ok);
        };
        let prepared = self.statements.prepared();
        let began = Instant::now();
        let mut command = pin!(unconstrained(command(conn)));
        let sent = poll!(command.as_mut());
        let all_sent = self.statements.prepared() == prepared;
        if sent.is_pending() && all_sent {
            let command = async {
                let done = command.as_mut().await;
                timing::restart();
                done
            };
            let (done, committed) = join(command, conn.batch_execute("COMMIT")).await;
            return self.outcome(done.map(drop), committed, began.elapsed()).await;
        }
        // COMMIT would overtake a statement that must be prepared first.
        let done = match sent {
            Poll::Ready(done) => done,
            Poll::Pending => command.await,
        };
        match self.checked(done, began.elapsed()).await {
            Ok(_) => conn.batch_execute("COMMIT").await.map(Ok),
            Err(error) => {
                if conn.batch_execute("ROLLBACK").await.is_err() {
                    self.enter(Stage::Broken);
                }
                Ok(Err(error))
            }
        }
    }

    /// What became of a transaction whose last command was sent together with `COMMIT`. They took this time.
    async fn outcome(
        &self,
        done: QueryResult<()>,
        committed: QueryResult<()>,
        took: Duration,
    ) -> QueryResult<QueryResult<()>> {
        let Err(error) = done else { return committed.map(Ok) };
        // A pooler reports a lost connection as an error of the server.
        let is_refused = is_of_server(&error) && (committed.is_ok() || self.limits.local.is_none());
        if !is_refused {
            return Err(error);
        }
        if committed.is_err() {
            self.enter(Stage::Broken);
        }
        Ok(self.checked(Err(error), took).await)
    }
}

/// Whether the server has refused the statement.
fn is_of_server(error: &DieselError) -> bool {
    use DatabaseErrorKind::{ClosedConnection, UnableToSendCommand};
    match error {
        DieselError::DatabaseError(kind, _) => {
            !matches!(kind, ClosedConnection | UnableToSendCommand)
        }
        _ => false,
    }
}
