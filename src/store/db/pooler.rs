//! Connection poolers such as PgBouncer in transaction mode, where each transaction may run on another session.

use diesel::{IntoSql, QueryResult};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

use super::postgres::Server;

/// Checks that prepared statements survive a change of the session. (`PgBouncer` keeps them from 1.21 on.)
pub(super) async fn check(server: &Server) -> Result<(), String> {
    if !server.has_pooler() {
        return Ok(());
    }
    let connect = async || server.connect().await.map_err(|error| error.to_string());
    let (mut one, mut two) = (connect().await?, connect().await?);
    session_changes(&mut one, &mut two).await.map_err(|error| {
        format!("the connection pooler does not keep prepared statements: set max_prepared_statements in PgBouncer 1.21 or later, use its session mode, or connect to PostgreSQL directly ({error})")
    })
}

/// Prepares a statement in one session. While another connection holds that session, the statement runs in a new one.
async fn session_changes(
    one: &mut AsyncPgConnection,
    two: &mut AsyncPgConnection,
) -> QueryResult<()> {
    prepared(one).await?;
    two.batch_execute("BEGIN").await?;
    prepared(one).await?;
    two.batch_execute("ROLLBACK").await
}

/// A statement with a bound value is prepared once and kept; Diesel does not keep literals.
async fn prepared(conn: &mut AsyncPgConnection) -> QueryResult<()> {
    let one = diesel::select(1.into_sql::<diesel::sql_types::Integer>());
    diesel_async::RunQueryDsl::execute(one, conn).await.map(drop)
}
