//! The cards of several boards of the viewer.

use std::sync::Arc;

use super::boards::{SharedBoard, shared_board};
use super::lists::Lists;
use super::load_context::LoadContext;
use super::search::SearchedTexts;
use crate::domain::{Card, CardOrder, Error, Page, PageRequest, Result, Side};
use crate::store::viewer_cards::{self, ViewerCards};
use crate::store::{LongTexts, Sort};

/// A resolver has refused orders that the list does not have.
fn sort(order: CardOrder) -> Result<Sort<Card>> {
    viewer_cards::sort(order).ok_or_else(|| Error::defect("a list has no such order"))
}

/// Lists of the cards of the viewer's boards.
pub(in crate::graphql) struct ViewerCardLists;

impl Lists for ViewerCardLists {
    type Parent = ();
    type Filter = Arc<ViewerCards>;
    type Page = (CardOrder, Arc<PageRequest>, LongTexts);
    /// A card that several fields may share, with its board.
    type Row = (Arc<Card>, SharedBoard);

    async fn pages(
        context: &LoadContext,
        _of: &[()],
        list: &Arc<ViewerCards>,
        (order, request, texts): &Self::Page,
    ) -> Result<Vec<Page<Self::Row>>> {
        let (mut conn, viewer, sort) = (context.read().await?, context.viewer()?, sort(*order)?);
        let page = viewer_cards::list(&mut conn, viewer.key, list, sort, request, *texts).await?;
        Ok(vec![page.map(|(card, board)| (Arc::new(card), shared_board(board)))])
    }

    async fn counts(
        context: &LoadContext,
        _of: &[()],
        list: &Arc<ViewerCards>,
    ) -> Result<Vec<i64>> {
        let (mut conn, viewer) = (context.read().await?, context.viewer()?);
        Ok(vec![viewer_cards::count(&mut conn, viewer.key, list).await?])
    }

    async fn any_beyond(
        context: &LoadContext,
        _of: &[()],
        list: &Arc<ViewerCards>,
        (order, request, _): &Self::Page,
        side: Side,
    ) -> Result<Vec<bool>> {
        let (mut conn, viewer, sort) = (context.read().await?, context.viewer()?, sort(*order)?);
        let any = viewer_cards::any_beyond(&mut conn, viewer.key, list, sort, request, side);
        Ok(vec![any.await?])
    }

    fn searched((): &(), list: &Arc<ViewerCards>) -> Option<SearchedTexts> {
        list.filter.text.is_some().then(|| SearchedTexts::CardsOn(list.boards.clone()))
    }
}
