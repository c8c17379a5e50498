//! The subscribers of lists of boards.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::delivery::{Deliveries, Delivery, Sender, Waiting, channel};
use super::payload::{Made, Maker, PATIENCE, PAUSE};
use crate::domain::{BoardId, BoardRole, Result, UserKey, Viewer};
use crate::events::Listener;
use crate::graphql::engine::{Cost, Shape};
use crate::graphql::schema::BoardListNews;
use crate::metrics::Subscribed;
use crate::store::boards::{self, Listing};
use crate::store::{Conn, LongTexts};

/// The maximum number of boards in a payload. If more have changed, the list is sent as `reset`.
const MAX_BOARDS: usize = 200;

/// How long changes are collected before they are sent.
const COLLECT: Duration = Duration::from_millis(20);

/// Follows the list of boards of a viewer.
pub(super) fn follow(
    maker: &Arc<Maker>,
    viewer: Viewer,
    shape: Arc<Shape>,
    waiting: &Waiting,
) -> Deliveries {
    let (sender, deliveries) = channel(waiting, Subscribed::Boards);
    let changed = maker.shared.services.db.bus().lists.listen(viewer.key);
    let known = None;
    let follower = Follower { maker: Arc::clone(maker), viewer, shape, changed, known, sender };
    tokio::spawn(follower.run());
    deliveries
}

struct Follower {
    maker: Arc<Maker>,
    viewer: Viewer,
    shape: Arc<Shape>,
    changed: Listener<UserKey>,
    /// The list that the subscriber knows; `None` before the first payload, and if it is too long.
    known: Option<HashMap<BoardId, Listing>>,
    sender: Sender,
}

impl Follower {
    async fn run(mut self) {
        let mut failing = None;
        loop {
            match self.next().await {
                Ok(made) => {
                    failing = None;
                    if let Some(made) = made {
                        self.sender.send(&Arc::new(made.payload));
                    }
                    tokio::select! {
                        () = self.changed.woken() => sleep(COLLECT).await,
                        () = self.sender.closed() => return,
                    }
                    self.sender.ready().await;
                }
                Err(_) if failing.get_or_insert_with(Instant::now).elapsed() < PATIENCE => {
                    sleep(PAUSE).await;
                }
                Err(_) => return self.sender.end(Delivery::Failed),
            }
        }
    }

    /// The next payload; `None` if nothing has changed.
    async fn next(&mut self) -> Result<Option<Made>> {
        let draft = self.maker.draft(self.viewer);
        let mut conn = draft.read().await?;
        let now = boards::listings(&mut conn, self.viewer.key).await?;
        let news = match (&self.known, &now) {
            (Some(known), Some(now)) => self.difference(&mut conn, known, now).await?,
            _ => Some((reset(), 0)),
        };
        drop(conn);
        let Some((news, cost)) = news else {
            self.known = now;
            return Ok(None);
        };
        let is_reset = news.is_reset;
        let mut made = self.maker.execute(draft, &self.shape, news, cost).await?;
        if made.exceeds_limit && !is_reset {
            let draft = self.maker.draft(self.viewer);
            made = self.maker.execute(draft, &self.shape, reset(), 0).await?;
        }
        self.known = now;
        Ok(Some(made))
    }

    async fn difference(
        &self,
        conn: &mut Conn,
        known: &HashMap<BoardId, Listing>,
        now: &HashMap<BoardId, Listing>,
    ) -> Result<Option<(BoardListNews, Cost)>> {
        let removed: Vec<_> = known.keys().filter(|id| !now.contains_key(id)).copied().collect();
        let older = now.iter().filter_map(|(id, now)| {
            let known = known.get(id)?;
            (known.version != now.version).then_some((*id, known.version))
        });
        let older: Vec<_> = older.collect();
        let renamed: HashSet<BoardId> = boards::renamed_since(conn, &older).await?;
        let role = |listing: &Listing| -> BoardRole { listing.role };
        let has_changed = |(id, now): &(&BoardId, &Listing)| {
            known.get(id).is_none_or(|known| role(known) != role(now)) || renamed.contains(id)
        };
        let changed: Vec<_> = now.iter().filter(has_changed).map(|(id, _)| *id).collect();
        if changed.is_empty() && removed.is_empty() {
            return Ok(None);
        }
        let count = Cost::try_from(changed.len()).unwrap_or(Cost::MAX);
        let cost = self.shape.cost.of("Board").saturating_mul(count);
        if changed.len() + removed.len() > MAX_BOARDS || cost > self.maker.engine.left(&self.shape)
        {
            return Ok(Some((reset(), 0)));
        }
        let mut found = boards::find(conn, self.viewer.key, &changed, LongTexts::Skip).await?;
        found.sort_by_key(|(board, _)| board.id.0);
        Ok(Some((BoardListNews { is_reset: false, boards: found, removed }, cost)))
    }
}

fn reset() -> BoardListNews {
    BoardListNews { is_reset: true, boards: Vec::new(), removed: Vec::new() }
}
