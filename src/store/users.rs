//! Accounts.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable};

use super::access::BoardAccess;
use super::db::{Conn, Tx, unique};
use super::dsl::{ColumnTypes, Statement, any_of, any_text_of, columns, texts};
use super::rows::UserRow;
use super::schema::users;
use crate::domain::{
    At, BoardId, Email, EmailKey, Error, Name, Result, Timestamp, User, UserId, UserKey, Viewer,
    lower_case,
};

/// An account and its password hash.
pub struct Credentials {
    /// The account.
    pub user: User,
    /// The password's hash, a PHC string.
    pub password_hash: String,
}

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
    Error::conflict("There is already an account with this e-mail address.").at("email")
}

/// Changes to an account. `None` leaves a field unchanged.
pub struct Changes {
    /// The new address.
    pub email: Option<Email>,
    /// The hash of the new password.
    pub password_hash: Option<String>,
    /// The new name.
    pub name: Option<Name>,
    /// Whether the new address is not only written in another way. It has to be verified again then.
    pub is_other_mailbox: bool,
}

impl Changes {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.email.is_none() && self.password_hash.is_none() && self.name.is_none()
    }
}

/// Changes an account. `None` if the password hash is not `old_hash` any more, or the account is disabled.
pub async fn update(
    tx: &mut Tx,
    user: UserKey,
    old_hash: &str,
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
        .filter(users::password_hash.eq(old_hash.to_owned()))
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

/// Locks an account; `false` if it has another password hash by now, or is disabled.
pub async fn lock(tx: &mut Tx, user: UserKey, hash: &str) -> Result<bool> {
    let unchanged = users::table
        .find(user.0)
        .filter(users::password_hash.eq(hash.to_owned()))
        .filter(users::disabled_at.is_null());
    let update =
        tx.execute(diesel::update(unchanged).set(users::updated_at.eq(users::updated_at))).await?;
    Ok(update > 0)
}

/// Locks an account that will be deleted: no new row can refer to it until the transaction ends. (PostgreSQL allows new
/// references to a row that `lock` has locked.) With a hash, `false` if the account has another one by now, or is disabled.
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

/// Deletes an account and its sessions.
pub async fn delete(tx: &mut Tx, user: UserKey) -> Result<()> {
    tx.execute(diesel::delete(users::table.find(user.0))).await?;
    Ok(())
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

/// Deletes all accounts, for `kanban seed --reset`.
pub async fn delete_all(tx: &mut Tx) -> Result<()> {
    tx.execute(diesel::delete(users::table)).await?;
    Ok(())
}
