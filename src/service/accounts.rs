//! Accounts: sign-up, log-in, and changes to the viewer's own account.

use super::passwords::Verdict;
use super::{LogIn, Services, sessions, trash};
use crate::domain::{
    At, BoardId, Client, Email, EmailKey, Error, Password, RemovalReason, Result, SessionId, User,
    UserKey, Viewer,
};
use crate::store::lock::lock_to_leave;
use crate::store::users::Credentials;
use crate::store::{self, Tx, members, users};

/// Changes to the viewer's account. `None` leaves the field unchanged.
pub struct AccountChanges {
    /// The new e-mail address.
    pub email: Option<Email>,
    /// The new password.
    pub password: Option<Password>,
}

/// Creates an account. CONFLICT if an account with this e-mail address exists; RATE_LIMITED after too
/// many attempts.
pub async fn sign_up(
    services: &Services,
    client: &Client,
    email: Email,
    password: Password,
) -> Result<User> {
    services.attempts.from(client)?;
    let hash = services.passwords.hash(password).await?;
    services
        .db
        .write((email, hash), async |tx, (email, hash)| {
            let now = tx.now();
            users::insert(tx, email, hash, now).await
        })
        .await
}

/// Checks e-mail address and password and starts a session. INVALID_CREDENTIALS if they are wrong;
/// RATE_LIMITED after too many attempts.
///
/// An unknown address gives the same error after the same time as a wrong password. A hash made with
/// outdated parameters, or of a password that is not in NFC, is renewed.
pub async fn log_in(
    services: &Services,
    client: &Client,
    email: &str,
    password: String,
) -> Result<LogIn> {
    let result = log_in_unless_limited(services, client, email, password).await;
    if let Err(Error::InvalidCredentials | Error::RateLimited { .. }) = &result {
        // Helps to detect attacks. Not with the entered e-mail address: it may be a mistyped password.
        let address = client.address.map(|address| address.to_string());
        let limited = matches!(result, Err(Error::RateLimited { .. }));
        tracing::warn!(address, limited, "a log-in attempt was rejected");
    }
    result
}

async fn log_in_unless_limited(
    services: &Services,
    client: &Client,
    email: &str,
    password: String,
) -> Result<LogIn> {
    services.attempts.from(client)?;
    let email = EmailKey::parse(email).ok();
    email.as_ref().map_or(Ok(()), |email| services.attempts.at(email))?;
    // Retried once if the stored hash changes meanwhile: another log-in may have renewed it for the
    // same password.
    for _ in 0..2 {
        if let Some(log_in) = try_log_in(services, client, email.as_ref(), &password).await? {
            return Ok(log_in);
        }
    }
    Err(Error::InvalidCredentials)
}

/// Returns `None` if the account's hash has changed since it was read.
async fn try_log_in(
    services: &Services,
    client: &Client,
    email: Option<&EmailKey>,
    password: &str,
) -> Result<Option<LogIn>> {
    let known = match email {
        Some(email) => users::credentials_by_email(&mut services.db.read().await?, email).await?,
        None => None,
    };
    let hash = known.as_ref().map(|known| known.password_hash.as_str());
    let verdict = services.passwords.verify(password.to_owned(), hash).await?;
    let right = known.filter(|_| verdict != Verdict::Wrong);
    let Credentials { user, password_hash } = right.ok_or(Error::InvalidCredentials)?;
    let id = user.key;
    let log_in = sessions::begin(services, user, &password_hash, client).await?;
    if log_in.is_some() && verdict == Verdict::Outdated {
        renew_hash(services, id, password_hash, Password::entered(password)).await;
    }
    Ok(log_in)
}

/// Stores a new hash of the password. The log-in has already succeeded, so a failure is only logged;
/// the next log-in tries again.
async fn renew_hash(services: &Services, user: UserKey, old: String, password: Password) {
    let Ok(new) = services.passwords.hash(password).await else {
        return;
    };
    let input = (user, old, new);
    let renewed = services
        .db
        .write(input, async |tx, (user, old, new)| users::rehash(tx, *user, old, new).await);
    if renewed.await.is_err() {
        tracing::warn!("failed to renew a password hash");
    }
}

