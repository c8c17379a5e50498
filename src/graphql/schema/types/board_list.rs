//! Lists of boards.

use async_graphql::{Context, Enum, InputObject};

use super::{Board, OrderDirection};
use crate::domain::{self, At, BoardList, Result, SearchText};
use crate::graphql::context::{ContextExt, NODES, texts};
use crate::graphql::schema::paging::{Connection, List, MAX_OTHERS, PageArgs, PlainEdge};
use crate::store::board_lists::sort;

/// A board in a list.
pub(in crate::graphql) type BoardEdge = PlainEdge<Board>;

impl BoardEdge {
    /// The edge of a board in the default order of `boards`.
    pub(in crate::graphql) fn in_use(board: Board) -> Self {
        Self::new(board, sort(&BoardList::InUse(domain::BoardOrder::default(), None)))
    }
}

/// The field by which a list of boards is ordered.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::BoardOrderField")]
pub(in crate::graphql) enum BoardOrderField {
    /// The time when the board was created.
    CreatedAt,
    /// The time of the last change to the board or to anything on it.
    UpdatedAt,
    /// The title, compared case-insensitively.
    Title,
}

/// The order of a list of boards. Boards with equal values are ordered by ID.
#[derive(InputObject)]
pub(in crate::graphql) struct BoardOrder {
    /// The field to order by.
    field: BoardOrderField,
    /// The direction of the order.
    direction: OrderDirection,
}

impl From<BoardOrder> for domain::BoardOrder {
    fn from(order: BoardOrder) -> Self {
        Self { field: order.field.into(), direction: order.direction.into() }
    }
}

/// Selects the boards of a list.
#[derive(InputObject, Default)]
pub(in crate::graphql) struct BoardFilter {
    /// A substring of the title or the description, by the rules of `CardFilter.text`.
    text: Option<String>,
}

/// A page of a list of the viewer's boards.
pub(in crate::graphql) type BoardPage = Connection<BoardEdge>;

impl BoardPage {
    /// Boards that are not deleted.
    pub(in crate::graphql) async fn in_use(
        ctx: &Context<'_>,
        args: PageArgs,
        filter: Option<BoardFilter>,
        order: Option<BoardOrder>,
    ) -> Result<Self> {
        let order = order.map(domain::BoardOrder::from).unwrap_or_default();
        let text = filter.unwrap_or_default().text;
        let text = text.as_deref().map(SearchText::parse).transpose();
        let text = text.at("text").at("filter")?.flatten();
        Self::list(ctx, args, BoardList::InUse(order, text)).await
    }

    /// Boards in the trash.
    pub(in crate::graphql) async fn deleted(ctx: &Context<'_>, args: PageArgs) -> Result<Self> {
        Self::list(ctx, args, BoardList::Deleted).await
    }

    async fn list(ctx: &Context<'_>, args: PageArgs, list: BoardList) -> Result<Self> {
        let sort = sort(&list);
        let request = args.request(sort, MAX_OTHERS)?;
        let loaders = ctx.loaders()?;
        let edge = |seen| BoardEdge::new(Board::new(seen), sort);
        let texts = texts(&ctx.look_ahead(), NODES, "description");
        let page = loaders.boards().page((), list.clone(), (request.clone(), texts));
        Self::load(ctx, List::Boards(list, (request, texts)), page, edge).await
    }
}
