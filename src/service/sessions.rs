//! Sessions: started by a log-in, extended by refresh tokens, ended by expiry or revocation.

use super::tokens::Claimed;
use super::{Services, refresh_tokens};
use crate::domain::{Client, Error, Result, Session, SessionId, Timestamp, User, UserKey, Viewer};
use crate::metrics;
use crate::store::sessions::{self, RefreshToken};
use crate::store::{Tx, users};

/// How long a used refresh token still returns the same successor, in seconds. This covers lost
/// responses and concurrent refreshes by two browser tabs.
const GRACE: i64 = 10;

/// The maximum number of expired sessions that are deleted per transaction.
const BATCH: i64 = 1000;

/// The result of a log-in or a refresh.
pub struct LogIn {
    /// The access token.
    pub access_token: String,
    /// When the access token expires.
    pub expires_at: Timestamp,
    /// The refresh token for the next access token.
    pub refresh_token: String,
    /// The session.
    pub session: Session,
    /// The user of the session.
    pub user: User,
}

/// Returns the account and session of an access token. UNAUTHENTICATED if the token is invalid or
/// expired, its session has ended or the account was deleted.
pub async fn authenticate(services: &Services, token: &str) -> Result<Viewer> {
    authenticate_until(services, token).await.map(|(viewer, _)| viewer)
}

/// The same, with the time until which the token is accepted.
pub async fn authenticate_until(services: &Services, token: &str) -> Result<(Viewer, Timestamp)> {
    let claimed = services.tokens.check(token)?;
    let until = claimed.accepted_until().ok_or(Error::Unauthenticated)?;
    let Claimed { session, user, .. } = claimed;
    let known = services.sessions.get(session);
    if let Some(viewer) = known.filter(|viewer| viewer.id == user) {
        return Ok((viewer, until));
    }
    let epoch = services.sessions.epoch();
    let mut conn = services.db.read().await?;
    let found = sessions::viewer(&mut conn, session, user, services.db.now()).await?;
    let viewer = found.ok_or(Error::Unauthenticated)?;
    services.sessions.keep(viewer, epoch);
    Ok((viewer, until))
}

/// Starts a session for a user whose password was verified against `hash`. Returns `None` if the
/// account has another hash by now.
pub(super) async fn begin(
    services: &Services,
    user: User,
    hash: &str,
    client: &Client,
) -> Result<Option<LogIn>> {
    let refresh_token = refresh_tokens::random();
    let new = NewSession {
        user: user.key,
        password_hash: hash.to_owned(),
        user_agent: client.user_agent.clone(),
        token_hash: refresh_tokens::hash(&refresh_token),
        days: services.session_days,
    };
    let session = services.db.write(new, async |tx, new| insert(tx, new).await).await?;
    session.map(|session| log_in(services, user, session, refresh_token)).transpose()
}

struct NewSession {
    user: UserKey,
    password_hash: String,
    user_agent: Option<String>,
    token_hash: String,
    days: u32,
}

async fn insert(tx: &mut Tx, new: &NewSession) -> Result<Option<Session>> {
    if !users::lock(tx, new.user, &new.password_hash).await? {
        return Ok(None);
    }
    let now = tx.now();
    let expires = now.days_after(new.days);
    let session = sessions::insert(tx, new.user, new.user_agent.as_deref(), now, expires).await?;
    sessions::insert_token(tx, session.id, &new.token_hash).await?;
    Ok(Some(session))
}

fn log_in(
    services: &Services,
    user: User,
    session: Session,
    refresh_token: String,
) -> Result<LogIn> {
    let (access_token, expires_at) = services.tokens.issue(&user, session.id)?;
    Ok(LogIn { access_token, expires_at, refresh_token, session, user })
}

/// A refresh token sent by a client.
struct Presented {
    hash: String,
    /// The possible successors. A new successor is the first one.
    successors: Vec<String>,
    days: u32,
}

/// The outcome of a refresh.
enum Refresh {
    Done { user: User, session: Session, successor: String },
    Unknown,
    Reused(SessionId),
}

