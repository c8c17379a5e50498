//! What is sent together with the next statement: `BEGIN`, and a deferred command.

use diesel::QueryResult;
use diesel_async::SimpleAsyncConnection;
use futures_util::future::{BoxFuture, join};

use super::{Begin, Deferred, Link, Stage};

impl Link {
    pub(in crate::store::db) fn defer(&self, command: Deferred) {
        *self.deferred.lock() = Some(command);
    }

    pub(in crate::store::db) fn forget_deferred(&self) {
        drop(self.take_deferred());
    }

    pub(in crate::store::db) fn has_deferred(&self) -> bool {
        self.deferred.lock().is_some()
    }

    pub(super) fn take_deferred(&self) -> Option<Deferred> {
        self.deferred.lock().take()
    }

    /// Runs the deferred command, if there is one.
    pub(in crate::store::db) async fn run_deferred(&self) -> QueryResult<()> {
        match self.take_deferred() {
            Some(command) => command(self.conn()).await.map(drop),
            None => Ok(()),
        }
    }

    /// Sends `BEGIN`, if a transaction begins, and the deferred command, if there is one, and then the statement.
    pub(in crate::store::db) fn begun<'c, T: Send + 'c>(
        &'c self,
        statement: BoxFuture<'c, QueryResult<T>>,
    ) -> BoxFuture<'c, QueryResult<T>> {
        if self.has_deferred() {
            return Box::pin(async move {
                self.run_deferred().await?;
                statement.await
            });
        }
        if !matches!(self.stage(), Stage::Begins(_)) {
            return statement;
        }
        Box::pin(async move {
            // Of several concurrent statements, the first that is polled begins the transaction.
            let Some(begin) = self.begin() else { return statement.await };
            if begin == Begin::Read {
                self.statements.skip_next();
            }
            let mut conn = self.conn();
            let sql = begin.sql(self.limits.local.as_deref());
            // Both are sent when they are first polled, and `join` polls them in this order.
            let (begun, answer) = join(conn.batch_execute(&sql), statement).await;
            begun.and(answer)
        })
    }

    /// The transaction that must begin before the next statement.
    fn begin(&self) -> Option<Begin> {
        let mut stage = self.stage.lock();
        let Stage::Begins(begin) = *stage else { return None };
        *stage = Stage::Open(begin);
        Some(begin)
    }
}
