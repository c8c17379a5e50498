//! The event history of boards and cards.

use std::sync::Arc;

use super::lists::{Lists, shared};
use super::load_context::LoadContext;
use crate::domain::{Event, Page, PageRequest, Result, Side};
use crate::store::events::{self, EventList};

/// Histories of boards and cards.
pub(in crate::graphql) struct EventLists;

impl Lists for EventLists {
    type Parent = EventList;
    type Filter = ();
    type Page = Arc<PageRequest>;
    type Row = Arc<Event>;

    async fn pages(
        context: &LoadContext,
        of: &[EventList],
        (): &(),
        request: &Arc<PageRequest>,
    ) -> Result<Vec<Page<Arc<Event>>>> {
        let found = events::list(&mut context.read().await?, of, request).await?;
        Ok(shared(found))
    }

    async fn counts(context: &LoadContext, of: &[EventList], (): &()) -> Result<Vec<i64>> {
        events::counts(&mut context.read().await?, of).await
    }

    async fn any_beyond(
        context: &LoadContext,
        of: &[EventList],
        (): &(),
        request: &Arc<PageRequest>,
        side: Side,
    ) -> Result<Vec<bool>> {
        events::any_beyond(&mut context.read().await?, of, request, side).await
    }

    fn kind(of: &EventList) -> u8 {
        of.card.is_some().into()
    }
}
