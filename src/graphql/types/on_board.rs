//! The way from a thing to the board it is on.

use async_graphql::Context;

use super::Board;
use crate::domain::{Error, Result};
use crate::store::access::BoardAccess;

/// The board that something is on.
///
/// What was seen under a board keeps it: one answer shows one state of the board, read before
/// anything on it, so that a client which goes on from its version misses nothing.
#[derive(Clone)]
pub(in crate::graphql) enum OnBoard {
    /// It was seen under this board.
    Seen(Board),
    /// It was found by itself.
    Known(BoardAccess),
}

impl OnBoard {
    /// The way to the board.
    pub(super) fn access(&self) -> BoardAccess {
        match self {
            Self::Seen(board) => board.access,
            Self::Known(access) => *access,
        }
    }

    /// The board; `None` when it is gone meanwhile.
    pub(super) async fn find(&self, ctx: &Context<'_>) -> Result<Option<Board>> {
        match self {
            Self::Seen(board) => Ok(Some(board.clone())),
            Self::Known(access) => Board::find(ctx, access.board_id()).await,
        }
    }

    /// The board, which must be there, since something on it has just been seen.
    pub(super) async fn load(&self, ctx: &Context<'_>) -> Result<Board> {
        self.find(ctx).await?.ok_or_else(|| Error::not_found("board"))
    }
}

impl From<Board> for OnBoard {
    fn from(board: Board) -> Self {
        Self::Seen(board)
    }
}

impl From<BoardAccess> for OnBoard {
    fn from(access: BoardAccess) -> Self {
        Self::Known(access)
    }
}
