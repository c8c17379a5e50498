//! The event history of boards and cards.

use std::sync::Arc;

use super::relation::{LoadContext, Relation, shared_pages};
use crate::domain::{Event, Page, PageRequest, Result, Side};
use crate::store::events::{self, EventList};

pub(in crate::graphql) struct EventPages;

impl Relation for EventPages {
    type Key = EventList;
    type Parameters = Arc<PageRequest>;
    type Value = Arc<Page<Arc<Event>>>;

    async fn fetch(
        context: &LoadContext,
        keys: &[EventList],
        request: &Arc<PageRequest>,
    ) -> Result<Vec<Self::Value>> {
        Ok(shared_pages(events::list(&mut context.read().await?, keys, request).await?))
    }

    fn kind(key: &EventList) -> u8 {
        key.card.is_some().into()
    }
}

pub(in crate::graphql) struct EventCounts;

impl Relation for EventCounts {
    type Key = EventList;
    type Parameters = ();
    type Value = i64;

    async fn fetch(context: &LoadContext, keys: &[EventList], (): &()) -> Result<Vec<i64>> {
        events::counts(&mut context.read().await?, keys).await
    }

    fn kind(key: &EventList) -> u8 {
        key.card.is_some().into()
    }
}

pub(in crate::graphql) struct EventsBeyond;

impl Relation for EventsBeyond {
    type Key = EventList;
    type Parameters = (Arc<PageRequest>, Side);
    type Value = bool;

    async fn fetch(
        context: &LoadContext,
        keys: &[EventList],
        (page, side): &Self::Parameters,
    ) -> Result<Vec<bool>> {
        events::any_beyond(&mut context.read().await?, keys, page, *side).await
    }

    fn kind(key: &EventList) -> u8 {
        key.card.is_some().into()
    }
}
