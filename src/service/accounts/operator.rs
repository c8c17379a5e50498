//! What the operator of a server may do with accounts.

use super::leave::delete_account;
use crate::domain::{
    Client, Email, EmailKey, Error, MailContent, Name, Password, Result, User, UserKey,
};
use crate::service::{Services, sessions, trash};
use crate::store::users::Listed;
use crate::store::{Tx, outbox, user_writes, users};

/// The maximum number of accounts per query.
const BATCH: i64 = 1000;

/// Creates an account, whose address counts as verified. CONFLICT if an account with this address exists.
pub async fn create(
    services: &Services,
    email: Email,
    password: Password,
    name: Option<Name>,
) -> Result<User> {
    let hash = services.passwords.hash(&Client::default(), password).await?;
    let name = name.unwrap_or_else(|| Name::of(email.as_str()));
    let created = services.db.write((email, name, hash), async |tx, (email, name, hash)| {
        let now = tx.now();
        let user = user_writes::insert(tx, email, name, hash, now).await?;
        user_writes::set_verified(tx, user.key).await?.ok_or(Error::Contention)
    });
    created.await
}

/// Hands all accounts to `each`, in the order of their creation.
pub async fn list(services: &Services, mut each: impl FnMut(Listed)) -> Result<()> {
    let mut after = UserKey(0);
    loop {
        let found = users::list(&mut services.db.read().await?, after, BATCH).await?;
        let Some(last) = found.last() else { return Ok(()) };
        after = last.user.key;
        found.into_iter().for_each(&mut each);
    }
}

/// A change to an account.
enum Change {
    Disable,
    Enable,
    /// The hash of the new password.
    Password(String),
}

/// Disables an account: its sessions end, and its user cannot log in. Its boards stay as they are.
pub async fn disable(services: &Services, email: &str) -> Result<()> {
    change(services, email, Change::Disable).await
}

/// Enables a disabled account.
pub async fn enable(services: &Services, email: &str) -> Result<()> {
    change(services, email, Change::Enable).await
}

/// Sets the password of an account and ends its sessions.
pub async fn reset_password(services: &Services, email: &str, password: Password) -> Result<()> {
    let hash = services.passwords.hash(&Client::default(), password).await?;
    change(services, email, Change::Password(hash)).await
}

async fn change(services: &Services, email: &str, change: Change) -> Result<()> {
    let user = find(services, email).await?;
    let is_told = matches!(change, Change::Password(_));
    let notice = services.mails.mail(&user.email, MailContent::PasswordChanged);
    let input = (user.key, change, notice.filter(|_| is_told));
    let changed = services.db.write(input, async |tx, (user, change, notice)| {
        if !user_writes::lock_any(tx, *user).await? {
            return Err(no_such_user());
        }
        if let Some(notice) = notice {
            outbox::insert(tx, notice).await?;
        }
        apply(tx, *user, change).await
    });
    changed.await
}

async fn apply(tx: &mut Tx, user: UserKey, change: &Change) -> Result<()> {
    match change {
        Change::Enable => return user_writes::set_disabled(tx, user, false).await,
        Change::Disable => user_writes::set_disabled(tx, user, true).await?,
        Change::Password(hash) => user_writes::set_password(tx, user, hash).await?,
    }
    sessions::revoke_all(tx, user).await.map(drop)
}

/// Deletes an account, like `deleteViewer`, and erases its boards.
pub async fn delete(services: &Services, email: &str) -> Result<()> {
    let user = find(services, email).await?;
    delete_account(services, user.key, user.id, None).await?;
    trash::purge(services, None).await.map(drop)
}

async fn find(services: &Services, email: &str) -> Result<User> {
    let key = EmailKey::parse(email).map_err(|_| no_such_user())?;
    let found = users::by_email(&mut services.db.read().await?, &key).await?;
    found.ok_or_else(no_such_user)
}

fn no_such_user() -> Error {
    Error::not_found("user")
}
