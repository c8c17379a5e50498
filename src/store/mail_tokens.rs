//! Tokens that were sent by mail. Only their hashes are stored.

use diesel::prelude::*;

use super::db::{Conn, Tx};
use super::dsl::{Write, any_text_of, columns};
use super::rows::UserRow;
use super::schema::{mail_tokens, users};
use crate::domain::{MailPurpose, Result, Timestamp, User, UserKey};

/// Stores a token that is sent to this address of a user; `false` if the user has another one by now.
pub async fn insert(tx: &mut Tx, user: &User, hash: &str, purpose: MailPurpose) -> Result<bool> {
    let expires = tx.now().seconds_after(purpose.seconds());
    let insert = Write::new()
        .sql("INSERT INTO mail_tokens (hash, purpose, expires_at, user_id, email_key) SELECT ")
        .text(hash)
        .sql(", ")
        .text(purpose.as_str())
        .sql(", ")
        .time(expires)
        .sql(", id, email_key FROM users WHERE id = ")
        .number(user.key.0)
        .sql(" AND email = ")
        .text(&user.email);
    Ok(tx.execute(insert).await? > 0)
}

/// The account of a token; `None` if the token is unknown or expired, or the account has another address by now or is
/// disabled.
pub async fn user(
    conn: &mut Conn,
    hash: &str,
    purpose: MailPurpose,
    now: Timestamp,
) -> Result<Option<User>> {
    let query = mail_tokens::table
        .find(hash.to_owned())
        .inner_join(users::table)
        .filter(mail_tokens::purpose.eq(purpose.as_str()))
        .filter(mail_tokens::email_key.eq(users::email_key))
        .filter(mail_tokens::expires_at.gt(now))
        .filter(users::disabled_at.is_null())
        .select(columns::<UserRow>());
    let row: Option<UserRow> = conn.first(query).await?;
    Ok(row.map(User::from))
}

/// Deletes all tokens of a user with these purposes, and says whether this one was among them: of two concurrent uses,
/// one succeeds.
pub async fn spend(
    tx: &mut Tx,
    user: UserKey,
    hash: &str,
    purposes: &[MailPurpose],
) -> Result<bool> {
    let purposes = purposes.iter().map(|purpose| purpose.as_str().to_owned());
    let own = mail_tokens::table
        .filter(mail_tokens::user_id.eq(user.0))
        .filter(any_text_of(mail_tokens::purpose, purposes));
    let deleted: Vec<String> =
        tx.write_returning(diesel::delete(own).returning(mail_tokens::hash)).await?;
    Ok(deleted.iter().any(|deleted| deleted == hash))
}

/// Deletes all tokens of a user.
pub async fn delete_of(tx: &mut Tx, user: UserKey) -> Result<()> {
    let own = mail_tokens::table.filter(mail_tokens::user_id.eq(user.0));
    tx.execute(diesel::delete(own)).await?;
    Ok(())
}

/// Deletes expired tokens.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<()> {
    let expired = mail_tokens::table.filter(mail_tokens::expires_at.le(now));
    tx.execute(diesel::delete(expired)).await?;
    Ok(())
}

/// Deletes all tokens.
pub async fn delete_all(tx: &mut Tx) -> Result<()> {
    tx.execute(diesel::delete(mail_tokens::table)).await?;
    Ok(())
}
