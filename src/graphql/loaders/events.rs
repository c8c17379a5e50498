//! The event history of boards and cards.

use std::sync::Arc;

use super::relation::{LoadContext, Relation, shared_pages};
use crate::domain::{Event, Page, PageRequest, Result, Side};
use crate::store::events::{self, EventList};

pub(in crate::graphql) struct EventPages;

impl Relation for EventPages {
    type Of = EventList;
    type How = Arc<PageRequest>;
    type Value = Arc<Page<Arc<Event>>>;

    async fn fetch(
        context: &LoadContext,
        of: &[EventList],
        request: &Arc<PageRequest>,
    ) -> Result<Vec<Self::Value>> {
        Ok(shared_pages(events::list(&mut context.read().await?, of, request).await?))
    }

    fn kind(of: &EventList) -> u8 {
        of.card.is_some().into()
    }
}

pub(in crate::graphql) struct EventCounts;

impl Relation for EventCounts {
    type Of = EventList;
    type How = ();
    type Value = i64;

    async fn fetch(context: &LoadContext, of: &[EventList], (): &()) -> Result<Vec<i64>> {
        events::counts(&mut context.read().await?, of).await
    }

    fn kind(of: &EventList) -> u8 {
        of.card.is_some().into()
    }
}

pub(in crate::graphql) struct EventsBeyond;

impl Relation for EventsBeyond {
    type Of = EventList;
    type How = (Arc<PageRequest>, Side);
    type Value = bool;

    async fn fetch(
        context: &LoadContext,
        of: &[EventList],
        (page, side): &Self::How,
    ) -> Result<Vec<bool>> {
        events::any_beyond(&mut context.read().await?, of, page, *side).await
    }

    fn kind(of: &EventList) -> u8 {
        of.card.is_some().into()
    }
}
