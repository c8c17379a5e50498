//! The subscribers of boards. A task for each board with subscribers, its room, makes the payloads for all of them.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::delivery::{Deliveries, Delivery, Payload, Sender, Waiting, channel};
use super::farewell::Farewell;
use super::payload::{MAX_MISSED, Maker, PATIENCE, PAUSE};
use crate::domain::{BoardId, Error, Event, Result, UserKey, Viewer};
use crate::events::Listener;
use crate::graphql::engine::Shape;
use crate::metrics::Subscribed;
use crate::store::access::AuthorizedBoard;
use crate::store::{Conn, boards, events};

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

/// A subscriber of a board.
struct Member {
    viewer: Viewer,
    shape: Arc<Shape>,
    /// The latest event that it knows; `None` before the first payload of a subscriber who wants no earlier ones.
    sequence: Option<i64>,
    /// Whether it has had no payload yet.
    is_new: bool,
    /// Whether too much waits for it, and the room is told when it has read.
    is_slow: Arc<AtomicBool>,
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
        let (is_new, is_slow, has_left) = (true, Arc::default(), false);
        let member = Member { viewer, shape, sequence: after, is_new, is_slow, has_left, sender };
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let room = rooms.entry(board).or_insert_with(|| self.open(board));
        // The receiver is dropped only after its room was removed from the map.
        let _ = room.send(Visit::Enter(member));
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
            failing: None,
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
    /// Since when the database is unavailable.
    failing: Option<Instant>,
}

/// Members with the same selection who know the same events.
type Group = Vec<usize>;

impl Room {
    async fn run(mut self, rooms: Arc<Rooms>) {
        while self.is_open(&rooms) {
            if std::mem::take(&mut self.is_due) {
                self.serve().await;
                // Members may have left.
                continue;
            }
            tokio::select! {
                Some(visit) = self.visits.recv() => self.admit(visit),
                () = self.changed.woken() => self.is_due = true,
                Some(()) = self.slow.next() => self.is_due = true,
                () = sleep(PAUSE), if self.failing.is_some() => self.is_due = true,
            }
        }
    }

    fn admit(&mut self, visit: Visit) {
        if let Visit::Enter(member) = visit {
            self.members.push(member);
            self.is_due = true;
        }
    }

    /// Whether anybody is in the room. If not, the room is removed from the map.
    fn is_open(&mut self, rooms: &Rooms) -> bool {
        self.members.retain(|member| !member.has_left && !member.sender.is_closed());
        if !self.members.is_empty() {
            return true;
        }
        // Nobody enters while the map is locked.
        let mut rooms = rooms.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        while let Ok(visit) = self.visits.try_recv() {
            self.admit(visit);
        }
        if self.members.is_empty() {
            rooms.remove(&self.board);
        }
        !self.members.is_empty()
    }

