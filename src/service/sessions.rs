//! Sessions: started by a log-in, extended by refresh tokens, ended by expiry or revocation.

use super::Services;
use super::refresh_tokens::{self, Family};
use super::tokens::Claimed;
use crate::domain::{
    Client, Error, Lifetime, Result, Session, SessionId, Timestamp, User, UserId, UserKey, Viewer,
    neighbourhood,
};
use crate::store::{self, Tx, mail_tokens, outbox, sessions};

/// The maximum number of sessions of an account.
const MAX_SESSIONS: usize = 100;

/// The generation of the first refresh token of a session.
const FIRST_GENERATION: i64 = 1;

/// The maximum number of expired sessions that are deleted per transaction.
const BATCH: i64 = 1000;

/// More days than any session lasts.
const MAX_DAYS: u32 = 36_500;

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
    let (viewer, began) = viewer(services, session, user).await?;
    if claimed.is_of_session_since(began) {
        Ok((viewer, until))
    } else {
        Err(Error::Unauthenticated)
    }
}

/// The viewer of a session, and when it began, from the cache or the database.
async fn viewer(
    services: &Services,
    session: SessionId,
    user: UserId,
) -> Result<(Viewer, Timestamp)> {
    let known = services.sessions.get(session);
    if let Some(known) = known.filter(|(viewer, _)| viewer.id == user) {
        return Ok(known);
    }
    let epoch = services.sessions.epoch();
    let mut conn = services.db.read().await?;
    let found = sessions::viewer(&mut conn, session, user, services.db.now()).await?;
    let found = found.ok_or(Error::Unauthenticated)?;
    services.sessions.keep(found, epoch);
    Ok(found)
}

/// A session to be started, with its first refresh token.
pub(super) struct NewSession {
    stored: sessions::NewSession,
    refresh_token: String,
    lifetime: Lifetime,
}

impl NewSession {
    /// A session of this user on this client.
    pub(super) fn new(services: &Services, user: UserKey, client: &Client) -> Self {
        let family = Family::random();
        let stored = sessions::NewSession {
            user,
            user_agent: client.user_agent.clone(),
            network: client.address.map(neighbourhood),
            family_hash: family.hash(),
        };
        Self { stored, refresh_token: family.token(), lifetime: services.lifetime }
    }

    /// Stores the session. The least recently used sessions of the user end if there are too many.
    pub(super) async fn insert(&self, tx: &mut Tx) -> Result<Started> {
        let now = tx.now();
        let expires = self.lifetime.end(now, now);
        let session = sessions::insert(tx, &self.stored, now, expires).await?;
        let hash = refresh_tokens::hash(&self.refresh_token);
        store::refresh_tokens::insert(tx, session.id, &hash, FIRST_GENERATION).await?;
        let ended = sessions::delete_unused(tx, self.stored.user, MAX_SESSIONS).await?;
        Ok(Started { session, refresh_token: self.refresh_token.clone(), ended })
    }
}

/// A session that was stored.
pub(super) struct Started {
    session: Session,
    refresh_token: String,
    /// The sessions that have ended because of it.
    pub(super) ended: Vec<SessionId>,
}

impl Started {
    /// The answer to its user.
    pub(super) fn log_in(self, services: &Services, user: User) -> Result<LogIn> {
        log_in(services, user, self.session, self.refresh_token)
    }
}

/// The answer to the user of a session: its refresh token and a new access token.
pub(super) fn log_in(
    services: &Services,
    user: User,
    session: Session,
    refresh_token: String,
) -> Result<LogIn> {
    let (access_token, expires_at) =
        services.tokens.issue(&user, session.id, session.created_at)?;
    Ok(LogIn { access_token, expires_at, refresh_token, session, user })
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

/// Ends all sessions of an account, and makes the tokens in its mails useless. Returns the ended sessions.
pub(super) async fn revoke_all(tx: &mut Tx, user: UserKey) -> Result<Vec<SessionId>> {
    mail_tokens::delete_of(tx, user).await?;
    sessions::delete_all(tx, user).await
}

/// Deletes expired sessions.
pub async fn erase_expired(services: &Services) -> Result<()> {
    erase_until(services, services.db.now()).await.map(drop)
}

/// Ends all sessions, as after a restore, and drops what mails were going to bring: they may have been sent since the
/// backup was made. Servers that run notice it within five seconds. Returns the number of sessions.
pub async fn end_all(services: &Services) -> Result<usize> {
    let dropped = services.db.write((), async |tx, ()| {
        mail_tokens::delete_all(tx).await?;
        outbox::delete_all(tx).await
    });
    dropped.await?;
    erase_until(services, services.db.now().days_after(MAX_DAYS)).await
}

/// Deletes the sessions that expire until then, in small transactions. Returns their number.
async fn erase_until(services: &Services, until: Timestamp) -> Result<usize> {
    let mut count = 0;
    loop {
        let erased = services
            .db
            .write(until, async |tx, until| sessions::delete_expired(tx, *until, BATCH).await);
        let erased = erased.await?;
        count += erased;
        if i64::try_from(erased).is_ok_and(|erased| erased < BATCH) {
            return Ok(count);
        }
    }
}
