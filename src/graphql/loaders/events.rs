//! The history of boards and of cards.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Relation, grouped};
use crate::domain::{Event, Page, PageRequest, Result, Side, Viewer};
use crate::store::events::EventList;
use crate::store::{self, Snapshot};

pub(in crate::graphql) struct EventPages;

impl Relation for EventPages {
    type Key = (EventList, Arc<PageRequest>);
    type Value = Arc<Page<Arc<Event>>>;

    async fn fetch(
        db: &Snapshot,
        _viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Self::Value>> {
        let mut conn = db.read().await?;
        let mut pages = HashMap::new();
        let keys = keys.iter().map(|(list, page)| ((Arc::clone(page), list.card.is_some()), *list));
        for ((request, _), lists) in grouped(keys) {
            let found = store::events::list(&mut conn, &lists, &request).await?;
            for (list, page) in lists.into_iter().zip(found) {
                pages.insert((list, Arc::clone(&request)), Arc::new(page.map(Arc::new)));
            }
        }
        Ok(pages)
    }
}

pub(in crate::graphql) struct EventCounts;

impl Relation for EventCounts {
    type Key = EventList;
    type Value = i64;

    async fn fetch(
        db: &Snapshot,
        _viewer: Viewer,
        keys: &[EventList],
    ) -> Result<HashMap<EventList, i64>> {
        let mut conn = db.read().await?;
        let mut counts = HashMap::new();
        for (_, lists) in grouped(keys.iter().map(|list| (list.card.is_some(), *list))) {
            let found = store::events::counts(&mut conn, &lists).await?;
            counts.extend(lists.into_iter().zip(found));
        }
        Ok(counts)
    }
}

pub(in crate::graphql) struct EventsBeyond;

impl Relation for EventsBeyond {
    type Key = (EventList, Arc<PageRequest>, Side);
    type Value = bool;

    async fn fetch(
        db: &Snapshot,
        _viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, bool>> {
        let mut conn = db.read().await?;
        let mut any = HashMap::new();
        let keys =
            keys.iter().map(|(of, page, side)| ((Arc::clone(page), *side, of.card.is_some()), *of));
        for ((page, side, _), lists) in grouped(keys) {
            let found = store::events::any_beyond(&mut conn, &lists, &page, side).await?;
            for (list, found) in lists.into_iter().zip(found) {
                any.insert((list, Arc::clone(&page), side), found);
            }
        }
        Ok(any)
    }
}
