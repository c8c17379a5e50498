//! Changes to accounts, and their locks.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::db::{Tx, unique};
use super::dsl::{Statement, columns};
use super::rows::UserRow;
use super::schema::users;
use super::users::by_email;
use crate::domain::{
    At, Email, EmailKey, Error, Name, Result, Timestamp, User, UserId, UserKey, rejection,
};

/// Creates an account; CONFLICT if another account has the address.
pub async fn insert(
    tx: &mut Tx,
    email: &Email,
    name: &Name,
    password_hash: &str,
    now: Timestamp,
) -> Result<User> {
    check_free(tx, email.key(), None).await?;
    let inserted: QueryResult<UserRow> = tx
        .write_returning_one(
            diesel::insert_into(users::table)
                .values((
                    users::public_id.eq(UserId::random().to_string()),
                    users::email.eq(email.as_str().to_owned()),
                    users::email_key.eq(email.key().as_str().to_owned()),
                    users::name.eq(name.as_str().to_owned()),
                    users::password_hash.eq(password_hash.to_owned()),
                    users::created_at.eq(now),
                    users::updated_at.eq(now),
                ))
                .returning(columns::<UserRow>()),
        )
        .await;
    unique(inserted, email_taken()).map(User::from)
}

/// CONFLICT if an account other than `own` still has the former key of the address, which the unique index does not
/// detect.
async fn check_free(tx: &mut Tx, email: &EmailKey, own: Option<UserKey>) -> Result<()> {
    if email.is_normalised() {
        return Ok(());
    }
    match by_email(tx, email).await? {
        Some(other) if Some(other.key) != own => Err(email_taken()),
        _ => Ok(()),
    }
}

fn email_taken() -> Error {
    rejection::address_taken().at("email")
}

/// Changes to an account. `None` leaves a field unchanged.
pub struct Changes {
    /// The new address.
    pub email: Option<Email>,
    /// The hash of the new password.
    pub password_hash: Option<String>,
    /// The new name.
    pub name: Option<Name>,
    /// Whether it is another mailbox, not only another spelling. It must then be verified again.
    pub is_other_mailbox: bool,
}

impl Changes {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.email.is_none() && self.password_hash.is_none() && self.name.is_none()
    }
}

/// Changes an account. `None` if the account is gone or disabled, or its password hash is not `confirmed` any more.
pub async fn update(
    tx: &mut Tx,
    user: UserKey,
    confirmed: Option<&str>,
    changes: &Changes,
    now: Timestamp,
) -> Result<Option<User>> {
    #[derive(AsChangeset)]
    #[diesel(table_name = users)]
    struct NewValues {
        email: Option<String>,
        email_key: Option<String>,
        password_hash: Option<String>,
        name: Option<String>,
        /// `Some(None)`: it becomes NULL.
        #[allow(clippy::option_option)]
        email_verified_at: Option<Option<Timestamp>>,
    }
    let Changes { email, password_hash, name, is_other_mailbox } = changes;
    if let Some(email) = email {
        check_free(tx, email.key(), Some(user)).await?;
    }
    let values = NewValues {
        email: email.as_ref().map(|email| email.as_str().to_owned()),
        email_key: email.as_ref().map(|email| email.key().as_str().to_owned()),
        password_hash: password_hash.clone(),
        name: name.as_ref().map(|name| name.as_str().to_owned()),
        email_verified_at: is_other_mailbox.then_some(None),
    };
    let unchanged = users::table
        .find(user.0)
        .filter(
            users::password_hash
                .eq(confirmed.unwrap_or_default().to_owned())
                .or(confirmed.is_none().into_sql::<Bool>()),
        )
        .filter(users::disabled_at.is_null());
    let update = diesel::update(unchanged)
        .set((values, users::updated_at.eq(now)))
        .returning(columns::<UserRow>());
    let updated: Vec<UserRow> = unique(tx.write_returning(update).await, email_taken())?;
    Ok(updated.into_iter().next().map(User::from))
}

