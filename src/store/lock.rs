//! The locks of boards, and the unit of work under a lock.
//!
//! A [`BoardTx`] holds the lock of one board until the transaction ends. It is the only way to write something about
//! a board, and it asks for the events that record each change. The changed board is available from
//! [`BoardTx::finish`] only, when the events are stored and the board's version is raised.

use std::marker::PhantomData;

use diesel::QueryResult;

use super::access::{
    AuthorizedBoard, BoardAccess, BoardWithAccess, any_access, board_access, card_access,
    with_access,
};
use super::db::{Command, Conn, MemorySize, Query, Tx};
use super::dsl::{ColumnTypes, Row, Statement, Write, execute_all, select};
use super::rows::{BoardRow, CardRow};
use super::{events, receipts};
use crate::domain::{
    Board, BoardId, BoardRole, Card, CardId, Error, EventPayload, MutationId, Result, Right,
    Subject, Timestamp, UserKey,
};
use crate::events::Change;

/// What the holder of a lock may do.
pub trait Permission {
    /// The right that it needs.
    const RIGHT: Right;
}

/// Permissions that include [`Editor`].
pub trait Edits {}

/// A member of the board, who may read it and leave it.
pub struct Reader;
/// A member who may change cards, labels and comments.
pub struct Editor;
/// A member who may also change the board itself and its members.
pub struct Admin;
/// The server itself, which empties the trash.
pub struct Server;

impl Permission for Reader {
    const RIGHT: Right = Right::Read;
}
impl Permission for Editor {
    const RIGHT: Right = Right::Edit;
}
impl Permission for Admin {
    const RIGHT: Right = Right::Manage;
}
impl Edits for Editor {}
impl Edits for Admin {}

/// A transaction that holds the lock of a board, so that whatever it checks stays true until its end.
///
/// `P` is what its holder may do: [`Reader`], [`Editor`], [`Admin`] or [`Server`].
pub struct BoardTx<'t, P> {
    tx: &'t mut Tx,
    board: Board,
    /// `None` for the server itself.
    access: Option<BoardAccess>,
    now: Timestamp,
    /// Statements that are sent together with the events.
    writes: Vec<Write>,
    events: Vec<EventPayload>,
    /// The users whose membership changes.
    users: Vec<UserKey>,
    permission: PhantomData<P>,
}

impl<'t, P> BoardTx<'t, P> {
    fn new(tx: &'t mut Tx, board: Board, access: Option<BoardAccess>) -> Self {
        // A clock that steps back must not give an event an earlier time than the one before it.
        let now = tx.now().max(board.updated_at);
        let (writes, events, users) = Default::default();
        Self { tx, board, access, now, writes, events, users, permission: PhantomData }
    }

    /// The board as it is under the lock.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// The board's key.
    pub fn id(&self) -> BoardId {
        self.board.id
    }

    /// The time of the changes.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Sets the time of the changes, for demo data.
    pub fn set_now(&mut self, now: Timestamp) {
        self.now = now;
    }

    /// A connection that reads under the lock.
    pub fn conn(&mut self) -> &mut Conn {
        self.tx
    }

    /// The member who holds the lock. (The server has no access, and never gets here.)
    pub fn access(&self) -> Result<BoardAccess> {
        self.access.map(BoardAccess::without_version).ok_or(Error::Internal)
    }

    pub(super) fn board_mut(&mut self) -> &mut Board {
        &mut self.board
    }

    pub(super) fn set_role(&mut self, role: BoardRole) {
        self.access = self.access.map(|access| access.with_role(role));
    }

    /// Tells a user that their membership has changed.
    pub(super) fn tell(&mut self, user: UserKey) {
        self.users.push(user);
    }

    /// The board's version after all events that are recorded so far, and so many more.
    pub(super) fn version_after(&self, events: usize) -> i64 {
        let events = i64::try_from(self.events.len() + events).unwrap_or(i64::MAX);
        self.board.version.saturating_add(events)
    }

    /// Runs a command that makes the change which the event records.
    pub(super) async fn write(
        &mut self,
        event: EventPayload,
        command: impl Command,
    ) -> QueryResult<usize> {
        self.tx.open_change();
        self.events.push(event);
        self.tx.execute(command).await
    }

