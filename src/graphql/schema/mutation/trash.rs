//! Mutations that restore cards and boards from the trash.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::domain::{BoardId, CardId};
use crate::graphql::context::{ContextExt, Nullable, mutate};
use crate::graphql::engine::EagerObject;
use crate::graphql::schema::inputs::id;
use crate::graphql::schema::types::{Board, Card};
use crate::service::{boards, cards};

/// The card to restore. A card that is not in the trash does not change.
#[derive(InputObject)]
pub(super) struct RestoreCardInput {
    /// The ID of the card; see `Board.deletedCards`.
    card_id: ID,
}

/// The result of `restoreCard`.
#[derive(SimpleObject)]
pub(super) struct RestoreCardPayload {
    /// The restored card.
    card: EagerObject<Card>,
}

/// The board to restore. A board that is not in the trash does not change.
#[derive(InputObject)]
pub(super) struct RestoreBoardInput {
    /// The ID of the board; see `deletedBoards`.
    board_id: ID,
}

/// The result of `restoreBoard`.
#[derive(SimpleObject)]
pub(super) struct RestoreBoardPayload {
    /// The restored board.
    board: EagerObject<Board>,
}

/// Mutations that restore cards and boards from the trash.
#[derive(Default)]
pub(super) struct TrashMutation;

#[Object]
impl TrashMutation {
    /// Restores a card from the trash with its labels and comments, at the end of its column. Requires
    /// the role MEMBER or ADMIN.
    async fn restore_card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The card to restore.")] input: RestoreCardInput,
    ) -> Nullable<RestoreCardPayload> {
        mutate(ctx, async {
            let card = id::<CardId>(&input.card_id, "cardId")?;
            let (card, board) = cards::restore(ctx.services()?, ctx.viewer()?, card).await?;
            Ok(RestoreCardPayload { card: Card::new(card, Board::new(board)).into() })
        })
        .await
    }

    /// Restores a board from the trash with everything that was on it. Requires the role ADMIN.
    async fn restore_board(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The board to restore.")] input: RestoreBoardInput,
    ) -> Nullable<RestoreBoardPayload> {
        mutate(ctx, async {
            let board = id::<BoardId>(&input.board_id, "boardId")?;
            let board = boards::restore(ctx.services()?, ctx.viewer()?, board).await?;
            Ok(RestoreBoardPayload { board: Board::new(board).into() })
        })
        .await
    }
}
