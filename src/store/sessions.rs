//! Sessions. (Their refresh tokens are in `refresh_tokens.rs`.)

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::db::{Conn, Tx};
use super::dsl::{ListOrder, Sort, SortColumn, Statement, any_of, columns, select};
use super::rows::{SessionRow, UserRow};
use super::schema::{sessions, users};
use crate::domain::{
    Direction, Page, PageRequest, Result, Session, SessionId, Side, Timestamp, User, UserId,
    UserKey, Viewer,
};

/// A session to be stored.
pub struct NewSession {
    /// Its user.
    pub user: UserKey,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// The network of the client.
    pub network: Option<String>,
    /// The hash of what its refresh tokens have in common.
    pub family_hash: String,
}

/// Creates a session.
pub async fn insert(
    tx: &mut Tx,
    new: &NewSession,
    now: Timestamp,
    expires: Timestamp,
) -> Result<Session> {
    let row: SessionRow = tx
        .write_returning_one(
            diesel::insert_into(sessions::table)
                .values((
                    sessions::user_id.eq(new.user.0),
                    sessions::user_agent.eq(new.user_agent.clone()),
                    sessions::network.eq(new.network.clone()),
                    sessions::family_hash.eq(new.family_hash.clone()),
                    sessions::created_at.eq(now),
                    sessions::last_used_at.eq(now),
                    sessions::expires_at.eq(expires),
                ))
                .returning(columns::<SessionRow>()),
        )
        .await?;
    Ok(row.into())
}

/// Ends all but the `keep` sessions of the user that were used last. Returns the ended ones.
pub async fn delete_unused(tx: &mut Tx, user: UserKey, keep: usize) -> Result<Vec<SessionId>> {
    let order = (sessions::last_used_at.desc(), sessions::id.desc());
    let latest =
        sessions::table.filter(sessions::user_id.eq(user.0)).order(order).select(sessions::id);
    let mut ids: Vec<i64> = tx.load(latest).await?;
    let unused = ids.split_off(keep.min(ids.len()));
    if !unused.is_empty() {
        let target = sessions::table.filter(any_of(sessions::id, unused.iter().copied()));
        tx.execute(diesel::delete(target)).await?;
    }
    Ok(unused.into_iter().map(SessionId).collect())
}

/// Ends all sessions of the user. Returns them.
pub async fn delete_all(tx: &mut Tx, user: UserKey) -> Result<Vec<SessionId>> {
    delete_unused(tx, user, 0).await
}

/// The viewer of a session, and when it began; `None` if the session has expired or does not belong to the user with
/// this ID.
pub async fn viewer(
    conn: &mut Conn,
    session: SessionId,
    id: UserId,
    now: Timestamp,
) -> Result<Option<(Viewer, Timestamp)>> {
    let found: Option<(i64, Timestamp)> = conn
        .first(
            sessions::table
                .inner_join(users::table)
                .filter(sessions::id.eq(session.0))
                .filter(sessions::expires_at.gt(now))
                .filter(users::public_id.eq(id.to_string()))
                .filter(users::disabled_at.is_null())
                .select((users::id, sessions::created_at)),
        )
        .await?;
    Ok(found.map(|(key, began)| (Viewer { key: UserKey(key), id, session }, began)))
}

/// Those of the sessions that have not ended.
pub async fn open(
    conn: &mut Conn,
    sessions: &[SessionId],
    now: Timestamp,
) -> Result<HashSet<SessionId>> {
    let query = sessions::table
        .filter(any_of(sessions::id, sessions.iter().map(|session| session.0)))
        .filter(sessions::expires_at.gt(now))
        .select(sessions::id);
    let ids: Vec<i64> = conn.load(query).await?;
    Ok(ids.into_iter().map(SessionId).collect())
}

/// The user of a session; `None` if the account is disabled.
pub async fn user(tx: &mut Tx, session: SessionId) -> Result<Option<User>> {
    let query = sessions::table
        .find(session.0)
        .inner_join(users::table)
        .filter(users::disabled_at.is_null())
        .select(columns::<UserRow>());
    let row: Option<UserRow> = tx.first(query).await?;
    Ok(row.map(User::from))
}

/// Ends a session of any user.
pub async fn delete(tx: &mut Tx, session: SessionId) -> Result<()> {
    tx.execute(diesel::delete(sessions::table.find(session.0))).await?;
    Ok(())
}

/// Ends a session of the user; `false` if the user has no such session or it has expired.
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
    Ok(tx.execute(diesel::delete(own)).await? > 0)
}

/// Ends all sessions of the user except one. Returns the ended sessions, newest first.
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
        tx.write_returning(diesel::delete(others).returning(sessions::id)).await?;
    ids.sort_unstable_by(|a, b| b.cmp(a));
    Ok(ids.into_iter().map(SessionId).collect())
}

/// Deletes at most `limit` expired sessions. Returns their number.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<usize> {
    let expired = diesel::alias!(sessions as expired);
    let oldest = expired
        .filter(expired.field(sessions::expires_at).le(now))
        .order(expired.field(sessions::expires_at))
        .limit(limit)
        .select(expired.field(sessions::id));
    Ok(tx.execute(diesel::delete(sessions::table.filter(sessions::id.eq_any(oldest)))).await?)
}

/// The sessions of a user that have not expired.
#[diesel::dsl::auto_type(no_type_alias)]
fn of(user: UserKey, now: Timestamp) -> _ {
    let user: i64 = user.0;
    sessions::table.filter(sessions::user_id.eq(user)).filter(sessions::expires_at.gt(now))
}

impl<ST> Statement<ST> {
    fn sessions_of(self, user: UserKey, now: Timestamp) -> Self {
        self.sql(" FROM sessions WHERE user_id = ")
            .number(user.0)
            .sql(" AND expires_at > ")
            .time(now)
    }
}

const BY_TIME: ListOrder<Session> = ListOrder {
    list: "sessions",
    name: "CREATED_AT",
    by: &[SortColumn::time("created_at", |session| session.created_at)],
    tie: "id",
    key: |session| session.id.0,
};

/// The order of the sessions of a user.
pub const NEWEST_FIRST: Sort<Session> = BY_TIME.sort(Direction::Descending);

/// A page of the user's sessions that have not expired, newest first.
pub async fn list(
    conn: &mut Conn,
    user: UserKey,
    now: Timestamp,
    request: &PageRequest,
) -> Result<Page<Session>> {
    let statement = select::<SessionRow>().sessions_of(user, now).page(NEWEST_FIRST, request);
    let rows: Vec<SessionRow> = conn.load(statement).await?;
    Ok(Page::from_rows(rows.into_iter().map(Session::from).collect(), request))
}

/// The number of the user's sessions that have not expired.
pub async fn count(conn: &mut Conn, user: UserKey, now: Timestamp) -> Result<i64> {
    Ok(conn.first(of(user, now).count()).await?.unwrap_or_default())
}

/// Whether any session of the user that has not expired lies beyond a page on this side.
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
    Ok(conn.first(statement).await?.unwrap_or_default())
}

/// The sessions with these keys that belong to the user and have not expired.
pub async fn find(
    conn: &mut Conn,
    user: UserKey,
    now: Timestamp,
    ids: &[SessionId],
) -> Result<Vec<Session>> {
    let query = of(user, now)
        .filter(any_of(sessions::id, ids.iter().map(|id| id.0)))
        .select(columns::<SessionRow>());
    let rows: Vec<SessionRow> = conn.load(query).await?;
    Ok(rows.into_iter().map(Session::from).collect())
}
