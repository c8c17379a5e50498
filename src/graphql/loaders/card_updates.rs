//! Brings cached pages of cards up to date: only the cards that changed since are read.
//!
//! This is possible for complete lists. A page that goes on, or is filtered, is read again.

use std::collections::HashSet;
use std::sync::Arc;

use super::cache::key_of_cards;
use super::load_context::LoadContext;
use super::values::{CardQuery, LoadedCard};
use crate::domain::{CardFilter, CardId, Page, Result};
use crate::store::access::Version;
use crate::store::card_lists::{self, CardList, CardListKind};
use crate::store::changed_cards::{self, ChangedCard};

type SharedPage = Arc<Page<LoadedCard>>;

/// The pages of these lists, made from former ones; `None` if they have to be read.
pub(super) async fn updated_pages(
    context: &LoadContext,
    lists: &[CardList],
    filter: &Arc<CardFilter>,
    query: &Arc<CardQuery>,
) -> Result<Option<Vec<Page<LoadedCard>>>> {
    let Some((version, pages)) = former(context, lists, filter, query) else { return Ok(None) };
    let Some(board) = lists.first().map(|list| list.board()) else { return Ok(None) };
    let mut conn = context.read().await?;
    let changed = changed_cards::since(&mut conn, board, version, query.texts).await?;
    let Some(changed) = changed else { return Ok(None) };
    let pages = lists.iter().zip(pages).map(|(list, page)| updated(*list, query, &page, &changed));
    Ok(Some(pages.collect()))
}

/// Whole, unfiltered lists of one board that were cached at the same version.
fn former(
    context: &LoadContext,
    lists: &[CardList],
    filter: &Arc<CardFilter>,
    query: &Arc<CardQuery>,
) -> Option<(Version, Vec<SharedPage>)> {
    let request = &query.request;
    let is_whole = request.after.is_none() && request.before.is_none() && !request.backward;
    if !is_whole || **filter != CardFilter::default() {
        return None;
    }
    let board = lists.first()?.board();
    board.version()?;
    let (mut version, mut pages) = (None, Vec::new());
    for list in lists {
        let key = key_of_cards(*list, filter, Some(query));
        let (former, page): (_, SharedPage) = context.shared.cache.former(key)?;
        let matches = list.board() == board && version.is_none_or(|version| version == former);
        if !matches || list.kind() == CardListKind::Trash || page.has_next != Some(false) {
            return None;
        }
        version = Some(former);
        pages.push(page);
    }
    Some((version?, pages))
}

/// The page with the changed cards removed, and inserted where they belong now.
fn updated(
    list: CardList,
    query: &CardQuery,
    former: &Page<LoadedCard>,
    changed: &[(CardId, Option<ChangedCard>)],
) -> Page<LoadedCard> {
    let sort = card_lists::sort(list.kind(), query.order);
    let ids: HashSet<CardId> = changed.iter().map(|(id, _)| *id).collect();
    let stays = |item: &&LoadedCard| !ids.contains(&item.card.id);
    let mut items: Vec<_> = former.items.iter().filter(stays).cloned().collect();
    for ChangedCard { card, labels } in changed.iter().filter_map(|(_, card)| card.as_ref()) {
        if list.contains(card) {
            let place = items.partition_point(|item| sort.compare(&item.card, card).is_lt());
            let labels = query.with_labels.then(|| Arc::clone(labels));
            items.insert(place, LoadedCard { card: Arc::clone(card), labels });
        }
    }
    Page::from_rows(items, &query.request)
}