    /// Runs another command of the change that was written last.
    pub(super) async fn write_more(&mut self, command: impl Command) -> QueryResult<usize> {
        if self.events.is_empty() {
            return Err(diesel::result::Error::NotInTransaction);
        }
        self.tx.execute(command).await
    }

    /// Runs a command that writes one row and returns it. `event` makes the event from the row.
    pub(super) async fn write_returning<R>(
        &mut self,
        command: impl Query<R>,
        event: impl FnOnce(&R) -> EventPayload,
    ) -> QueryResult<R>
    where
        R: MemorySize + Send + 'static,
    {
        self.tx.open_change();
        let row = self.tx.write_returning_one(command).await?;
        self.events.push(event(&row));
        Ok(row)
    }

    /// Sends statements together with the events that record them, in [`Self::finish`]. They must write to
    /// different rows. Without events they are dropped.
    pub(super) fn write_with_events(
        &mut self,
        events: impl IntoIterator<Item = EventPayload>,
        writes: impl IntoIterator<Item = Write>,
    ) {
        let before = self.events.len();
        self.events.extend(events);
        if self.events.len() > before {
            self.tx.open_change();
            self.writes.extend(writes);
        }
    }

    /// Runs a command on a board that is being purged, history included.
    pub(super) async fn purge(&mut self, command: impl Command) -> QueryResult<usize> {
        self.tx.execute(command).await
    }

    /// Stores the events so far: the board's version is raised by one for each of them. Without events nothing is
    /// written.
    pub async fn record(&mut self) -> Result<()> {
        self.store(None).await
    }

    /// The same with the receipt of the mutation, if it has an ID.
    async fn store(&mut self, subject: Option<Subject>) -> Result<()> {
        let mutation = subject.as_ref().and_then(|_| self.tx.take_mutation());
        let receipt = match (subject, &mutation) {
            (Some(subject), Some(id)) => Some(self.receipt(id, &subject)?),
            _ => None,
        };
        if self.events.is_empty() {
            if receipt.is_none() {
                self.tx.discard_locks();
            }
            return Ok(execute_all(self.tx, receipt.into_iter().collect()).await?);
        }
        let (version, first) = (self.version_after(0), self.board.version + 1);
        let raise = Write::new()
            .sql("UPDATE boards SET version = ")
            .number(version)
            .sql(", updated_at = ")
            .time(self.now)
            .sql(" WHERE id = ")
            .number(self.board.id.0);
        let actor = self.access.map(BoardAccess::user_key);
        let events =
            events::insert(self.board.id, actor, mutation.as_ref(), first, &self.events, self.now)?;
        let mut writes = std::mem::take(&mut self.writes);
        writes.extend([raise, events]);
        writes.extend(receipt);
        execute_all(self.tx, writes).await?;
        let users = std::mem::take(&mut self.users);
        self.tx.close_change(Change::of(self.board.id, &self.events, users));
        self.events.clear();
        (self.board.version, self.board.updated_at) = (version, self.now);
        Ok(())
    }

    fn receipt(&self, id: &MutationId, subject: &Subject) -> Result<Write> {
        let (first, last) = (self.board.version + 1, self.version_after(0));
        let events = (first <= last).then_some((first, last));
        let user = self.access()?.user_key();
        receipts::insert(user, id, self.board.id, subject, events, self.now)
    }
}

impl<P: Permission> BoardTx<'_, P> {
    /// Stores the events and hands out the board, as its member sees it. `subject` is what the payload of the mutation
    /// shows.
    pub async fn finish(mut self, subject: Subject) -> Result<AuthorizedBoard> {
        self.store(Some(subject)).await?;
        let access = self.access()?;
        Ok((self.board, access))
    }
}

impl BoardTx<'_, Server> {
    /// Stores the events.
    pub async fn finish(mut self) -> Result<()> {
        self.record().await
    }
}

