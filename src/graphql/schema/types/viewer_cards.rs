//! The list of cards over all boards.

use std::sync::Arc;

use async_graphql::{Context, ID};

use super::{Board, Card, CardEdge, CardFilter, CardOrder};
use crate::domain::{self, At, BoardId, CardOrderField, Direction, Result, rejection};
use crate::graphql::context::{ContextExt, NODES, texts};
use crate::graphql::schema::inputs::{limited, parse_id};
use crate::graphql::schema::paging::{Connection, List, MAX_CARDS, MAX_OTHERS, PageArgs};
use crate::store::viewer_cards::{ViewerCards, sort};

const LATEST_FIRST: domain::CardOrder =
    domain::CardOrder { field: CardOrderField::UpdatedAt, direction: Direction::Descending };

/// Loads a page of the cards of the viewer's boards; of all boards if `boards` is empty.
pub(in crate::graphql) async fn viewer_card_page(
    ctx: &Context<'_>,
    args: PageArgs,
    boards: Vec<ID>,
    filter: Option<CardFilter>,
    order: Option<CardOrder>,
) -> Result<Connection<CardEdge>> {
    let order = order.map_or(LATEST_FIRST, domain::CardOrder::from);
    let sort = sort(order).ok_or_else(rejection::order_across_boards).at("field").at("orderBy")?;
    let list = Arc::new(ViewerCards {
        boards: board_ids(&boards).at("boardIds")?,
        filter: filter.unwrap_or_default().parse().at("filter")?,
    });
    let request = Arc::new(args.request(sort, MAX_CARDS)?);
    let texts = texts(&ctx.look_ahead(), NODES, "description");
    let loaders = ctx.loaders()?;
    let args = (order, request, texts);
    let page = loaders.viewer_cards().page((), Arc::clone(&list), args.clone());
    let edge = |(card, board)| CardEdge::new(Card::new(card, Board::new(board)), sort);
    Connection::load(ctx, List::ViewerCards(list, args), page, edge).await
}

fn board_ids(ids: &[ID]) -> Result<Vec<BoardId>> {
    limited(ids, MAX_OTHERS)?;
    ids.iter().enumerate().map(|(index, id)| parse_id(id).at(index)).collect()
}
