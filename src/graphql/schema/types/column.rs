//! Columns of boards.

use async_graphql::{Context, ID, Object};

use super::card_list::card_page;
use super::{Board, CardColumn, CardEdge, CardFilter};
use crate::domain::{self, BoardId, PublicId, Result};
use crate::graphql::engine::{EagerObject, Pure};
use crate::graphql::schema::directives::paged;
use crate::graphql::schema::paging::{Connection, PageArgs};
use crate::store::card_lists::CardList;

/// A column of a board.
#[derive(Clone)]
pub(in crate::graphql) struct BoardColumn {
    pub(super) board: Board,
    pub(super) column: domain::CardColumn,
}

impl BoardColumn {
    /// Finds a column of a board; `None` if the viewer may not see the board.
    pub(in crate::graphql) async fn find(
        ctx: &Context<'_>,
        (board, column): (BoardId, domain::CardColumn),
    ) -> Result<Option<Self>> {
        let found = Board::find(ctx, board).await?;
        Ok(found.map(|board| Self { board, column }))
    }
}

impl Pure for BoardColumn {}

/// A column of a board.
#[Object]
impl BoardColumn {
    /// The opaque ID of the column.
    pub(in crate::graphql) async fn id(&self) -> ID {
        (self.board.access.board_id(), self.column).to_public().into()
    }

    /// The board of the column.
    fn board(&self) -> EagerObject<&Board> {
        EagerObject(&self.board)
    }

    /// Which of the columns this is.
    fn column(&self) -> CardColumn {
        self.column.into()
    }

    /// The cards of the column, from top to bottom.
    #[allow(clippy::too_many_arguments)]
    #[graphql(directive = paged::apply())]
    async fn cards(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first n entries, 0 to 1000; 50 if neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last n entries, 0 to 1000.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
        #[graphql(desc = "The cards to return; all by default.")] filter: Option<CardFilter>,
    ) -> Result<Connection<CardEdge>> {
        let list = CardList::in_column(self.board.access, self.column);
        let args = PageArgs { first, after, last, before };
        card_page(ctx, &self.board, list, args, filter, None).await
    }
}