/// Locks a board for a member who has the right. Other users do not wait for the lock, so that they cannot delay
/// anybody.
///
/// NOT_FOUND without a membership, FORBIDDEN without the right.
pub async fn lock_board<P: Permission>(
    tx: &mut Tx,
    user: UserKey,
    board: BoardId,
) -> Result<BoardTx<'_, P>> {
    let statement = locking::<BoardWithAccess>(user, P::RIGHT, |id| id.number(board.0))
        .either(" FOR SHARE OF users_boards", "");
    match tx.first(statement).await? {
        Some(row) => locked(tx, row),
        None => Err(match board_access(tx, user, board).await? {
            Some(access) => refusal(access, P::RIGHT),
            None => missing(),
        }),
    }
}

/// The same for a user who named something on the board: NOT_FOUND becomes `missing`.
pub async fn lock_board_of<P: Permission>(
    tx: &mut Tx,
    user: UserKey,
    board: BoardId,
    missing: impl FnOnce() -> Error,
) -> Result<BoardTx<'_, P>> {
    lock_board(tx, user, board).await.map_err(|error| error.not_found_as(missing))
}

/// Locks the board of a card in the same way, and reads the card under the lock. `None` if no board of the user has
/// the card, or it is in the trash.
pub async fn lock_card<P: Permission>(
    tx: &mut Tx,
    user: UserKey,
    card: CardId,
) -> Result<Option<(BoardTx<'_, P>, Card)>> {
    let board = |id: Statement<_>| {
        id.sql("(SELECT board_id FROM cards WHERE id = ").number(card.0).sql(")")
    };
    // By its key alone: with its board, PostgreSQL might search an index of the board's cards.
    let statement = locking::<(BoardWithAccess, CardRow)>(user, P::RIGHT, board)
        .sql(" JOIN cards ON cards.deleted_at IS NULL AND cards.id = ")
        .number(card.0)
        .either(" FOR SHARE OF users_boards FOR NO KEY UPDATE OF cards", "");
    let row: Option<(BoardWithAccess, CardRow)> = tx.first(statement).await?;
    if let Some((board, card)) = row {
        return Ok(Some((locked(tx, board)?, card.into())));
    }
    match card_access(tx, user, card).await? {
        Some(access) => Err(refusal(access, P::RIGHT)),
        None => Ok(None),
    }
}

/// Locks a board that may be in the trash, for an ADMIN who restores it. For other users a board in the trash does
/// not exist.
pub async fn lock_deleted_board(
    tx: &mut Tx,
    user: UserKey,
    board: BoardId,
) -> Result<BoardTx<'_, Admin>> {
    restorable(tx, user, board).await?;
    let board = lock(tx, board).await?.ok_or_else(missing)?;
    let access = restorable(tx, user, board.id).await?;
    Ok(BoardTx::new(tx, board, Some(access)))
}

async fn restorable(tx: &mut Tx, user: UserKey, board: BoardId) -> Result<BoardAccess> {
    let (access, deleted) = any_access(tx, user, board).await?.ok_or_else(missing)?;
    if deleted && !access.may(Right::Manage) {
        return Err(missing());
    }
    access.require(Right::Manage)?;
    Ok(access)
}

/// Locks a board, which may be in the trash, for a member whose account is deleted; `None` if there is no such
/// membership any more.
pub async fn lock_to_leave(
    tx: &mut Tx,
    user: UserKey,
    board: BoardId,
) -> Result<Option<BoardTx<'_, Reader>>> {
    let Some(board) = lock(tx, board).await? else { return Ok(None) };
    let found = any_access(tx, user, board.id).await?;
    Ok(found.map(|(access, _)| BoardTx::new(tx, board, Some(access))))
}

/// Locks a board for the server itself; `None` if the board does not exist any more.
pub async fn lock_for_purge(tx: &mut Tx, board: BoardId) -> Result<Option<BoardTx<'_, Server>>> {
    let board = lock(tx, board).await?;
    Ok(board.map(|board| BoardTx::new(tx, board, None)))
}

/// On SQLite, a transaction that writes holds the lock of all boards.
async fn lock(tx: &mut Tx, board: BoardId) -> Result<Option<Board>> {
    let statement = select::<BoardRow>()
        .sql(" FROM boards WHERE boards.id = ")
        .number(board.0)
        .either(" FOR NO KEY UPDATE", "");
    let row: Option<BoardRow> = tx.first(statement).await?;
    Ok(row.map(Board::from))
}

