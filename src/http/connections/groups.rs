//! Connections in the order in which they began, in groups that are closed together.

use std::collections::VecDeque;

use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Into how many groups the connections are divided; the oldest group is closed as a whole.
const GROUPS: usize = 16;

/// Connections that are closed together. (hyper-util's `GracefulShutdown` does not take connections that may be upgraded
/// to WebSockets.)
#[derive(Default)]
pub(super) struct Group(watch::Sender<()>);

impl Group {
    /// Tells a new connection of the group when to close. It belongs to the group until it drops this.
    pub(super) fn enter(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }

    fn count(&self) -> usize {
        self.0.receiver_count()
    }

    async fn close(self) {
        self.0.send_replace(());
        self.0.closed().await;
    }
}

/// All connections.
pub(super) struct Groups {
    newest: Group,
    /// How many connections the newest group has had.
    count: usize,
    /// The maximum number of connections of a group.
    size: usize,
    older: VecDeque<Group>,
    /// Groups that end when their connections are idle.
    closing: JoinSet<()>,
}

impl Groups {
    pub(super) fn new(max: usize) -> Self {
        let (newest, older, closing) = Default::default();
        Self { newest, count: 0, size: max.div_ceil(GROUPS), older, closing }
    }

    /// The group of a new connection.
    pub(super) fn newest(&mut self) -> &Group {
        if self.count == self.size {
            self.older.push_back(std::mem::take(&mut self.newest));
            self.older.retain(|group| group.count() > 0);
            self.count = 0;
        }
        self.count += 1;
        &self.newest
    }

    /// Whether a group has yet to end.
    pub(super) fn is_closing(&mut self) -> bool {
        while self.closing.try_join_next().is_some() {}
        !self.closing.is_empty()
    }

    /// Lets the oldest connections end when they are idle.
    pub(super) fn close_oldest(&mut self) {
        let oldest = self.older.pop_front().unwrap_or_else(|| std::mem::take(&mut self.newest));
        self.closing.spawn(oldest.close());
    }

    /// Waits until all connections have ended, each when it is idle.
    pub(super) async fn close_all(mut self) {
        join_all(self.older.into_iter().chain([self.newest]).map(Group::close)).await;
        while self.closing.join_next().await.is_some() {}
    }
}
