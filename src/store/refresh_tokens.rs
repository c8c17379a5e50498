//! Refresh tokens. Only their hashes are stored, and only while they may be presented: see ADR 60.

use diesel::prelude::*;

use super::db::{Conn, Tx};
use super::dsl::columns;
use super::rows::SessionRow;
use super::schema::{refresh_tokens, sessions};
use crate::domain::{Result, Session, SessionId, Timestamp};

/// The hashes of a refresh token.
pub struct TokenHashes {
    /// Of the token.
    pub token: String,
    /// Of what all tokens of its session have in common.
    pub family: String,
}

/// The session of a refresh token, and whether the token itself is stored; otherwise its family is known. Takes no lock.
pub async fn session_of(
    conn: &mut Conn,
    hashes: &TokenHashes,
) -> Result<Option<(SessionId, bool)>> {
    let by_token =
        refresh_tokens::table.find(hashes.token.clone()).select(refresh_tokens::session_id);
    let stored: Option<i64> = conn.first(by_token).await?;
    if let Some(session) = stored {
        return Ok(Some((SessionId(session), true)));
    }
    let by_family = sessions::table
        .filter(sessions::family_hash.eq(hashes.family.clone()))
        .select(sessions::id);
    let known: Option<i64> = conn.first(by_family).await?;
    Ok(known.map(|session| (SessionId(session), false)))
}

/// A session whose refresh tokens are locked until the transaction ends.
pub struct LockedSession {
    /// The session.
    pub session: Session,
    /// The greatest generation of which a token has been used.
    pub generation: i64,
}

/// Locks a session, so that concurrent refreshes wait. `None` if it has ended.
pub async fn lock(tx: &mut Tx, session: SessionId) -> Result<Option<LockedSession>> {
    let lock = diesel::update(sessions::table.find(session.0))
        .set(sessions::last_used_at.eq(sessions::last_used_at))
        .returning((columns::<SessionRow>(), sessions::generation));
    let rows: Vec<(SessionRow, i64)> = tx.write_returning(lock).await?;
    let locked = |(session, generation): (SessionRow, i64)| LockedSession {
        session: session.into(),
        generation,
    };
    Ok(rows.into_iter().next().map(locked))
}

/// A stored refresh token.
pub struct StoredToken {
    /// 1 for the first token of a session, one more for each successor; `None` if an earlier version has issued it.
    pub generation: Option<i64>,
    /// When it was used first; `None` if it has not been.
    pub spent_at: Option<Timestamp>,
}

/// Finds a refresh token by its hash.
pub async fn find(tx: &mut Tx, hash: &str) -> Result<Option<StoredToken>> {
    let one = refresh_tokens::table
        .find(hash.to_owned())
        .select((refresh_tokens::generation, refresh_tokens::spent_at));
    let found: Option<(Option<i64>, Option<Timestamp>)> = tx.first(one).await?;
    Ok(found.map(|(generation, spent_at)| StoredToken { generation, spent_at }))
}

/// Adds a refresh token to a session.
pub async fn insert(tx: &mut Tx, session: SessionId, hash: &str, generation: i64) -> Result<()> {
    tx.execute(diesel::insert_into(refresh_tokens::table).values((
        refresh_tokens::hash.eq(hash.to_owned()),
        refresh_tokens::session_id.eq(session.0),
        refresh_tokens::generation.eq(generation),
    )))
    .await?;
    Ok(())
}

/// Marks a refresh token as used, and deletes all others of its session that were used before `since`, or that were not
/// used at all: from now on their use is theft.
pub async fn spend(
    tx: &mut Tx,
    session: SessionId,
    hash: &str,
    generation: i64,
    (since, now): (Timestamp, Timestamp),
) -> Result<()> {
    let spent = (refresh_tokens::spent_at.eq(now), refresh_tokens::generation.eq(generation));
    tx.execute(diesel::update(refresh_tokens::table.find(hash.to_owned())).set(spent)).await?;
    let others = refresh_tokens::table
        .filter(refresh_tokens::session_id.eq(session.0))
        .filter(refresh_tokens::hash.ne(hash.to_owned()))
        .filter(refresh_tokens::spent_at.is_null().or(refresh_tokens::spent_at.lt(since)));
    tx.execute(diesel::delete(others)).await?;
    Ok(())
}

/// What a refresh changes in its session.
pub struct Refreshed {
    /// The generation of the token that was used.
    pub generation: i64,
    /// The hash of the family of its successors.
    pub family_hash: String,
    /// The time of the refresh.
    pub now: Timestamp,
    /// When the session expires unless it is refreshed again.
    pub expires: Timestamp,
}

/// Extends a session.
pub async fn extend(tx: &mut Tx, session: SessionId, refreshed: Refreshed) -> Result<Session> {
    let Refreshed { generation, family_hash, now, expires } = refreshed;
    let row: SessionRow = tx
        .write_returning_one(
            diesel::update(sessions::table.find(session.0))
                .set((
                    sessions::generation.eq(generation),
                    sessions::family_hash.eq(family_hash),
                    sessions::last_used_at.eq(now),
                    sessions::expires_at.eq(expires),
                ))
                .returning(columns::<SessionRow>()),
        )
        .await?;
    Ok(row.into())
}
