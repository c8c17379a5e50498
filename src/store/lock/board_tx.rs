//! The unit of work on a board, under its lock.
//!
//! A [`BoardTx`] holds the lock of one board until the transaction ends; only [`super`] makes one. Changes
//! of a board are written through it, and it asks for the events that record each change. The changed board is available from
//! [`BoardTx::finish`] only, when the events are stored and the board's version is raised.

use std::marker::PhantomData;

use diesel::QueryResult;

use crate::domain::{
    Board, BoardId, BoardRole, Error, EventPayload, MutationId, Result, Right, Subject, Timestamp,
    UserKey,
};
use crate::events::Change;
use crate::store::access::{AuthorizedBoard, BoardAccess};
use crate::store::db::{Command, Conn, MemorySize, Query, Tx};
use crate::store::dsl::{Write, execute_all};
use crate::store::{events, receipts};

/// What the holder of a lock may do.
pub trait Permission {
    /// The right that it needs.
    const RIGHT: Right;
}

/// Permissions that include [`Editor`].
pub trait Edits {}

/// Permissions to erase boards without an event: that of the server, and that of a last member who leaves.
pub trait Purges {}

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
impl Purges for Reader {}
impl Purges for Server {}

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

impl<P: Purges> BoardTx<'_, P> {
    /// Runs a command on a board that is being purged, history included.
    pub(in crate::store) async fn purge(&mut self, command: impl Command) -> QueryResult<usize> {
        self.tx.execute(command).await
    }
}

impl<'t, P> BoardTx<'t, P> {
    /// For whoever has locked the board in this transaction.
    pub(super) fn new(tx: &'t mut Tx, board: Board, access: Option<BoardAccess>) -> Self {
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
        let access = self.access.map(BoardAccess::without_version);
        access.ok_or_else(|| Error::defect("a board is changed without a member"))
    }

    pub(in crate::store) fn board_mut(&mut self) -> &mut Board {
        &mut self.board
    }

    pub(in crate::store) fn set_role(&mut self, role: BoardRole) {
        self.access = self.access.map(|access| access.with_role(role));
    }

    /// Tells a user that their membership has changed.
    pub(in crate::store) fn tell(&mut self, user: UserKey) {
        self.users.push(user);
    }

    /// The board's version after all events that are recorded so far, and after `events` further ones.
    pub(in crate::store) fn version_after(&self, events: usize) -> i64 {
        let events = i64::try_from(self.events.len() + events).unwrap_or(i64::MAX);
        self.board.version.saturating_add(events)
    }

    /// Runs a command that makes the change which the event records.
    pub(in crate::store) async fn write(
        &mut self,
        event: EventPayload,
        command: impl Command,
    ) -> QueryResult<usize> {
        self.tx.open_change();
        self.events.push(event);
        self.tx.execute(command).await
    }

    /// Runs another command of the change that was written last.
    pub(in crate::store) async fn write_more(
        &mut self,
        command: impl Command,
    ) -> QueryResult<usize> {
        if self.events.is_empty() {
            return Err(diesel::result::Error::NotInTransaction);
        }
        self.tx.execute(command).await
    }

    /// Runs a command that writes one row and returns it. `event` makes the event from the row.
    pub(in crate::store) async fn write_returning<R>(
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
    pub(in crate::store) fn write_with_events(
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
        let (version, first) = (self.version_after(0), self.board.version.saturating_add(1));
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
        let (first, last) = (self.board.version.saturating_add(1), self.version_after(0));
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

#[cfg(test)]
mod tests {
    use diesel::prelude::*;

    use super::*;
    use crate::config::Config;
    use crate::domain::{Clock, NewBoard};
    use crate::store::lock::lock_board;
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
