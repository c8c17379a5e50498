//! The lists of the API, and what connections load of them besides their pages.

use std::sync::Arc;

use crate::domain::{BoardList, CardId, CardOrder, PageRequest, Result, Side};
use crate::graphql::loaders::{CardQuery, Loaders};
use crate::store::access::BoardAccess;
use crate::store::card_lists::CardList;
use crate::store::events::EventList;
use crate::store::viewer_cards::ViewerCards;

/// The list that a page belongs to, with the arguments of the page.
#[derive(Clone)]
pub(in crate::graphql::schema) enum List {
    Boards(BoardList, PageRequest),
    ViewerCards(Arc<ViewerCards>, CardOrder, Arc<PageRequest>),
    Cards(CardList, Arc<CardQuery>),
    Comments((BoardAccess, CardId), Arc<PageRequest>),
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
            Self::Boards(list, _) => loaders.board_count().load(list.clone()).await,
            Self::ViewerCards(list, ..) => loaders.viewer_card_count().load(Arc::clone(list)).await,
            Self::Cards(list, query) => {
                loaders.card_count().load_with(*list, query.filter.clone().into()).await
            }
            Self::Comments(card, _) => loaders.comment_count().load(*card).await,
            Self::Events(list, _) => loaders.event_count().load(*list).await,
            Self::Members(board, _) => loaders.member_count().load(*board).await,
            Self::Sessions(_) => loaders.session_count().load(()).await,
            Self::Nothing => Ok(0),
        }
    }

    /// Whether the list has rows beyond the page on this side.
    pub(super) async fn any_beyond(self, loaders: &Loaders, side: Side) -> Result<bool> {
        match self {
            Self::Boards(list, page) => loaders.board_beyond().load_with(list, (page, side)).await,
            Self::ViewerCards(list, order, page) => {
                loaders.viewer_card_beyond().load_with(list, (order, page, side)).await
            }
            Self::Cards(list, query) => loaders.card_beyond().load_with(list, (query, side)).await,
            Self::Comments(card, page) => {
                loaders.comment_beyond().load_with(card, (page, side)).await
            }
            Self::Events(list, page) => loaders.event_beyond().load_with(list, (page, side)).await,
            Self::Members(board, page) => {
                loaders.member_beyond().load_with(board, (page, side)).await
            }
            Self::Sessions(page) => loaders.session_beyond().load_with((), (page, side)).await,
            Self::Nothing => Ok(false),
        }
    }
}