/// Exchanges a refresh token for its successor and a new access token. UNAUTHENTICATED if the token is
/// invalid or expired. If it was first used ten or more seconds ago, it may have been stolen: its
/// session ends.
pub async fn refresh(services: &Services, token: &str) -> Result<LogIn> {
    let presented = Presented {
        hash: refresh_tokens::hash(token),
        successors: services.refresh_tokens.successors(token),
        days: services.session_days,
    };
    if !sessions::knows(&mut services.db.read().await?, &presented.hash).await? {
        // Checked without a write transaction, so that invalid tokens do not block other writers.
        return Err(unknown_token());
    }
    let forget = services.sessions.forgetting();
    let refresh = services.db.write_then(
        presented,
        async |tx, presented| spend(tx, presented).await,
        move |refresh| {
            if let Refresh::Reused(session) = refresh {
                forget(&[*session]);
            }
        },
    );
    match refresh.await? {
        Refresh::Done { user, session, successor } => log_in(services, user, session, successor),
        Refresh::Unknown => Err(unknown_token()),
        Refresh::Reused(session) => {
            metrics::get().accounts.reused_tokens.inc();
            tracing::warn!(
                session = session.0,
                "a refresh token was reused; the session was revoked"
            );
            Err(unknown_token())
        }
    }
}

fn unknown_token() -> Error {
    Error::BadToken { message: "The refresh token is invalid or expired. Log in again." }
}

async fn spend(tx: &mut Tx, presented: &Presented) -> Result<Refresh> {
    let Some(token) = sessions::lock_by_token(tx, &presented.hash).await? else {
        return Ok(Refresh::Unknown);
    };
    let RefreshToken { session, spent_at } = token;
    let now = tx.now();
    if session.expires_at <= now {
        return Ok(Refresh::Unknown);
    }
    match spent_at {
        None => {
            let successor = presented.successors.first().ok_or(Error::Internal)?;
            sessions::spend_token(tx, &presented.hash, now).await?;
            sessions::insert_token(tx, session.id, &refresh_tokens::hash(successor)).await?;
            let expires = now.days_after(presented.days);
            let session = sessions::extend(tx, session.id, now, expires).await?;
            done(tx, session, successor.clone()).await
        }
        Some(spent) if now.seconds_since(spent) < GRACE => {
            match known_among(tx, &presented.successors).await? {
                Some(successor) => done(tx, session, successor).await,
                None => Ok(Refresh::Unknown),
            }
        }
        Some(_) => {
            sessions::delete(tx, session.id).await?;
            Ok(Refresh::Reused(session.id))
        }
    }
}

async fn done(tx: &mut Tx, session: Session, successor: String) -> Result<Refresh> {
    Ok(Refresh::Done { user: sessions::user(tx, session.id).await?, session, successor })
}

/// The successor that was issued. It is not the first one if the secrets have been rotated since.
async fn known_among(tx: &mut Tx, successors: &[String]) -> Result<Option<String>> {
    for successor in successors {
        if sessions::knows(tx, &refresh_tokens::hash(successor)).await? {
            return Ok(Some(successor.clone()));
        }
    }
    Ok(None)
}

/// Ends the viewer's current session. UNAUTHENTICATED if it has already ended.
pub async fn log_out(services: &Services, viewer: Viewer) -> Result<()> {
    let ended = revoke(services, viewer, viewer.session).await;
    ended.map_err(|error| error.not_found_as(|| Error::Unauthenticated))
}

/// Ends a session of the viewer. NOT_FOUND if the viewer has no such session.
pub async fn revoke(services: &Services, viewer: Viewer, session: SessionId) -> Result<()> {
    let forget = services.sessions.forgetting();
    let deleted = services.db.write_then(
        (viewer.key, session),
        async |tx, (user, session)| {
            let now = tx.now();
            sessions::delete_of(tx, *user, *session, now).await
        },
        move |_| forget(&[session]),
    );
    if deleted.await? { Ok(()) } else { Err(Error::not_found("session")) }
}

/// Ends all sessions of the viewer except the current one. Returns the ended sessions, newest first.
pub async fn revoke_others(services: &Services, viewer: Viewer) -> Result<Vec<SessionId>> {
    let forget = services.sessions.forgetting();
    let deleted = services.db.write_then(
        (viewer.key, viewer.session),
        async |tx, (user, keep)| {
            let now = tx.now();
            sessions::delete_others(tx, *user, *keep, now).await
        },
        move |ended| forget(ended),
    );
    deleted.await
}

/// Deletes expired sessions, in small transactions.
pub async fn erase_expired(services: &Services) -> Result<()> {
    loop {
        let erased = services.db.write((), async |tx, ()| {
            let now = tx.now();
            sessions::delete_expired(tx, now, BATCH).await
        });
        if i64::try_from(erased.await?).is_ok_and(|erased| erased < BATCH) {
            return Ok(());
        }
    }
}
