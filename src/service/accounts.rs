//! Accounts: sign up, log in, and changes to one's own account.

use super::{LogIn, Services, sessions, trash};
use crate::domain::{
    At, BoardId, Client, Email, Error, EventPayload, Password, Result, SessionId, Timestamp, User,
    UserKey, Viewer,
};
use crate::store::locks::lock_to_leave;
use crate::store::users::Credentials;
use crate::store::{self, Tx, events, members, users};

/// What shall change about one's own account; `None` stays as it is.
pub struct AccountChanges {
    /// A new address.
    pub email: Option<Email>,
    /// A new password.
    pub password: Option<Password>,
}

/// Makes an account; CONFLICT when there is one with the address.
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
            users::insert(tx, email, hash, Timestamp::now()).await
        })
        .await
}

/// Checks address and password. An unknown address gives the same answer in the same time as a
/// wrong password. A hash made with other parameters than those in force is renewed.
pub async fn log_in(
    services: &Services,
    client: &Client,
    email: &str,
    password: String,
) -> Result<LogIn> {
    let result = log_in_unless_limited(services, client, email, password).await;
    if let Err(Error::InvalidCredentials | Error::RateLimited { .. }) = &result {
        // For those who watch for attacks; not the address that was tried, which may be a password.
        let address = client.address.map(|address| address.to_string());
        let limited = matches!(result, Err(Error::RateLimited { .. }));
        tracing::warn!(address, limited, "a log-in was refused");
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
    let email = Email::parse(email).ok();
    email.as_ref().map_or(Ok(()), |email| services.attempts.at(email))?;
    // Again, if the hash changes while it is checked: it may have been renewed, not the password.
    for _ in 0..2 {
        if let Some(log_in) = try_log_in(services, client, email.as_ref(), &password).await? {
            return Ok(log_in);
        }
    }
    Err(Error::InvalidCredentials)
}

/// `None` if the account's hash has changed meanwhile.
async fn try_log_in(
    services: &Services,
    client: &Client,
    email: Option<&Email>,
    password: &str,
) -> Result<Option<LogIn>> {
    let known = match email {
        Some(email) => users::credentials_by_email(&mut services.db.read().await?, email).await?,
        None => None,
    };
    let hash = known.as_ref().map(|known| known.password_hash.as_str());
    let same = services.passwords.verify(password.to_owned(), hash).await?;
    let Credentials { user, password_hash } =
        known.filter(|_| same).ok_or(Error::InvalidCredentials)?;
    let id = user.key;
    let log_in = sessions::begin(services, user, &password_hash, client).await?;
    if log_in.is_some() && services.passwords.is_outdated(&password_hash) {
        renew_hash(services, id, password_hash, password.to_owned()).await;
    }
    Ok(log_in)
}

/// What fails here is logged and tried again at the next log-in; this one has succeeded.
async fn renew_hash(services: &Services, user: UserKey, old: String, password: String) {
    let Ok(password) = Password::parse(password) else {
        return;
    };
    let Ok(new) = services.passwords.hash(password).await else {
        return;
    };
    let input = (user, old, new);
    let renewed = services
        .db
        .write(input, async |tx, (user, old, new)| users::rehash(tx, *user, old, new).await);
    if renewed.await.is_err() {
        tracing::warn!("a password's hash could not be renewed");
    }
}

/// The account of the viewer, if this is its password; INVALID_CREDENTIALS if it is not. Counts as
/// an attempt to log in: a stolen access token must not open the way to the password.
async fn check_password(
    services: &Services,
    viewer: Viewer,
    password: String,
) -> Result<Credentials> {
    let known = users::credentials(&mut services.db.read().await?, viewer.key).await?;
    let known = known.ok_or(Error::Unauthenticated)?;
    services.attempts.at(&Email::parse(&known.user.email)?)?;
    if services.passwords.verify(password, Some(&known.password_hash)).await? {
        Ok(known)
    } else {
        Err(wrong_password())
    }
}

fn wrong_password() -> Error {
    Error::WrongPassword { field: Vec::new() }.at("currentPassword")
}

/// Changes address, password or both, for one who knows the present password. A new password ends
/// all other sessions.
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
            let (new_hash, now) = (new_hash.as_deref(), Timestamp::now());
            let user = users::update(tx, viewer.key, old_hash, email.as_ref(), new_hash, now)
                .await?
                // Somebody else has changed the password since it was checked.
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

/// Deletes the account of one who knows its password. Boards that nobody else uses are erased with
/// it, also those in the trash; the others lose a member. CONFLICT, and nothing is changed, while it
/// is the only ADMIN of a board with other members.
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
        // What fails here is seen by nobody any more, and erased with the trash.
        let _ = trash::erase_orphaned(services, board).await;
    }
    Ok(())
}

/// Takes the viewer off all boards and deletes the account; answers the boards that nobody is left on
/// and the sessions that have ended.
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
        // Made or shared since: look again.
        return Err(Error::Contention);
    }
    let sessions = store::sessions::of_user(tx, viewer.key).await?;
    users::delete(tx, viewer.key).await?;
    Ok((orphaned, sessions))
}

/// Takes the viewer off a board; answers whether nobody is left on it.
async fn leave(tx: &mut Tx, viewer: Viewer, board: BoardId) -> Result<bool> {
    let Some(mut locked) = lock_to_leave(tx, viewer.key, board).await? else {
        return Ok(false);
    };
    members::delete(tx, &locked, viewer.key).await?;
    if !members::any(tx, &locked).await? {
        store::trash::orphan_board(tx, locked.lock()).await?;
        return Ok(true);
    }
    if !members::any_admin(tx, &locked).await? {
        return Err(Error::conflict(
            "You are the only ADMIN of a board with other members. Make one of them ADMIN, or take them off it; if it is in the trash, restore it first.",
        ));
    }
    let event = EventPayload::MemberRemoved { user: viewer.id };
    events::record(tx, &mut locked, &[event], Timestamp::now()).await?;
    Ok(false)
}