/// Returns the viewer's account if the password is correct; otherwise INVALID_CREDENTIALS. Counts as a
/// log-in attempt, so that the password cannot be guessed with a stolen access token.
async fn check_password(
    services: &Services,
    viewer: Viewer,
    password: String,
) -> Result<Credentials> {
    let known = users::credentials(&mut services.db.read().await?, viewer.key).await?;
    let known = known.ok_or(Error::Unauthenticated)?;
    services.attempts.at(&EmailKey::of(&known.user.email))?;
    match services.passwords.verify(password, Some(&known.password_hash)).await? {
        Verdict::Wrong => Err(wrong_password()),
        Verdict::Right | Verdict::Outdated => Ok(known),
    }
}

fn wrong_password() -> Error {
    Error::WrongPassword { field: Vec::new() }.at("currentPassword")
}

/// Changes the e-mail address, the password or both. Requires the current password. A new password
/// ends all other sessions.
pub async fn update(
    services: &Services,
    viewer: Viewer,
    current_password: String,
    changes: AccountChanges,
) -> Result<User> {
    let known = check_password(services, viewer, current_password).await?;
    let new_hash = match changes.password {
        Some(password) => Some(services.passwords.hash(password).await?),
        None => None,
    };
    let email = changes.email.filter(|email| email.as_str() != known.user.email);
    if email.is_none() && new_hash.is_none() {
        return Ok(known.user);
    }
    let forget = services.sessions.forgetting();
    let updated = services.db.write_then(
        (viewer, known.password_hash, email, new_hash),
        async |tx, (viewer, old_hash, email, new_hash)| {
            let (new_hash, now) = (new_hash.as_deref(), tx.now());
            let user = users::update(tx, viewer.key, old_hash, email.as_ref(), new_hash, now)
                .await?
                // The password has changed since it was verified.
                .ok_or_else(wrong_password)?;
            let ended = match new_hash {
                Some(_) => {
                    store::sessions::delete_others(tx, viewer.key, viewer.session, now).await?
                }
                None => Vec::new(),
            };
            Ok((user, ended))
        },
        move |(_, ended)| forget(ended),
    );
    updated.await.map(|(user, _)| user)
}

/// Deletes the viewer's account. Requires the current password.
///
/// Boards without other members are erased, including those in the trash; other boards lose a member.
/// CONFLICT, without any change, if the viewer is the only ADMIN of a board that has other members.
pub async fn delete(services: &Services, viewer: Viewer, current_password: String) -> Result<()> {
    let known = check_password(services, viewer, current_password).await?;
    let forget = services.sessions.forgetting();
    let deleted = services.db.write_then(
        (viewer, known.password_hash),
        async |tx, (viewer, hash)| leave_all(tx, *viewer, hash).await,
        move |(_, ended)| forget(ended),
    );
    let (orphaned, _) = deleted.await?;
    for board in orphaned {
        // If this fails, no user can see the board any more, and the next purge erases it.
        let _ = trash::erase_orphaned(services, board).await;
    }
    Ok(())
}

/// Removes the viewer from all boards and deletes the account. Returns the boards without members and
/// the ended sessions.
async fn leave_all(
    tx: &mut Tx,
    viewer: Viewer,
    hash: &str,
) -> Result<(Vec<BoardId>, Vec<SessionId>)> {
    let mut orphaned = Vec::new();
    for board in members::boards_of(tx, viewer.key).await? {
        if leave(tx, viewer, board).await? {
            orphaned.push(board);
        }
    }
    if !users::lock_to_delete(tx, viewer.key, hash).await? {
        return Err(wrong_password());
    }
    if !members::boards_of(tx, viewer.key).await?.is_empty() {
        // A board was created or shared since the list was read: retry.
        return Err(Error::Contention);
    }
    let sessions = store::sessions::of_user(tx, viewer.key).await?;
    users::delete(tx, viewer.key).await?;
    Ok((orphaned, sessions))
}

/// Removes the viewer from a board. Returns whether the board has no members left.
async fn leave(tx: &mut Tx, viewer: Viewer, board: BoardId) -> Result<bool> {
    let Some(mut board) = lock_to_leave(tx, viewer.key, board).await? else {
        return Ok(false);
    };
    if !members::any_other(&mut board, viewer.key).await? {
        store::trash::orphan_board(&mut board).await?;
        return Ok(true);
    }
    members::delete(&mut board, viewer.key, viewer.id, RemovalReason::AccountDeleted).await?;
    if !members::any_admin(&mut board).await? {
        return Err(Error::conflict(
            "You are the only ADMIN of a board with other members. Make another member ADMIN or remove the other members; if the board is in the trash, restore it first.",
        ));
    }
    board.finish().await?;
    Ok(false)
}
