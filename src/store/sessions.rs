//! Log-ins and their refresh tokens, of which only hashes are here.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use diesel_async::RunQueryDsl;

use super::memory_size::MemorySize;
use super::page::Sort;
use super::schema::{refresh_tokens, sessions, users};
use super::sql::Statement;
use super::users::UserRow;
use super::{Conn, Tx, sql};
use crate::domain::{
    Direction, Page, PageRequest, Position, Result, Session, SessionId, Side, SortValue, Timestamp,
    User, UserId, UserKey, Viewer,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
struct SessionRow {
    id: i64,
    created_at: Timestamp,
    last_used_at: Timestamp,
    expires_at: Timestamp,
    user_agent: Option<String>,
}

impl MemorySize for SessionRow {
    fn texts(&self) -> usize {
        self.user_agent.texts()
    }
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        let SessionRow { id, created_at, last_used_at, expires_at, user_agent } = row;
        Self { id: SessionId(id), created_at, last_used_at, expires_at, user_agent }
    }
}

/// Begins a session.
pub async fn insert(
    tx: &mut Tx,
    user: UserKey,
    user_agent: Option<&str>,
    now: Timestamp,
    expires: Timestamp,
) -> Result<Session> {
    let row: SessionRow = run!(tx, |c| diesel::insert_into(sessions::table)
        .values((
            sessions::user_id.eq(user.0),
            sessions::user_agent.eq(user_agent),
            sessions::created_at.eq(now),
            sessions::last_used_at.eq(now),
            sessions::expires_at.eq(expires),
        ))
        .returning(SessionRow::as_returning())
        .get_result(c)
        .await)?;
    Ok(row.into())
}

/// The account behind a session that has not ended, if it is the one with this name.
pub async fn viewer(
    conn: &mut Conn,
    session: SessionId,
    id: UserId,
    now: Timestamp,
) -> Result<Option<Viewer>> {
    let key: Option<i64> = run!(conn, |c| sessions::table
        .inner_join(users::table)
        .filter(sessions::id.eq(session.0))
        .filter(sessions::expires_at.gt(now))
        .filter(users::public_id.eq(id.to_string()))
        .select(users::id)
        .first(c)
        .await
        .optional())?;
    Ok(key.map(|key| Viewer { key: UserKey(key), id, session }))
}

/// A refresh token that a session has had.
pub struct RefreshToken {
    /// The session, which is locked until the transaction ends.
    pub session: Session,
    /// When the token was used; `None` if it has not been.
    pub spent_at: Option<Timestamp>,
}

/// Finds a refresh token by its hash and takes the lock of its session, so that whoever presents a
/// token of the same session waits.
pub async fn lock_by_token(tx: &mut Tx, hash: &str) -> Result<Option<RefreshToken>> {
    let owner = refresh_tokens::table
        .filter(refresh_tokens::hash.eq(hash))
        .select(refresh_tokens::session_id);
    let session: Option<SessionRow> =
        run!(tx, |c| diesel::update(sessions::table.filter(sessions::id.eq_any(owner)))
            .set(sessions::last_used_at.eq(sessions::last_used_at))
            .returning(SessionRow::as_returning())
            .get_result(c)
            .await
            .optional())?;
    let Some(session) = session else { return Ok(None) };
    // Read under the lock: another may have used it while this one waited.
    let token = refresh_tokens::table.find(hash).select(refresh_tokens::spent_at);
    let spent_at: Option<Option<Timestamp>> = run!(tx, |c| token.first(c).await.optional())?;
    Ok(spent_at.map(|spent_at| RefreshToken { session: session.into(), spent_at }))
}

/// Whether there is a refresh token with this hash, without a lock.
pub async fn knows(conn: &mut Conn, hash: &str) -> Result<bool> {
    let one = refresh_tokens::table.find(hash).select(refresh_tokens::session_id);
    let found: Option<i64> = run!(conn, |c| one.first(c).await.optional())?;
    Ok(found.is_some())
}

/// Gives the session a refresh token.
pub async fn insert_token(tx: &mut Tx, session: SessionId, hash: &str) -> Result<()> {
    run!(tx, |c| diesel::insert_into(refresh_tokens::table)
        .values((refresh_tokens::hash.eq(hash), refresh_tokens::session_id.eq(session.0)))
        .execute(c)
        .await)?;
    Ok(())
}

/// Notes that a refresh token has been used.
pub async fn spend_token(tx: &mut Tx, hash: &str, now: Timestamp) -> Result<()> {
    run!(tx, |c| diesel::update(refresh_tokens::table.find(hash))
        .set(refresh_tokens::spent_at.eq(now))
        .execute(c)
        .await)?;
    Ok(())
}

/// Notes that the session has been used.
pub async fn extend(
    tx: &mut Tx,
    session: SessionId,
    now: Timestamp,
    expires: Timestamp,
) -> Result<Session> {
    let row: SessionRow = run!(tx, |c| diesel::update(sessions::table.find(session.0))
        .set((sessions::last_used_at.eq(now), sessions::expires_at.eq(expires)))
        .returning(SessionRow::as_returning())
        .get_result(c)
        .await)?;
    Ok(row.into())
}

