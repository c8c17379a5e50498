//! Who is told that something has changed, after its commit: the subscribers in this process, and through the database
//! those in other instances.
//!
//! What is told carries no data. Its receivers read what has changed, so nothing is wrong if they are told twice, and
//! whoever was told nothing finds the change at the next sweep (`service/live.rs`).

mod change;
mod topics;

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

pub use change::Change;
pub use topics::{Listener, Topics};

use crate::domain::{BoardId, SessionId, UserKey};

/// The maximum number of boards whose lists are still to be looked up, and of changes that are still to be sent. More are
/// dropped: the next sweep finds them.
const MAX_WAITING: usize = 10_000;

/// Tells subscribers about changes.
pub struct Bus {
    /// Boards that somebody follows.
    pub boards: Arc<Topics<BoardId>>,
    /// Users whose list of boards somebody follows.
    pub lists: Arc<Topics<UserKey>>,
    /// Sessions with open streams.
    pub sessions: Arc<Topics<SessionId>>,
    /// Changes of boards in lists, whose members are not looked up yet.
    listed: Waiting,
    /// Changes that other instances have not been told; `None` if there are no other instances.
    outgoing: Option<Waiting>,
}

impl Bus {
    /// A bus that keeps the changes for other instances, if there may be any.
    pub fn new(has_others: bool) -> Self {
        let (boards, lists, sessions, listed) = Default::default();
        Self { boards, lists, sessions, listed, outgoing: has_others.then(Waiting::default) }
    }

    /// Tells about changes that this process has committed.
    pub fn publish(&self, changes: &[Change]) {
        self.receive(changes);
        if let Some(outgoing) = &self.outgoing {
            outgoing.add(changes.iter());
        }
    }

    /// Tells about changes that another instance has committed.
    pub fn receive(&self, changes: &[Change]) {
        for change in changes {
            self.boards.wake(&change.board);
            for user in &change.users {
                self.lists.wake(user);
            }
        }
        if !self.lists.is_empty() {
            self.listed.add(changes.iter().filter(|change| change.is_listed));
        }
    }

    /// Waits for changes of boards that are shown in lists.
    pub async fn listed(&self) -> Vec<Change> {
        self.listed.take().await
    }

    /// Waits for changes that other instances have not been told.
    pub async fn outgoing(&self) -> Vec<Change> {
        match &self.outgoing {
            Some(outgoing) => outgoing.take().await,
            None => std::future::pending().await,
        }
    }
}

/// Changes that wait for a task.
#[derive(Default)]
struct Waiting {
    changes: Mutex<Vec<Change>>,
    added: Notify,
}

impl Waiting {
    fn add<'c>(&self, changes: impl Iterator<Item = &'c Change>) {
        let mut waiting = self.changes.lock();
        let before = waiting.len();
        for change in changes {
            if waiting.len() < MAX_WAITING && waiting.last() != Some(change) {
                waiting.push(change.clone());
            }
        }
        if waiting.len() > before {
            self.added.notify_one();
        }
    }

    async fn take(&self) -> Vec<Change> {
        loop {
            let waiting = std::mem::take(&mut *self.changes.lock());
            if !waiting.is_empty() {
                return waiting;
            }
            self.added.notified().await;
        }
    }
}
