//! The lists of the API, and what connections load of them besides their pages.

use std::sync::Arc;

use crate::domain::{BoardList, CardFilter, CardId, CardOrder, PageRequest, Result, Side};
use crate::graphql::loaders::{CardQuery, Loaders};
use crate::store::LongTexts;
use crate::store::access::BoardAccess;
use crate::store::card_lists::CardList;
use crate::store::events::EventList;
use crate::store::viewer_cards::ViewerCards;

/// The list that a page belongs to, with the arguments of the page.
#[derive(Clone)]
pub(in crate::graphql::schema) enum List {
    Boards(BoardList, (PageRequest, LongTexts)),
    ViewerCards(Arc<ViewerCards>, (CardOrder, Arc<PageRequest>, LongTexts)),
    Cards(CardList, Arc<CardFilter>, Arc<CardQuery>),
    Comments((BoardAccess, CardId), (Arc<PageRequest>, LongTexts)),
    Events(EventList, Arc<PageRequest>),
    Members(BoardAccess, Arc<PageRequest>),
    Sessions(PageRequest),
    /// An empty list that needs no statement, e.g. one that the viewer may not see.
    Nothing,
}

impl List {
    /// The number of rows in the whole list.
    pub(super) async fn count(&self, loaders: &Loaders) -> Result<i64> {
        match self {
            Self::Boards(list, _) => loaders.boards().count((), list.clone()).await,
            Self::ViewerCards(list, _) => loaders.viewer_cards().count((), Arc::clone(list)).await,
            Self::Cards(list, filter, _) => loaders.cards().count(*list, Arc::clone(filter)).await,
            Self::Comments(card, _) => loaders.comments().count(*card, ()).await,
            Self::Events(list, _) => loaders.events().count(*list, ()).await,
            Self::Members(board, _) => loaders.members().count(*board, ()).await,
            Self::Sessions(_) => loaders.sessions().count((), ()).await,
            Self::Nothing => Ok(0),
        }
    }

    /// Whether the list has rows beyond the page on this side.
    pub(super) async fn any_beyond(self, loaders: &Loaders, side: Side) -> Result<bool> {
        // The texts do not matter, so pages with and without them share a load.
        let texts = LongTexts::Skip;
        match self {
            Self::Boards(list, (page, _)) => {
                loaders.boards().any_beyond((), list, (page, texts), side).await
            }
            Self::ViewerCards(list, (order, page, _)) => {
                loaders.viewer_cards().any_beyond((), list, (order, page, texts), side).await
            }
            Self::Cards(list, filter, page) => {
                loaders.cards().any_beyond(list, filter, page, side).await
            }
            Self::Comments(card, (page, _)) => {
                loaders.comments().any_beyond(card, (), (page, texts), side).await
            }
            Self::Events(list, page) => loaders.events().any_beyond(list, (), page, side).await,
            Self::Members(board, page) => loaders.members().any_beyond(board, (), page, side).await,
            Self::Sessions(page) => loaders.sessions().any_beyond((), (), page, side).await,
            Self::Nothing => Ok(false),
        }
    }
}
