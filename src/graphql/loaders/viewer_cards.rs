//! The cards of several boards of the viewer.

use std::collections::HashMap;
use std::sync::Arc;

use super::boards::{SharedBoard, shared_board};
use super::relation::{LoadContext, LoadKey, OpaqueKey, Relation, search_cost};
use crate::domain::{BoardId, Card, CardOrder, Error, Page, PageRequest, Result, Side};
use crate::store::viewer_cards::{self, ViewerCards};
use crate::store::{LongTexts, Sort};

/// Takes the cost of text searches from the budget.
async fn charge_searches<Parameters: Sync>(
    context: &LoadContext,
    keys: &[OpaqueKey<(Arc<ViewerCards>, Parameters)>],
) -> Result<()> {
    let mut searches: HashMap<&[BoardId], usize> = HashMap::new();
    for OpaqueKey((list, _)) in
        keys.iter().filter(|OpaqueKey((list, _))| list.filter.text.is_some())
    {
        *searches.entry(&list.boards).or_default() += 1;
    }
    let mut texts = Vec::new();
    for (boards, searches) in searches {
        let (mut conn, viewer) = (context.read().await?, context.viewer()?);
        let bytes = viewer_cards::search_bytes(&mut conn, viewer.key, boards.to_vec()).await?;
        texts.push((bytes, searches));
    }
    context.state.budget.work(search_cost(texts))
}

/// A resolver has refused orders that the list does not have.
fn sort(order: CardOrder) -> Result<Sort<Card>> {
    viewer_cards::sort(order).ok_or(Error::Internal)
}

/// A card that several fields may share, with its board.
type SharedCard = (Arc<Card>, SharedBoard);

pub(in crate::graphql) struct ViewerCardPages;

impl Relation for ViewerCardPages {
    type Key = Arc<ViewerCards>;
    type Parameters = (CardOrder, Arc<PageRequest>, LongTexts);
    type Value = Arc<Page<SharedCard>>;

    async fn fetch(
        context: &LoadContext,
        keys: &[Self::Key],
        (order, request, texts): &Self::Parameters,
    ) -> Result<Vec<Self::Value>> {
        let (mut conn, viewer, sort) = (context.read().await?, context.viewer()?, sort(*order)?);
        let mut pages = Vec::new();
        for list in keys {
            let page =
                viewer_cards::list(&mut conn, viewer.key, list, sort, request, *texts).await?;
            let shared = |(card, board)| (Arc::new(card), shared_board(board));
            pages.push(Arc::new(page.map(shared)));
        }
        Ok(pages)
    }

    async fn charge(context: &LoadContext, keys: &[OpaqueKey<LoadKey<Self>>]) -> Result<()> {
        charge_searches(context, keys).await
    }
}

pub(in crate::graphql) struct ViewerCardCount;

impl Relation for ViewerCardCount {
    type Key = Arc<ViewerCards>;
    type Parameters = ();
    type Value = i64;

    async fn fetch(context: &LoadContext, keys: &[Self::Key], (): &()) -> Result<Vec<i64>> {
        let (mut conn, viewer) = (context.read().await?, context.viewer()?);
        let mut counts = Vec::new();
        for list in keys {
            counts.push(viewer_cards::count(&mut conn, viewer.key, list).await?);
        }
        Ok(counts)
    }

    async fn charge(context: &LoadContext, keys: &[OpaqueKey<LoadKey<Self>>]) -> Result<()> {
        charge_searches(context, keys).await
    }
}

pub(in crate::graphql) struct ViewerCardsBeyond;

impl Relation for ViewerCardsBeyond {
    type Key = Arc<ViewerCards>;
    type Parameters = (CardOrder, Arc<PageRequest>, Side);
    type Value = bool;

    async fn fetch(
        context: &LoadContext,
        keys: &[Self::Key],
        (order, request, side): &Self::Parameters,
    ) -> Result<Vec<bool>> {
        let (mut conn, viewer, sort) = (context.read().await?, context.viewer()?, sort(*order)?);
        let mut any = Vec::new();
        for list in keys {
            let found = viewer_cards::any_beyond(&mut conn, viewer.key, list, sort, request, *side);
            any.push(found.await?);
        }
        Ok(any)
    }

    async fn charge(context: &LoadContext, keys: &[OpaqueKey<LoadKey<Self>>]) -> Result<()> {
        charge_searches(context, keys).await
    }
}
