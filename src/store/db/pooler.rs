//! Connection poolers such as PgBouncer in transaction mode, where each transaction may run on another session.

use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::Integer;
use diesel::{IntoSql, QueryResult};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

use super::connect_error::ConnectError;
use super::postgres::{SHOW_OWN_OPTION, Server};

/// Checks that prepared statements survive a change of the session, if `conn` goes through a pooler. (`PgBouncer` keeps them
/// from 1.21 on.)
pub(super) async fn check(
    server: &Server,
    conn: &mut AsyncPgConnection,
) -> Result<(), ConnectError> {
    if !server.has_pooler() {
        let arrived = options_arrive(conn).await;
        if arrived.map_err(|error| ConnectError::new(error.to_string()))? {
            return Ok(());
        }
        server.found_pooler();
    }
    let (mut one, mut two) = (server.connect().await?, server.connect().await?);
    session_changes(&mut one, &mut two).await.map_err(ConnectError::of_pooler)
}

/// Whether the options of the connection have arrived. `PgBouncer` may be told to ignore them.
async fn options_arrive(conn: &mut AsyncPgConnection) -> QueryResult<bool> {
    match conn.batch_execute(SHOW_OWN_OPTION).await {
        Ok(()) => Ok(true),
        Err(Error::DatabaseError(DatabaseErrorKind::Unknown, _)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// How often the session of a connection is tried to be changed. In session mode it never changes.
const TRIES: usize = 10;

/// Prepares a statement, and runs it again until that happens in another session, because another connection uses the
/// first one.
async fn session_changes(
    one: &mut AsyncPgConnection,
    two: &mut AsyncPgConnection,
) -> QueryResult<()> {
    let first = prepared(one).await?;
    for _ in 0..TRIES {
        two.batch_execute("BEGIN").await?;
        let beside = prepared(one).await?;
        two.batch_execute("ROLLBACK").await?;
        // Poolers use the session that was free last, here that of the other connection.
        if beside != first || prepared(one).await? != first {
            break;
        }
    }
    Ok(())
}

diesel::define_sql_function! {
    /// Identifies the session.
    fn pg_backend_pid() -> Integer;
}

/// The session in which a prepared statement ran. A statement with a bound value is prepared once and kept; Diesel does not
/// keep literals.
async fn prepared(conn: &mut AsyncPgConnection) -> QueryResult<i32> {
    let session = diesel::select((pg_backend_pid(), 0.into_sql::<Integer>()));
    let (session, _): (i32, i32) = diesel_async::RunQueryDsl::get_result(session, conn).await?;
    Ok(session)
}
