//! Accounts: what is read of them. `user_writes.rs` changes them.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable};

use super::access::BoardAccess;
use super::db::Conn;
use super::dsl::{ColumnTypes, Statement, any_of, any_text_of, columns, texts};
use super::rows::UserRow;
use super::schema::users;
use crate::domain::{
    BoardId, EmailKey, Result, Timestamp, User, UserId, UserKey, Viewer, lower_case,
};

/// An account and its password hash.
pub struct Credentials {
    /// The account.
    pub user: User,
    /// The password's hash, a PHC string.
    pub password_hash: String,
}

/// The account with this key, and its password hash.
pub async fn credentials(conn: &mut Conn, user: UserKey) -> Result<Option<Credentials>> {
    let query = users::table
        .find(user.0)
        .filter(users::disabled_at.is_null())
        .select((columns::<UserRow>(), users::password_hash));
    let row: Option<(UserRow, String)> = conn.first(query).await?;
    Ok(row.map(into_credentials))
}

/// The account with this address, and its password hash.
pub async fn credentials_by_email(
    conn: &mut Conn,
    email: &EmailKey,
) -> Result<Option<Credentials>> {
    let query = users::table
        .filter(any_text_of(users::email_key, keys_of(email)))
        .filter(users::disabled_at.is_null())
        .select((columns::<UserRow>(), users::password_hash));
    let rows: Vec<(UserRow, String)> = conn.load(query).await?;
    let found = rows.into_iter().map(into_credentials);
    Ok(found.min_by_key(|found| precedence(&found.user, email)))
}

/// The keys under which the accounts with an address are stored: one or two.
fn keys_of(email: &EmailKey) -> Vec<String> {
    let mut keys = vec![email.as_str().to_owned()];
    if !email.is_normalised() {
        keys.push(email.former().to_owned());
    }
    keys
}

/// Of two accounts whose addresses are equal in NFC, the one comes first whose address is composed as
/// entered. If that is true of both, it is the older one: an earlier version may have given its address away again.
fn precedence(user: &User, email: &EmailKey) -> (bool, UserKey) {
    (lower_case(&user.email) != email.former(), user.key)
}

fn into_credentials((row, password_hash): (UserRow, String)) -> Credentials {
    Credentials { user: row.into(), password_hash }
}

/// An account in the list of the operator.
pub struct Listed {
    /// The account.
    pub user: User,
    /// When it was disabled.
    pub disabled_at: Option<Timestamp>,
}

/// At most `limit` accounts in the order of their creation, after the one with the key `after`.
pub async fn list(conn: &mut Conn, after: UserKey, limit: i64) -> Result<Vec<Listed>> {
    let query = users::table
        .filter(users::id.gt(after.0))
        .order(users::id)
        .limit(limit)
        .select((columns::<UserRow>(), users::disabled_at));
    let rows: Vec<(UserRow, Option<Timestamp>)> = conn.load(query).await?;
    Ok(rows
        .into_iter()
        .map(|(row, disabled_at)| Listed { user: row.into(), disabled_at })
        .collect())
}

/// The account with exactly this address, compared without case and in NFC.
pub async fn by_email(conn: &mut Conn, email: &EmailKey) -> Result<Option<User>> {
    let query = users::table
        .filter(any_text_of(users::email_key, keys_of(email)))
        .select(columns::<UserRow>());
    let rows: Vec<UserRow> = conn.load(query).await?;
    let found = rows.into_iter().map(User::from);
    Ok(found.min_by_key(|user| precedence(user, email)))
}

/// The account with this public ID, without a permission check: to share a board, knowledge of the ID is sufficient,
/// because it cannot be guessed.
pub async fn by_id(conn: &mut Conn, key: UserId) -> Result<Option<User>> {
    let row: Option<UserRow> = conn
        .first(
            users::table.filter(users::public_id.eq(key.to_string())).select(columns::<UserRow>()),
        )
        .await?;
    Ok(row.map(User::from))
}

/// An account that the viewer may see.
pub struct Visible {
    /// The account.
    pub user: User,
    /// Whether the viewer may see it anywhere, or on `board` only.
    pub anywhere: bool,
    /// One of the requested boards of which it is a member. There is one entry for each.
    pub board: Option<BoardId>,
}

/// The accounts with these IDs that the viewer may see: their own, the members of their boards outside the trash, and
/// the members of `boards`, which may be in the trash.
pub async fn visible(
    conn: &mut Conn,
    viewer: Viewer,
    boards: &[BoardAccess],
    keys: &[UserId],
) -> Result<Vec<Visible>> {
    type Row = (UserRow, Option<i64>, bool);
    type Types = (ColumnTypes<UserRow>, Nullable<BigInt>, Bool);
    let statement = Statement::<Types>::new()
        .sql("SELECT ")
        .columns::<UserRow>()
        .sql(", theirs.board_id, users.id = ")
        .number(viewer.key.0)
        .sql(" OR EXISTS (SELECT 1 FROM users_boards AS mine")
        .sql(" JOIN boards ON boards.deleted_at IS NULL AND boards.id = mine.board_id")
        .sql(" JOIN users_boards AS shared ON shared.board_id = mine.board_id AND shared.user_id = users.id")
        .sql(" WHERE mine.user_id = ")
        .number(viewer.key.0)
        .sql(") FROM users LEFT JOIN users_boards AS theirs ON theirs.user_id = users.id AND theirs.board_id")
        .in_numbers(boards.iter().map(|board| board.board_id().0).collect())
        .sql(" WHERE users.public_id")
        .in_list(texts(keys, ToString::to_string));
    let rows: Vec<Row> = conn.load(statement).await?;
    let visible = rows.into_iter().map(|(user, board, anywhere)| Visible {
        user: user.into(),
        anywhere,
        board: board.map(BoardId),
    });
    Ok(visible.filter(|row| row.anywhere || row.board.is_some()).collect())
}

/// The accounts with these keys, without a permission check: actors of events and authors of comments are visible to
/// all who may see the board.
pub async fn by_keys(conn: &mut Conn, ids: &[UserKey]) -> Result<Vec<User>> {
    let query = users::table
        .filter(any_of(users::id, ids.iter().map(|id| id.0)))
        .select(columns::<UserRow>());
    let rows: Vec<UserRow> = conn.load(query).await?;
    Ok(rows.into_iter().map(User::from).collect())
}

/// Whether any account exists.
pub async fn any(conn: &mut Conn) -> Result<bool> {
    let one = users::table.select(users::id).limit(1);
    let first: Option<i64> = conn.first(one).await?;
    Ok(first.is_some())
}

/// The folded addresses that match a pattern of SQL's LIKE.
pub async fn emails_like(conn: &mut Conn, pattern: &str) -> Result<Vec<String>> {
    Ok(conn
        .load(
            users::table.filter(users::email_key.like(pattern.to_owned())).select(users::email_key),
        )
        .await?)
}
