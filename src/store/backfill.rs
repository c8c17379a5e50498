//! Stored values that were folded by former rules, and how they are folded anew.
//!
//! An instance of an earlier version may write more of them at any time, so nothing notes that all is done. Two partial
//! indexes find what is left: they are nearly empty.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::db::{Conn, Tx, unique};
use super::dsl::{ColumnTypes, Statement, Write, columns, numbers, texts};
use super::rows::UserRow;
use super::schema::users;
use crate::domain::{CardId, EmailKey, Error, Result, User, UserKey, search_text};

/// Folds the search texts of cards anew, so many at most, in the order of their keys from behind `after`. Returns
/// the keys. Cards that another transaction has locked are left for another time.
pub async fn fold_search_texts(tx: &mut Tx, after: CardId, limit: i64) -> Result<Vec<CardId>> {
    let statement = Statement::<(BigInt, Text, Text)>::new()
        .sql("SELECT id, title, description FROM cards")
        .either(
            " WHERE substr(search_text, 1, 1) <> chr(31)",
            " WHERE substr(search_text, 1, 1) <> char(31)",
        )
        .sql(" AND id > ")
        .number(after.0)
        .sql(" ORDER BY id LIMIT ")
        .number(limit)
        .either(" FOR NO KEY UPDATE SKIP LOCKED", "");
    let cards: Vec<(i64, String, String)> = tx.load(statement).await?;
    if !cards.is_empty() {
        let update = Write::new()
            .sql("UPDATE cards SET search_text = new.folded FROM ")
            .table(
                "new",
                [
                    ("card", numbers(&cards, |(id, ..)| *id)),
                    ("folded", texts(&cards, |(_, title, text)| search_text(title, text))),
                ],
            )
            .sql(" WHERE cards.id = new.card");
        tx.execute(update).await?;
    }
    Ok(cards.into_iter().map(|(id, ..)| CardId(id)).collect())
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

/// Accounts, so many at most, whose address is not ASCII, in the order of their keys from behind `after`.
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

/// Gives the account today's key of its address, unless the address has changed. Returns the other account that
/// has this key, if there is one; then nothing changes.
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
    // If another account has got the key meanwhile, the next attempt finds it.
    unique(tx.execute(update).await, Error::Contention)?;
    Ok(None)
}