/// Whose session it is.
pub async fn user(tx: &mut Tx, session: SessionId) -> Result<User> {
    let row: UserRow = run!(tx, |c| sessions::table
        .find(session.0)
        .inner_join(users::table)
        .select(UserRow::as_select())
        .first(c)
        .await)?;
    Ok(row.into())
}

/// Ends a session, whosever it is.
pub async fn delete(tx: &mut Tx, session: SessionId) -> Result<()> {
    run!(tx, |c| diesel::delete(sessions::table.find(session.0)).execute(c).await)?;
    Ok(())
}

/// Ends a session of the user; `false` when they have no such session that has not ended.
pub async fn delete_of(
    tx: &mut Tx,
    user: UserKey,
    session: SessionId,
    now: Timestamp,
) -> Result<bool> {
    let own = sessions::table
        .find(session.0)
        .filter(sessions::user_id.eq(user.0))
        .filter(sessions::expires_at.gt(now));
    Ok(run!(tx, |c| diesel::delete(own).execute(c).await)? > 0)
}

/// Ends all sessions of the user but one; answers which, the newest first.
pub async fn delete_others(
    tx: &mut Tx,
    user: UserKey,
    keep: SessionId,
    now: Timestamp,
) -> Result<Vec<SessionId>> {
    let others = sessions::table
        .filter(sessions::user_id.eq(user.0))
        .filter(sessions::id.ne(keep.0))
        .filter(sessions::expires_at.gt(now));
    let mut ids: Vec<i64> =
        run!(tx, |c| diesel::delete(others).returning(sessions::id).get_results(c).await)?;
    ids.sort_unstable_by(|a, b| b.cmp(a));
    Ok(ids.into_iter().map(SessionId).collect())
}

/// The sessions of the user.
pub async fn of_user(tx: &mut Tx, user: UserKey) -> Result<Vec<SessionId>> {
    let ids: Vec<i64> = run!(tx, |c| sessions::table
        .filter(sessions::user_id.eq(user.0))
        .select(sessions::id)
        .load(c)
        .await)?;
    Ok(ids.into_iter().map(SessionId).collect())
}

/// Erases sessions, so many at most, that have ended before `now`; answers how many.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<usize> {
    let statement = Statement::<BigInt>::new()
        .sql("DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= ")
        .time(now)
        .sql(" ORDER BY expires_at LIMIT ")
        .number(limit)
        .sql(")");
    Ok(run!(tx, |c| statement.execute(c).await)?)
}

impl<ST> Statement<ST> {
    fn sessions_of(self, user: UserKey, now: Timestamp) -> Self {
        self.sql(" FROM sessions WHERE user_id = ")
            .number(user.0)
            .sql(" AND expires_at > ")
            .time(now)
    }
}

const NEWEST_FIRST: Sort =
    Sort { by: &["created_at"], tie: "id", direction: Direction::Descending };

/// A page of the user's sessions that have not ended, the newest first.
pub async fn list(
    conn: &mut Conn,
    user: UserKey,
    now: Timestamp,
    request: &PageRequest,
) -> Result<Page<Session>> {
    let statement = sql::select::<SessionRow>().sessions_of(user, now).page(NEWEST_FIRST, request);
    let rows: Vec<SessionRow> = statement.rows(conn).await?;
    Ok(Page::from_rows(rows.into_iter().map(Session::from).collect(), request))
}

/// How many sessions of the user have not ended.
pub async fn count(conn: &mut Conn, user: UserKey, now: Timestamp) -> Result<i64> {
    let statement = Statement::<BigInt>::new().sql("SELECT count(*)").sessions_of(user, now);
    Ok(statement.row(conn).await?.unwrap_or_default())
}

/// Whether any session of the user that has not ended lies beyond a page on this side.
pub async fn any_beyond(
    conn: &mut Conn,
    user: UserKey,
    now: Timestamp,
    request: &PageRequest,
    side: Side,
) -> Result<bool> {
    let statement = Statement::<Bool>::new()
        .sql("SELECT EXISTS (SELECT 1")
        .sessions_of(user, now)
        .beyond(NEWEST_FIRST, request, side)
        .sql(")");
    Ok(statement.row(conn).await?.unwrap_or_default())
}

/// Those of the sessions that are the user's and have not ended.
pub async fn find(
    conn: &mut Conn,
    user: UserKey,
    now: Timestamp,
    ids: &[SessionId],
) -> Result<Vec<Session>> {
    let statement = sql::select::<SessionRow>()
        .sessions_of(user, now)
        .sql(" AND id")
        .in_numbers(ids.iter().map(|id| id.0).collect());
    let rows: Vec<SessionRow> = statement.rows(conn).await?;
    Ok(rows.into_iter().map(Session::from).collect())
}

/// The place of a session in the list of sessions.
pub fn position(session: &Session) -> Position {
    Position { values: vec![SortValue::Time(session.created_at)], key: session.id.0 }
}
