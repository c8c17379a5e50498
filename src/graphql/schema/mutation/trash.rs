//! The way back from the trash.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::domain::{BoardId, CardId};
use crate::graphql::context::{ContextExt, Nullable, mutate};
use crate::graphql::engine::EagerObject;
use crate::graphql::schema::inputs::id;
use crate::graphql::schema::types::{Board, Card};
use crate::service::{boards, cards};

/// A card to take out of the trash. One that is not there stays as it is.
#[derive(InputObject)]
pub(super) struct RestoreCardInput {
    /// Which card; `Board.deletedCards` lists them.
    card_id: ID,
}

/// The card that is back.
#[derive(SimpleObject)]
pub(super) struct RestoreCardPayload {
    /// The card.
    card: EagerObject<Card>,
}

/// A board to take out of the trash. One that is not there stays as it is.
#[derive(InputObject)]
pub(super) struct RestoreBoardInput {
    /// Which board; `deletedBoards` lists them.
    board_id: ID,
}

/// The board that is back.
#[derive(SimpleObject)]
pub(super) struct RestoreBoardPayload {
    /// The board.
    board: EagerObject<Board>,
}

/// The way back from the trash.
#[derive(Default)]
pub(super) struct TrashMutation;

#[Object]
impl TrashMutation {
    /// Takes a card out of the trash, back to its column, at the end, with its labels and comments.
    /// For MEMBERs and ADMINs.
    async fn restore_card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which card.")] input: RestoreCardInput,
    ) -> Nullable<RestoreCardPayload> {
        mutate(ctx, async {
            let card = id::<CardId>(&input.card_id, "cardId")?;
            let (card, board) = cards::restore(ctx.services()?, ctx.viewer()?, card).await?;
            Ok(RestoreCardPayload { card: Card::new(card, Board::new(board)).into() })
        })
        .await
    }

    /// Takes a board out of the trash, with everything that was on it. For ADMINs.
    async fn restore_board(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which board.")] input: RestoreBoardInput,
    ) -> Nullable<RestoreBoardPayload> {
        mutate(ctx, async {
            let board = id::<BoardId>(&input.board_id, "boardId")?;
            let board = boards::restore(ctx.services()?, ctx.viewer()?, board).await?;
            Ok(RestoreBoardPayload { board: Board::new(board).into() })
        })
        .await
    }
}