/// Checks the right again: the role may have changed while the statement waited for the lock.
fn locked<P: Permission>(tx: &mut Tx, row: BoardWithAccess) -> Result<BoardTx<'_, P>> {
    let (board, access) = with_access(row);
    access.require(P::RIGHT)?;
    Ok(BoardTx::new(tx, board, Some(access)))
}

fn missing() -> Error {
    Error::not_found("board")
}

/// Why a member does not get a lock. A membership or a right that was granted meanwhile needs a retry.
fn refusal(access: BoardAccess, right: Right) -> Error {
    access.require(right).err().unwrap_or(Error::Contention)
}

/// The beginning of a statement that locks the board of this `id`, if the user has the right, and reads rows of it.
///
/// A locked row is read in its latest version, also after waiting, so everything that is read under the lock is
/// locked too.
fn locking<R: Row>(
    user: UserKey,
    right: Right,
    id: impl FnOnce(Statement<ColumnTypes<R>>) -> Statement<ColumnTypes<R>>,
) -> Statement<ColumnTypes<R>> {
    let statement = Statement::new()
        .sql("WITH boards AS (SELECT * FROM ")
        .either("boards", "main.boards")
        .sql(" AS b WHERE deleted_at IS NULL AND id = ");
    id(statement)
        .sql(" AND EXISTS (SELECT 1 FROM users_boards WHERE board_id = b.id AND user_id = ")
        .number(user.0)
        .sql(" AND role IN (NULL")
        .roles(right)
        .sql("))")
        .either(" FOR NO KEY UPDATE) SELECT ", ") SELECT ")
        .columns::<R>()
        .sql(" FROM boards JOIN users_boards ON users_boards.board_id = boards.id AND users_boards.user_id = ")
        .number(user.0)
}

impl<ST> Statement<ST> {
    /// Appends the roles that have the right, each after a comma.
    fn roles(self, right: Right) -> Self {
        let roles = BoardRole::ALL.into_iter().filter(|role| role.may(right));
        roles.fold(self, |statement, role| statement.sql(", '").sql(role.as_str()).sql("'"))
    }
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;

    use super::*;
    use crate::config::Config;
    use crate::domain::{Clock, NewBoard};
    use crate::store::schema::{boards as boards_table, users};
    use crate::store::{Db, boards};

    async fn user_and_board(db: &Db) -> (UserKey, BoardId) {
        let made = db.write((), async |tx, ()| {
            let now = tx.now();
            let user: i64 = tx
                .write_returning_one(
                    diesel::insert_into(users::table)
                        .values((
                            users::public_id.eq("ann"),
                            users::email.eq("ann"),
                            users::email_key.eq("ann"),
                            users::password_hash.eq(""),
                            users::created_at.eq(now),
                            users::updated_at.eq(now),
                        ))
                        .returning(users::id),
                )
                .await?;
            let new = NewBoard {
                title: crate::domain::Title::parse("x")?,
                description: crate::domain::Description::parse("")?,
            };
            let (board, _) = boards::insert(tx, UserKey(user), &new, now).await?;
            Ok((UserKey(user), board.id))
        });
        made.await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_change_without_its_event_is_not_committed() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/kanban.db", folder.path().display());
        let lookup = |name: &str| (name == "DATABASE_URL").then(|| url.clone());
        let config = Config::from_lookup(lookup).unwrap();
        let (db, _) = Db::open(&config.database, Clock::default()).await.unwrap();
        let (user, board) = user_and_board(&db).await;
        for is_finished in [false, true] {
            let changed = db.write((user, board, is_finished), async |tx, (user, board, ends)| {
                let mut board: BoardTx<Admin> = lock_board(tx, *user, *board).await?;
                let target = boards_table::table.find(board.id().0);
                let rename = diesel::update(target).set(boards_table::title.eq("renamed"));
                let event = EventPayload::BoardUpdated { changes: Vec::new() };
                board.write(event, rename).await?;
                if *ends { board.finish(Subject::Board).await.map(drop) } else { Ok(()) }
            });
            assert_eq!(changed.await.is_ok(), is_finished);
            let mut conn = db.read().await.unwrap();
            let title: Option<String> = conn
                .first(boards_table::table.find(board.0).select(boards_table::title))
                .await
                .unwrap();
            assert_eq!(title.unwrap() == "renamed", is_finished);
        }
    }
}