    /// Sends every member what it does not know yet.
    async fn serve(&mut self) {
        let mut pending: Group = (0..self.members.len()).collect();
        loop {
            pending.retain(|index| self.can_receive(*index));
            let group = self.first_group(&pending);
            if group.is_empty() {
                self.failing = None;
                return;
            }
            match self.send(&group).await {
                Ok(done) => pending.retain(|index| !done.contains(index)),
                Err(_) => return self.fail(),
            }
        }
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

    /// The members who get the same payload as the first one.
    fn first_group(&self, pending: &[usize]) -> Group {
        let members =
            || pending.iter().filter_map(|index| Some((*index, self.members.get(*index)?)));
        let Some((_, first)) = members().next() else { return Group::new() };
        let is_alike = |member: &Member| {
            Arc::ptr_eq(&member.shape, &first.shape)
                && (member.sequence, member.is_new) == (first.sequence, first.is_new)
                && (member.viewer.key == first.viewer.key || !first.shape.is_personal())
        };
        members().filter(|(_, member)| is_alike(member)).map(|(index, _)| index).collect()
    }

    /// Sends the next payload to a group, or to those of it whose payload is the same after all. Returns the members
    /// who know everything now.
    async fn send(&mut self, group: &[usize]) -> Result<HashSet<usize>> {
        let Some((leader, first)) =
            group.first().and_then(|at| Some((*at, self.members.get(*at)?)))
        else {
            return Ok(HashSet::new());
        };
        let (viewer, shape) = (first.viewer, Arc::clone(&first.shape));
        let (known, is_new) = (first.sequence, first.is_new);
        let draft = self.maker.draft(viewer);
        let mut conn = draft.read().await?;
        let seen = boards::for_each(&mut conn, self.board, &self.users_of(group)).await?;
        let mut alike = self.with_the_role_of(viewer, group, &seen);
        let Some(board) = seen.into_iter().find(|(_, access)| access.user_key() == viewer.key)
        else {
            self.end(conn, leader).await?;
            return Ok([leader].into());
        };
        let version = board.0.version;
        self.changed.saw(version);
        let (news, cost) = self.maker.board_news(&mut conn, board, known, &shape).await?;
        drop(conn);
        if news.events.is_empty() && !news.is_reset && !is_new {
            return Ok(alike);
        }
        if shape.selects("clientMutationId") {
            self.keep_like_authors(&mut alike, viewer, &news.events);
        }
        let changed = news.events.first().filter(|_| !is_new).map(|event| event.created_at);
        let (mut sequence, is_reset) = (news.sequence, news.is_reset);
        let mut made = self.maker.execute(draft, &shape, news, cost).await?;
        if made.exceeds_limit && !is_reset {
            (made, sequence) = self.maker.board_reset(self.board, viewer, &shape).await?;
        }
        if made.is_personal {
            alike.retain(|index| self.viewer_of(*index) == Some(viewer.key));
        }
        made.payload.changed = changed;
        self.hand_out(&alike, &Arc::new(made.payload), sequence);
        Ok(if sequence >= version { alike } else { HashSet::new() })
    }

    fn viewer_of(&self, index: usize) -> Option<UserKey> {
        self.members.get(index).map(|member| member.viewer.key)
    }

    fn users_of(&self, group: &[usize]) -> Vec<UserKey> {
        let users: HashSet<_> = group.iter().filter_map(|index| self.viewer_of(*index)).collect();
        users.into_iter().collect()
    }

    /// Those of the group who have the role of this viewer: what they may read is the same.
    fn with_the_role_of(
        &self,
        viewer: Viewer,
        group: &[usize],
        seen: &[AuthorizedBoard],
    ) -> HashSet<usize> {
        let role = |(_, access): &AuthorizedBoard| (access.user_key(), access.role());
        let roles: HashMap<_, _> = seen.iter().map(role).collect();
        let role = |user: Option<UserKey>| roles.get(&user?);
        let is_alike = |index: &usize| role(self.viewer_of(*index)) == role(Some(viewer.key));
        group.iter().copied().filter(is_alike).collect()
    }

    /// Only the author of a change sees its `clientMutationId`. So keeps the leader, if they are an author, or those who are
    /// no authors, like the leader.
    fn keep_like_authors(&self, alike: &mut HashSet<usize>, leader: Viewer, events: &[Arc<Event>]) {
        let with_id = events.iter().filter(|event| event.client_mutation_id.is_some());
        let authors: HashSet<_> = with_id.filter_map(|event| event.actor).collect();
        if authors.contains(&leader.key) {
            alike.retain(|index| self.viewer_of(*index) == Some(leader.key));
        } else {
            alike
                .retain(|index| self.viewer_of(*index).is_none_or(|user| !authors.contains(&user)));
        }
    }

    fn hand_out(&mut self, to: &HashSet<usize>, payload: &Arc<Payload>, sequence: i64) {
        for index in to {
            if let Some(member) = self.members.get_mut(*index) {
                (member.sequence, member.is_new) = (Some(sequence), false);
                member.sender.send(payload);
            }
        }
    }

    /// Ends the subscription of a viewer who may no longer see the board, with the events up to the one that took it
    /// away.
    async fn end(&mut self, mut conn: Conn, index: usize) -> Result<()> {
        let Some(member) = self.members.get_mut(index) else { return Ok(()) };
        let Some(known) = member.sequence else {
            member.sender.end(Delivery::Complete);
            member.has_left = true;
            return Ok(());
        };
        let user = member.viewer.id;
        let events = events::until_removed(&mut conn, self.board, user, known, MAX_MISSED);
        let events = match events.await {
            // A newer instance may write events that this one does not know.
            Err(Error::Internal) => Vec::new(),
            events => events?,
        };
        member.has_left = true;
        let farewell = Farewell {
            maker: Arc::clone(&self.maker),
            viewer: member.viewer,
            shape: Arc::clone(&member.shape),
            sender: member.sender.clone(),
        };
        tokio::spawn(farewell.run(events.into_iter().map(Arc::new).collect()));
        Ok(())
    }

    /// The database is unavailable: tries again soon, but not for ever.
    fn fail(&mut self) {
        let since = *self.failing.get_or_insert_with(Instant::now);
        if since.elapsed() >= PATIENCE {
            for member in self.members.drain(..) {
                member.sender.end(Delivery::Failed);
            }
        }
    }
}
