//! Sessions: begin with a log-in, live on by refresh tokens, end by being revoked.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;

use super::{Services, refresh_tokens};
use crate::domain::{
    Client, Error, Result, Session, SessionId, Timestamp, User, UserId, UserKey, Viewer,
};
use crate::store::sessions::{self, RefreshToken};
use crate::store::{Tx, users};

/// How long a used refresh token still gets the same answer, in seconds: for a lost answer, or two
/// tabs.
const GRACE: i64 = 10;

/// How many expired sessions are erased in one transaction.
const BATCH: i64 = 1000;

/// The state of sessions, so that not every request has to look. Bounded, and five seconds at most,
/// so that what is revoked is soon refused by every instance.
pub(super) struct SessionCache {
    known: Cache<SessionId, Viewer>,
    /// How often something was forgotten. What was looked up before may be out of date.
    forgotten: Mutex<u64>,
}

impl SessionCache {
    pub(super) fn new() -> Self {
        let known = Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(5));
        Self { known: known.build(), forgotten: Mutex::new(0) }
    }

    fn epoch(&self) -> u64 {
        *self.forgotten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what was looked up since `epoch`, unless something was forgotten meanwhile.
    fn keep(&self, viewer: Viewer, epoch: u64) {
        let forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        if *forgotten == epoch {
            self.known.insert(viewer.session, viewer);
        }
    }

    /// What to do when sessions have ended, as soon as that is committed.
    pub(super) fn forgetting(self: &Arc<Self>) -> impl FnOnce(&[SessionId]) + Send + 'static {
        let cache = Arc::clone(self);
        move |sessions| cache.forget(sessions)
    }

    /// From now on these sessions are looked up anew.
    fn forget(&self, sessions: &[SessionId]) {
        let mut forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        *forgotten += 1;
        for session in sessions {
            self.known.invalidate(session);
        }
    }
}

/// What a log-in or a refresh gives.
pub struct LogIn {
    /// The access token.
    pub access_token: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// What gets the next access token.
    pub refresh_token: String,
    /// The log-in.
    pub session: Session,
    /// Whose it is.
    pub user: User,
}

/// The account behind an access token; UNAUTHENTICATED when the token is of no use, its session has
/// ended or the account is gone.
pub async fn authenticate(services: &Services, token: &str) -> Result<Viewer> {
    let (session, key): (SessionId, UserId) = services.tokens.check(token)?;
    let known = services.sessions.known.get(&session);
    if let Some(viewer) = known.filter(|viewer| viewer.id == key) {
        return Ok(viewer);
    }
    let epoch = services.sessions.epoch();
    let mut conn = services.db.read().await?;
    let found = sessions::viewer(&mut conn, session, key, Timestamp::now()).await?;
    let viewer = found.ok_or(Error::Unauthenticated)?;
    services.sessions.keep(viewer, epoch);
    Ok(viewer)
}

/// Begins a session for one whose password has been checked against `hash`; `None` if that is no longer
/// the account's.
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
    let now = Timestamp::now();
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

/// A refresh token that is presented.
struct Presented {
    hash: String,
    /// What may be its successor: the first one if it is made now.
    successors: Vec<String>,
    days: u32,
}

/// What becomes of it.
enum Refresh {
    Done { user: User, session: Session, successor: String },
    Unknown,
    Reused(SessionId),
}

/// Spends a refresh token for its successor. UNAUTHENTICATED when it is of no use; if it was used
/// more than ten seconds ago, somebody else may have it, and its session ends.
pub async fn refresh(services: &Services, token: &str) -> Result<LogIn> {
    let presented = Presented {
        hash: refresh_tokens::hash(token),
        successors: services.refresh_tokens.successors(token),
        days: services.session_days,
    };
    if !sessions::knows(&mut services.db.read().await?, &presented.hash).await? {
        // Nonsense does not keep others from writing.
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
            tracing::warn!(session = session.0, "a refresh token was used again: session revoked");
            Err(unknown_token())
        }
    }
}

fn unknown_token() -> Error {
    Error::BadToken { message: "The refresh token is of no use: log in." }
}

async fn spend(tx: &mut Tx, presented: &Presented) -> Result<Refresh> {
    let Some(token) = sessions::lock_by_token(tx, &presented.hash).await? else {
        return Ok(Refresh::Unknown);
    };
    let RefreshToken { session, spent_at } = token;
    let now = Timestamp::now();
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

/// The successor that was given: when the secrets were rotated meanwhile, it is not the first.
async fn known_among(tx: &mut Tx, successors: &[String]) -> Result<Option<String>> {
    for successor in successors {
        if sessions::knows(tx, &refresh_tokens::hash(successor)).await? {
            return Ok(Some(successor.clone()));
        }
    }
    Ok(None)
}

/// Ends the viewer's session; UNAUTHENTICATED when it has ended already.
pub async fn log_out(services: &Services, viewer: Viewer) -> Result<()> {
    let ended = revoke(services, viewer, viewer.session).await;
    ended.map_err(|error| error.not_found_as(|| Error::Unauthenticated))
}

/// Ends a session of the viewer's; NOT_FOUND when they have no such session.
pub async fn revoke(services: &Services, viewer: Viewer, session: SessionId) -> Result<()> {
    let forget = services.sessions.forgetting();
    let deleted = services.db.write_then(
        (viewer.key, session),
        async |tx, (user, session)| {
            sessions::delete_of(tx, *user, *session, Timestamp::now()).await
        },
        move |_| forget(&[session]),
    );
    if deleted.await? { Ok(()) } else { Err(Error::not_found("session")) }
}

/// Ends all sessions of the viewer's but the one that asks; answers which, the newest first.
pub async fn revoke_others(services: &Services, viewer: Viewer) -> Result<Vec<SessionId>> {
    let forget = services.sessions.forgetting();
    let deleted = services.db.write_then(
        (viewer.key, viewer.session),
        async |tx, (user, keep)| sessions::delete_others(tx, *user, *keep, Timestamp::now()).await,
        move |ended| forget(ended),
    );
    deleted.await
}

/// Erases what has ended by itself, in small transactions.
pub(super) async fn erase_expired(services: &Services) -> Result<()> {
    loop {
        let erased = services
            .db
            .write((), async |tx, ()| sessions::delete_expired(tx, Timestamp::now(), BATCH).await);
        if i64::try_from(erased.await?).is_ok_and(|erased| erased < BATCH) {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_up_before_something_was_forgotten_is_not_kept() {
        let cache = SessionCache::new();
        let viewer = Viewer { key: UserKey(1), id: UserId::random(), session: SessionId(1) };
        let epoch = cache.epoch();
        cache.forget(&[viewer.session]);
        cache.keep(viewer, epoch);
        assert_eq!(cache.known.get(&viewer.session), None);
        cache.keep(viewer, cache.epoch());
        assert_eq!(cache.known.get(&viewer.session), Some(viewer));
    }
}