/// Replaces a password hash, unless the password has changed since.
pub async fn rehash(tx: &mut Tx, user: UserKey, old_hash: &str, new_hash: &str) -> Result<()> {
    tx.execute(
        diesel::update(
            users::table.find(user.0).filter(users::password_hash.eq(old_hash.to_owned())),
        )
        .set(users::password_hash.eq(new_hash.to_owned())),
    )
    .await?;
    Ok(())
}

/// Locks an account; `false` if it has another address or password hash by now, or is disabled.
pub async fn lock(tx: &mut Tx, user: UserKey, email: &str, hash: &str) -> Result<bool> {
    let unchanged = users::table
        .find(user.0)
        .filter(users::email.eq(email.to_owned()))
        .filter(users::password_hash.eq(hash.to_owned()))
        .filter(users::disabled_at.is_null());
    let update =
        tx.execute(diesel::update(unchanged).set(users::updated_at.eq(users::updated_at))).await?;
    Ok(update > 0)
}

/// Locks an account that will be deleted: no new row of a membership or a session can refer to it until the
/// transaction ends. (PostgreSQL allows new references to a row that `lock` has locked.) With a hash, `false` if the account has another one by now, or is disabled.
pub async fn lock_to_delete(tx: &mut Tx, user: UserKey, hash: Option<&str>) -> Result<bool> {
    let mut statement =
        Statement::<BigInt>::new().sql("SELECT id FROM users WHERE id = ").number(user.0);
    if let Some(hash) = hash {
        statement = statement.sql(" AND disabled_at IS NULL AND password_hash = ").text(hash);
    }
    let found: Option<i64> = tx.first(statement.either(" FOR UPDATE", "")).await?;
    Ok(found.is_some())
}

/// Locks an account that the operator changes; `false` if it does not exist any more.
pub async fn lock_any(tx: &mut Tx, user: UserKey) -> Result<bool> {
    let update =
        diesel::update(users::table.find(user.0)).set(users::updated_at.eq(users::updated_at));
    Ok(tx.execute(update).await? > 0)
}

/// Sets the password hash of an account.
pub async fn set_password(tx: &mut Tx, user: UserKey, hash: &str) -> Result<()> {
    let now = tx.now();
    let changes = (users::password_hash.eq(hash.to_owned()), users::updated_at.eq(now));
    tx.execute(diesel::update(users::table.find(user.0)).set(changes)).await?;
    Ok(())
}

/// Marks the address of an account as verified, unless it is. Returns the account; `None` if it was deleted.
pub async fn set_verified(tx: &mut Tx, user: UserKey) -> Result<Option<User>> {
    let now = tx.now();
    let unverified = users::table.find(user.0).filter(users::email_verified_at.is_null());
    tx.execute(diesel::update(unverified).set(users::email_verified_at.eq(now))).await?;
    let row: Option<UserRow> =
        tx.first(users::table.find(user.0).select(columns::<UserRow>())).await?;
    Ok(row.map(User::from))
}

/// Disables an account, or enables it again.
pub async fn set_disabled(tx: &mut Tx, user: UserKey, is_disabled: bool) -> Result<()> {
    let disabled = is_disabled.then(|| tx.now());
    let target = diesel::update(users::table.find(user.0));
    tx.execute(target.set(users::disabled_at.eq(disabled))).await?;
    Ok(())
}

/// Deletes an account and its sessions.
pub async fn delete(tx: &mut Tx, user: UserKey) -> Result<()> {
    tx.execute(diesel::delete(users::table.find(user.0))).await?;
    Ok(())
}

/// Deletes all accounts, for `kanban seed --reset`.
pub async fn delete_all(tx: &mut Tx) -> Result<()> {
    tx.execute(diesel::delete(users::table)).await?;
    Ok(())
}
