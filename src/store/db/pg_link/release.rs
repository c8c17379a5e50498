//! What becomes of a connection when its last handle is dropped.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use diesel::QueryResult;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::{Begin, Commit, Link, Stage, poll_now};
use crate::store::db::pg_pool::Pooled;

impl Drop for Link {
    fn drop(&mut self) {
        let stage = self.stage();
        let sent = self.commit.get_mut().take();
        let last = match stage {
            Stage::Open(Begin::Read) => sent.or_else(|| self.send_commit()),
            // The answer to an empty command tells that the earlier statements have ended.
            Stage::Clean if self.has_unanswered() => self.send_now(""),
            _ => {
                // It owns a reference, which would keep `close` from taking the connection.
                drop(sent);
                None
            }
        };
        let Some(conn) = self.conn.take() else { return };
        match (stage, last) {
            (_, Some(last)) => end_read(conn, last, self.limits.time),
            (Stage::Clean | Stage::Begins(_), None) => drop(conn),
            (_, None) => close(conn),
        }
    }
}

/// Returns a connection to the pool when its last command is answered, in the background.
fn end_read(conn: Arc<Pooled>, mut last: Commit, limit: Duration) {
    let give_back = move |answer: Option<QueryResult<()>>| match answer {
        Some(Ok(())) => drop(conn),
        _ => close(conn),
    };
    match (poll_now(&mut last), Handle::try_current()) {
        (Poll::Ready(answer), _) => give_back(Some(answer)),
        (Poll::Pending, Ok(runtime)) => {
            runtime.spawn(async move { give_back(timeout(limit, last).await.ok()) });
        }
        (Poll::Pending, Err(_)) => {
            drop(last);
            give_back(None);
        }
    }
}

/// Closes a connection instead of returning it to the pool, if this is the last reference.
fn close(conn: Arc<Pooled>) {
    if let Some(conn) = Arc::into_inner(conn) {
        drop(Pooled::take(conn));
    }
}
