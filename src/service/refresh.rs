//! The exchange of a refresh token for its successor (ADR 60).

use super::Services;
use super::refresh_tokens::{self, Family};
use super::sessions::{LogIn, log_in};
use crate::domain::{Lifetime, Result, Session, SessionId, User, rejection};
use crate::metrics;
use crate::store::refresh_tokens::{self as store, LockedSession, Refreshed, StoredToken};
use crate::store::{Tx, sessions};

/// How long a used refresh token gets further successors, in seconds. This covers lost responses and concurrent
/// refreshes by two browser tabs.
const GRACE: u32 = 10;

/// A refresh token that a client has sent.
struct Presented {
    hash: String,
    session: SessionId,
    family: Family,
    successor: String,
    lifetime: Lifetime,
}

/// The outcome of a refresh.
enum Refresh {
    Done(Box<Done>),
    Unknown,
    Reused,
}

/// A refresh that succeeds.
struct Done {
    user: User,
    session: Session,
    /// Whether the token was presented for the first time.
    is_first: bool,
}

/// Exchanges a refresh token for a successor and a new access token. UNAUTHENTICATED if the token is invalid or expired;
/// RATE_LIMITED after too many refreshes of its session.
///
/// Each presentation within ten seconds gets a successor of its own. A token may have been stolen if it is presented
/// later, or if two of its successors are used: its session ends.
pub async fn refresh(services: &Services, token: &str) -> Result<LogIn> {
    let hashes = refresh_tokens::hashes(token);
    // Looked up without a write transaction, so that invalid tokens do not block other writers.
    let mut conn = services.db.read().await?;
    let found = store::session_of(&mut conn, &hashes).await?;
    let (session, is_stored) = found.ok_or_else(rejection::invalid_refresh_token)?;
    drop(conn);
    if is_stored {
        // A token that was used long ago is not counted: its session ends, even if a thief has used up the limit.
        services.attempts.of_session(session).inspect_err(|_| {
            tracing::warn!(session = session.0, "a session was refreshed too often");
        })?;
    }
    let family = Family::of(token);
    let (successor, lifetime) = (family.token(), services.lifetime);
    let presented =
        Presented { hash: hashes.token, session, family, successor: successor.clone(), lifetime };
    let forget = services.sessions.forgetting();
    let refresh = services.db.write_then(
        presented,
        async |tx, presented| present(tx, presented).await,
        move |refresh| {
            if matches!(refresh, Refresh::Reused) {
                forget(&[session]);
            }
        },
    );
    match refresh.await? {
        Refresh::Done(done) => {
            let Done { user, session, is_first } = *done;
            if !is_first {
                metrics::get().accounts.repeated_tokens.inc();
                tracing::warn!(session = session.id.0, "a refresh token was presented again");
            }
            log_in(services, user, session, successor)
        }
        Refresh::Unknown => Err(rejection::invalid_refresh_token()),
        Refresh::Reused => {
            let session = session.0;
            metrics::get().accounts.reused_tokens.inc();
            tracing::warn!(session, "a refresh token was reused; the session was revoked");
            Err(rejection::invalid_refresh_token())
        }
    }
}

async fn present(tx: &mut Tx, presented: &Presented) -> Result<Refresh> {
    let Some(locked) = store::lock(tx, presented.session).await? else {
        return Ok(Refresh::Unknown);
    };
    let now = tx.now();
    if locked.session.expires_at <= now {
        return Ok(Refresh::Unknown);
    }
    // Read under the lock: another request may have used the token while this one waited.
    let token = store::find(tx, &presented.hash).await?;
    match token {
        Some(StoredToken { spent_at: None, generation }) => {
            let generation = generation.unwrap_or(locked.generation.saturating_add(1));
            if generation <= locked.generation {
                // Another successor of the same token has been used.
                return reused(tx, presented).await;
            }
            first_use(tx, presented, &locked, generation).await
        }
        Some(StoredToken { spent_at: Some(spent), generation })
            if spent > now.seconds_before(GRACE) =>
        {
            let next = generation.unwrap_or(locked.generation).saturating_add(1);
            insert_successor(tx, presented, next).await?;
            done(tx, locked.session, false).await
        }
        // It was used before, or belongs to a token of which another successor has been used.
        _ => reused(tx, presented).await,
    }
}

async fn first_use(
    tx: &mut Tx,
    presented: &Presented,
    locked: &LockedSession,
    generation: i64,
) -> Result<Refresh> {
    let (now, session) = (tx.now(), &locked.session);
    let times = (now.seconds_before(GRACE), now);
    store::spend(tx, session.id, &presented.hash, generation, times).await?;
    insert_successor(tx, presented, generation.saturating_add(1)).await?;
    let refreshed = Refreshed {
        generation,
        family_hash: presented.family.hash(),
        now,
        expires: presented.lifetime.end(session.created_at, now),
    };
    let session = store::extend(tx, session.id, refreshed).await?;
    done(tx, session, true).await
}

async fn insert_successor(tx: &mut Tx, presented: &Presented, generation: i64) -> Result<()> {
    let hash = refresh_tokens::hash(&presented.successor);
    store::insert(tx, presented.session, &hash, generation).await
}

async fn done(tx: &mut Tx, session: Session, is_first: bool) -> Result<Refresh> {
    let user = sessions::user(tx, session.id).await?;
    Ok(user
        .map_or(Refresh::Unknown, |user| Refresh::Done(Box::new(Done { user, session, is_first }))))
}

async fn reused(tx: &mut Tx, presented: &Presented) -> Result<Refresh> {
    sessions::delete(tx, presented.session).await?;
    Ok(Refresh::Reused)
}
