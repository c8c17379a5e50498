//! The subscribers of boards. A task for each board with subscribers, its room, makes the payloads for all of them.

mod payloads;
mod retry;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::delivery::{Deliveries, Sender, Waiting, channel};
use super::payload::Maker;
use crate::domain::{BoardId, Viewer};
use crate::events::Listener;
use crate::graphql::engine::Shape;
use crate::metrics::Subscribed;

/// The rooms of all boards with subscribers.
pub(super) struct Rooms {
    maker: Arc<Maker>,
    rooms: Mutex<HashMap<BoardId, mpsc::UnboundedSender<Visit>>>,
}

/// What a room is told.
enum Visit {
    Enter(Member),
    /// Somebody has left.
    Leave,
}

/// What an attempt to send a payload has done.
enum Sent {
    /// These members know everything now.
    All(HashSet<usize>),
    /// The payload of these members cannot be made now, though the database can be read.
    Failed(HashSet<usize>),
}

/// The attempts to make a payload for a member.
#[derive(Clone, Copy)]
struct Failing {
    /// The first one.
    since: Instant,
    /// The next one.
    again: Instant,
}

/// A subscriber of a board.
struct Member {
    viewer: Viewer,
    shape: Arc<Shape>,
    /// The latest event that it knows; `None` before the first payload of a subscriber who wants no earlier ones.
    sequence: Option<i64>,
    /// Whether it has had no payload yet.
    is_new: bool,
    /// Whether the next payload is `reset`, because the news exceed a limit.
    must_reset: bool,
    /// Whether too much waits for it, and the room is told when it has read.
    is_slow: Arc<AtomicBool>,
    /// Since when no payload can be made for it.
    failing: Option<Failing>,
    /// Whether its subscription has ended.
    has_left: bool,
    sender: Sender,
}

impl Rooms {
    pub(super) fn new(maker: &Arc<Maker>) -> Arc<Self> {
        Arc::new(Self { maker: Arc::clone(maker), rooms: Mutex::default() })
    }

    /// Adds a subscriber who may see the board, and knows it up to the event `after`.
    pub(super) fn enter(
        self: &Arc<Self>,
        board: BoardId,
        viewer: Viewer,
        shape: Arc<Shape>,
        after: Option<i64>,
        waiting: &Waiting,
    ) -> Deliveries {
        let (sender, deliveries) = channel(waiting, Subscribed::Board);
        let member = Member {
            viewer,
            shape,
            sequence: after,
            is_new: true,
            must_reset: false,
            is_slow: Arc::default(),
            failing: None,
            has_left: false,
            sender,
        };
        let mut rooms = self.rooms.lock();
        let room = rooms.entry(board).or_insert_with(|| self.open(board));
        // The receiver is dropped only after its room was removed from the map, unless the task has panicked.
        if let Err(unsent) = room.send(Visit::Enter(member)) {
            *room = self.open(board);
            let _ = room.send(unsent.0);
        }
        let room = room.clone();
        deliveries.on_leave(move || drop(room.send(Visit::Leave)))
    }

    fn open(self: &Arc<Self>, board: BoardId) -> mpsc::UnboundedSender<Visit> {
        let (sender, visits) = mpsc::unbounded_channel();
        // Listens before it reads, so that no change is missed in between.
        let changed = self.maker.shared.services.db.bus().boards.listen(board);
        let room = Room {
            maker: Arc::clone(&self.maker),
            board,
            changed,
            visits,
            members: Vec::new(),
            slow: FuturesUnordered::new(),
            is_due: false,
            has_new: false,
            first_read: None,
        };
        tokio::spawn(room.run(Arc::clone(self)));
        sender
    }
}

struct Room {
    maker: Arc<Maker>,
    board: BoardId,
    changed: Listener<BoardId>,
    visits: mpsc::UnboundedReceiver<Visit>,
    members: Vec<Member>,
    /// Ready when a member who had too many payloads waiting has read one.
    slow: FuturesUnordered<BoxFuture<'static, ()>>,
    /// Whether a member may not know everything.
    is_due: bool,
    /// Whether a member has entered who has had no payload yet.
    has_new: bool,
    /// The version of the board that was read first since all members were looked at.
    first_read: Option<i64>,
}

impl Room {
    async fn run(mut self, rooms: Arc<Rooms>) {
        while self.is_open(&rooms) {
            let has_new = std::mem::take(&mut self.has_new);
            if std::mem::take(&mut self.is_due) {
                self.first_read = None;
                self.serve(self.waiting(false)).await;
                // Members may have left.
                continue;
            }
            if has_new {
                let mut new = self.waiting(false);
                new.retain(|index| self.members.get(*index).is_some_and(|member| member.is_new));
                self.serve(new).await;
                continue;
            }
            let again = self.again();
            tokio::select! {
                Some(visit) = self.visits.recv() => self.admit(visit),
                () = self.changed.woken() => self.is_due = true,
                Some(()) = self.slow.next() => self.is_due = true,
                () = retry::pause(again) => self.serve(self.waiting(true)).await,
            }
        }
    }

    fn admit(&mut self, visit: Visit) {
        if let Visit::Enter(member) = visit {
            self.members.push(member);
            self.has_new = true;
        }
    }

    /// Whether anybody is in the room. If not, the room is removed from the map.
    fn is_open(&mut self, rooms: &Rooms) -> bool {
        // All at once, so that many who enter together are served together.
        while let Ok(visit) = self.visits.try_recv() {
            self.admit(visit);
        }
        self.members.retain(|member| !member.has_left && !member.sender.is_closed());
        if !self.members.is_empty() {
            return true;
        }
        // Nobody enters while the map is locked.
        let mut rooms = rooms.rooms.lock();
        while let Ok(visit) = self.visits.try_recv() {
            self.admit(visit);
        }
        if self.members.is_empty() {
            rooms.remove(&self.board);
        }
        !self.members.is_empty()
    }

    /// Sends these members what they do not know yet.
    async fn serve(&mut self, mut pending: Vec<usize>) {
        loop {
            pending.retain(|index| self.can_receive(*index));
            let group = self.first_group(&pending);
            if group.is_empty() {
                return;
            }
            match self.send(&group).await {
                Ok(Sent::All(done)) => pending.retain(|index| !done.contains(index)),
                Ok(Sent::Failed(failed)) => {
                    pending.retain(|index| !failed.contains(index));
                    self.fail(failed);
                }
                // Nothing can be read for the others either.
                Err(_) => return self.fail(pending),
            }
        }
    }

    /// Records the version of the board in a snapshot. Others may have been served from an earlier one, and nobody might
    /// tell the room what they lack: then all members are looked at again.
    fn saw(&mut self, version: i64) {
        self.is_due |= version > *self.first_read.get_or_insert(version);
        self.changed.saw(version);
    }

    /// Whether a payload and the end of the subscription can be sent now. If not, the room is told when they can.
    fn can_receive(&mut self, index: usize) -> bool {
        let Some(member) = self.members.get_mut(index) else { return false };
        let can_receive = member.sender.is_ready();
        if !can_receive && !member.is_slow.swap(true, Ordering::Relaxed) {
            let (ready, is_slow) = (member.sender.ready(), Arc::clone(&member.is_slow));
            self.slow.push(Box::pin(async move {
                ready.await;
                is_slow.store(false, Ordering::Relaxed);
            }));
        }
        can_receive && !member.has_left
    }
}
