//! Accounts: sign-up, log-in, and changes to the viewer's own account.

use super::passwords::Verdict;
use super::{LogIn, Services, sessions, trash};
use crate::domain::{
    At, BoardId, Client, Email, EmailKey, Error, Name, Password, RemovalReason, Result, SessionId,
    Subject, User, UserKey, Viewer,
};
use crate::metrics;
use crate::store::lock::lock_to_leave;
use crate::store::users::Credentials;
use crate::store::{self, Tx, members, users};

/// Changes to the viewer's account. `None` leaves the field unchanged.
pub struct AccountChanges {
    /// The new e-mail address.
    pub email: Option<Email>,
    /// The new password.
    pub password: Option<Password>,
    /// The new name.
    pub name: Option<Name>,
}

/// Creates an account. CONFLICT if an account with this e-mail address exists; RATE_LIMITED after too
/// many attempts.
pub async fn sign_up(
    services: &Services,
    client: &Client,
    email: Email,
    password: Password,
    name: Option<Name>,
) -> Result<User> {
    services.attempts.from(client)?;
    let hash = services.passwords.hash(password).await?;
    let name = name.unwrap_or_else(|| Name::of(email.as_str()));
    services
        .db
        .write((email, name, hash), async |tx, (email, name, hash)| {
            let now = tx.now();
            users::insert(tx, email, name, hash, now).await
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
    metrics::get().accounts.log_ins.of(outcome(&result)).inc();
    if let Err(Error::InvalidCredentials | Error::RateLimited { .. }) = &result {
        // Helps to detect attacks. Not with the entered e-mail address: it may be a mistyped password.
        let address = client.address.map(|address| address.to_string());
        let limited = matches!(result, Err(Error::RateLimited { .. }));
        tracing::warn!(address, limited, "a log-in attempt was rejected");
    }
    result
}

fn outcome(result: &Result<LogIn>) -> metrics::LogIn {
    match result {
        Ok(_) => metrics::LogIn::Ok,
        Err(Error::InvalidCredentials) => metrics::LogIn::Wrong,
        Err(Error::RateLimited { .. }) => metrics::LogIn::Limited,
        Err(_) => metrics::LogIn::Failed,
    }
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
    let known = credentials(services, viewer).await?;
    services.attempts.at(&EmailKey::of(&known.user.email))?;
    match services.passwords.verify(password, Some(&known.password_hash)).await? {
        Verdict::Wrong => Err(wrong_password()),
        Verdict::Right | Verdict::Outdated => Ok(known),
    }
}

async fn credentials(services: &Services, viewer: Viewer) -> Result<Credentials> {
    let known = users::credentials(&mut services.db.read().await?, viewer.key).await?;
    known.ok_or(Error::Unauthenticated)
}

fn wrong_password() -> Error {
    Error::WrongPassword { field: Vec::new() }.at("currentPassword")
}

/// Changes the account. A new e-mail address and a new password require the current password: BAD_USER_INPUT without it. A
/// new password ends all other sessions.
pub async fn update(
    services: &Services,
    viewer: Viewer,
    current_password: Option<String>,
    changes: AccountChanges,
) -> Result<User> {
    let AccountChanges { email, password, name } = changes;
    let known = match current_password {
        Some(current) => check_password(services, viewer, current).await?,
        None if email.is_some() || password.is_some() => {
            let message = "Required to change the e-mail address or the password.";
            return Err(Error::bad_input(message).at("currentPassword"));
        }
        None => credentials(services, viewer).await?,
    };
    let password_hash = match password {
        Some(password) => Some(services.passwords.hash(password).await?),
        None => None,
    };
    let email = email.filter(|email| email.as_str() != known.user.email);
    let name = name.filter(|name| name.as_str() != known.user.name);
    let changes = users::Changes { email, password_hash, name };
    if changes.is_empty() {
        return Ok(known.user);
    }
    let forget = services.sessions.forgetting();
    let updated = services.db.write_then(
        (viewer, known.password_hash, changes),
        async |tx, (viewer, old_hash, changes)| {
            let now = tx.now();
            // `None`: the password has changed since it was verified.
            let user = users::update(tx, viewer.key, old_hash, changes, now).await?;
            let user = user.ok_or_else(wrong_password)?;
            if changes.password_hash.is_none() {
                return Ok((user, Vec::new()));
            }
            let ended = store::sessions::delete_others(tx, viewer.key, viewer.session, now).await?;
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
    board.finish(Subject::Board).await?;
    Ok(false)
}
