//! Rewrites stored values that were folded by the rules of earlier versions.
//!
//! An instance of an earlier version may write more of them at any time, so nothing records that the work is complete.
//! Two partial indexes, which are nearly empty, find what is left.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::db::{Conn, Tx, unique};
use super::dsl::{ColumnTypes, Statement, Write, columns, numbers, texts};
use super::rows::UserRow;
use super::schema::users;
use crate::domain::{EmailKey, Error, Result, User, UserKey, search_text};

/// A table with texts that searches read.
#[derive(Clone, Copy)]
pub struct Searched {
    select: &'static str,
    update: &'static str,
    condition: &'static str,
}

/// The boards.
pub const BOARDS: Searched = Searched {
    select: "SELECT id, title, description FROM boards",
    update: "UPDATE boards SET search_text = new.folded FROM ",
    condition: " WHERE boards.id = new.id",
};

/// The cards.
pub const CARDS: Searched = Searched {
    select: "SELECT id, title, description FROM cards",
    update: "UPDATE cards SET search_text = new.folded FROM ",
    condition: " WHERE cards.id = new.id",
};

/// Rewrites the search texts of at most `limit` rows, in the order of their keys, with keys greater than `after`.
/// Returns the keys. Skips rows that another transaction has locked.
pub async fn fold_search_texts(
    tx: &mut Tx,
    table: Searched,
    after: i64,
    limit: i64,
) -> Result<Vec<i64>> {
    let statement = Statement::<(BigInt, Text, Text)>::new()
        .sql(table.select)
        .either(
            " WHERE substr(search_text, 1, 1) <> chr(31)",
            " WHERE substr(search_text, 1, 1) <> char(31)",
        )
        .sql(" AND id > ")
        .number(after)
        .sql(" ORDER BY id LIMIT ")
        .number(limit)
        .either(" FOR NO KEY UPDATE SKIP LOCKED", "");
    let rows: Vec<(i64, String, String)> = tx.load(statement).await?;
    if !rows.is_empty() {
        let update = Write::new()
            .sql(table.update)
            .table(
                "new",
                [
                    ("id", numbers(&rows, |(id, ..)| *id)),
                    ("folded", texts(&rows, |(_, title, text)| search_text(title, text))),
                ],
            )
            .sql(table.condition);
        tx.execute(update).await?;
    }
    Ok(rows.into_iter().map(|(id, ..)| id).collect())
}

/// An account and the key of its address in the database.
pub struct StoredEmail {
    /// The account.
    pub user: User,
    key: String,
}

impl StoredEmail {
    /// Whether the key is the one that the address has by today's rules.
    pub fn is_current(&self) -> bool {
        EmailKey::of(&self.user.email).as_str() == self.key
    }
}

/// At most `limit` accounts whose address is not ASCII, in the order of their keys, with keys greater than `after`.
pub async fn emails_beyond_ascii(
    conn: &mut Conn,
    after: UserKey,
    limit: i64,
) -> Result<Vec<StoredEmail>> {
    let statement = Statement::<(ColumnTypes<UserRow>, Text)>::new()
        .sql("SELECT ")
        .columns::<UserRow>()
        .sql(", email_key FROM users")
        .either(
            " WHERE octet_length(email_key) > length(email_key)",
            " WHERE length(CAST(email_key AS BLOB)) > length(email_key)",
        )
        .sql(" AND id > ")
        .number(after.0)
        .sql(" ORDER BY id LIMIT ")
        .number(limit);
    let rows: Vec<(UserRow, String)> = conn.load(statement).await?;
    Ok(rows.into_iter().map(|(row, key)| StoredEmail { user: row.into(), key }).collect())
}

/// Stores the current key of the account's address, unless the address has changed. If another account has this key,
/// returns that account and changes nothing.
pub async fn renew_email_key(tx: &mut Tx, stored: &StoredEmail) -> Result<Option<User>> {
    let key = EmailKey::of(&stored.user.email).as_str().to_owned();
    let with_key = users::table.filter(users::email_key.eq(key.clone()));
    let other: Option<UserRow> = tx.first(with_key.select(columns::<UserRow>())).await?;
    if other.is_some() {
        return Ok(other.map(User::from));
    }
    let unchanged =
        users::table.find(stored.user.key.0).filter(users::email_key.eq(stored.key.clone()));
    let update = diesel::update(unchanged).set(users::email_key.eq(key));
    // If another account has taken the key meanwhile, the next attempt finds it.
    unique(tx.execute(update).await, Error::Contention)?;
    Ok(None)
}
