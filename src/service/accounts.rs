//! Accounts: sign up, log in, who is asking, and changes to one's own account.

use std::time::Duration;

use moka::future::Cache;

use super::Services;
use crate::domain::{Email, Error, Password, Result, Timestamp, User, UserKey, Viewer};
use crate::store::users;

/// The accounts behind access tokens, so that not every request has to look. Bounded, and five
/// seconds at most, so that a deleted account is soon refused by every instance.
pub(super) type ViewerCache = Cache<UserKey, Viewer>;

pub(super) fn viewer_cache() -> ViewerCache {
    Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(5)).build()
}

/// What a log-in gives.
pub struct LogIn {
    /// The access token.
    pub access_token: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whose it is.
    pub user: User,
}

/// What shall change about one's own account; `None` stays as it is.
pub struct AccountChanges {
    /// A new address.
    pub email: Option<Email>,
    /// A new password.
    pub password: Option<Password>,
}

/// Makes an account; CONFLICT when there is one with the address.
pub async fn sign_up(services: &Services, email: Email, password: Password) -> Result<User> {
    let hash = services.passwords.hash(password).await?;
    services
        .db
        .write((email, hash), async |tx, (email, hash)| {
            users::insert(tx, email, hash, Timestamp::now()).await
        })
        .await
}

/// Checks address and password. An unknown address gives the same answer in the same time as a
/// wrong password. A hash made with other parameters than those in force is renewed.
pub async fn log_in(services: &Services, email: &str, password: String) -> Result<LogIn> {
    let known = match Email::parse(email) {
        Ok(email) => users::credentials_by_email(&mut services.db.read().await?, &email).await?,
        Err(_) => None,
    };
    let hash = known.as_ref().map(|known| known.password_hash.as_str());
    let same = services.passwords.verify(password.clone(), hash).await?;
    let known = known.filter(|_| same).ok_or(Error::InvalidCredentials)?;
    if services.passwords.is_outdated(&known.password_hash) {
        renew_hash(services, &known, password).await;
    }
    let (access_token, expires_at) = services.tokens.issue(&known.user)?;
    Ok(LogIn { access_token, expires_at, user: known.user })
}

/// What fails here is logged and tried again at the next log-in; this one has succeeded.
async fn renew_hash(services: &Services, known: &users::Credentials, password: String) {
    let Ok(password) = Password::parse(password) else {
        return;
    };
    let Ok(new) = services.passwords.hash(password).await else {
        return;
    };
    let input = (known.user.id, known.password_hash.clone(), new);
    let renewed = services
        .db
        .write(input, async |tx, (user, old, new)| users::rehash(tx, *user, old, new).await);
    if renewed.await.is_err() {
        tracing::warn!("a password's hash could not be renewed");
    }
}

/// The account behind an access token; UNAUTHENTICATED when the token is of no use or the account
/// is gone.
pub async fn authenticate(services: &Services, token: &str) -> Result<Viewer> {
    let key = services.tokens.check(token)?;
    if let Some(viewer) = services.viewers.get(&key).await {
        return Ok(viewer);
    }
    let found = users::viewer(&mut services.db.read().await?, key).await?;
    let viewer = found.ok_or(Error::Unauthenticated)?;
    services.viewers.insert(key, viewer).await;
    Ok(viewer)
}

/// Changes address, password or both, for one who knows the present password.
pub async fn update(
    services: &Services,
    viewer: Viewer,
    current_password: String,
    changes: AccountChanges,
) -> Result<User> {
    let known = users::credentials(&mut services.db.read().await?, viewer.id).await?;
    let known = known.ok_or(Error::Unauthenticated)?;
    if !services.passwords.verify(current_password, Some(&known.password_hash)).await? {
        return Err(Error::InvalidCredentials);
    }
    let new_hash = match changes.password {
        Some(password) => Some(services.passwords.hash(password).await?),
        None => None,
    };
    let email = changes.email.filter(|email| email.as_str() != known.user.email);
    if email.is_none() && new_hash.is_none() {
        return Ok(known.user);
    }
    let input = (known, email, new_hash);
    services
        .db
        .write(input, async |tx, (known, email, new_hash)| {
            let (old_hash, new_hash) = (known.password_hash.as_str(), new_hash.as_deref());
            let user = known.user.id;
            users::update(tx, user, old_hash, email.as_ref(), new_hash, Timestamp::now())
                .await?
                // Somebody else has changed the password since it was checked.
                .ok_or(Error::InvalidCredentials)
        })
        .await
}
