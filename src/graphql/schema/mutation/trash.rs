//! Mutations that restore cards and boards from the trash.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::domain::{BoardId, CardId};
use crate::graphql::context::{ContextExt, Nullable, mutate};
use crate::graphql::engine::EagerObject;
use crate::graphql::schema::inputs::{Retry, id, identify};
use crate::graphql::schema::types::{Board, BoardEdge, Card, CardEdge};
use crate::service::{boards, cards};

/// The card to restore. A card that is not in the trash does not change.
#[derive(InputObject)]
pub(super) struct RestoreCardInput {
    /// The ID of the card; see `Board.deletedCards`.
    card_id: ID,
    #[graphql(flatten)]
    retry: Retry,
}

/// The result of `restoreCard`.
#[derive(SimpleObject)]
pub(super) struct RestoreCardPayload {
    /// The restored card.
    card: EagerObject<Card>,
    /// The edge of the card in the default order of the `cards` of its board and of its column.
    card_edge: EagerObject<CardEdge>,
}

/// The board to restore. A board that is not in the trash does not change.
#[derive(InputObject)]
pub(super) struct RestoreBoardInput {
    /// The ID of the board; see `deletedBoards`.
    board_id: ID,
    #[graphql(flatten)]
    retry: Retry,
}

/// The result of `restoreBoard`.
#[derive(SimpleObject)]
pub(super) struct RestoreBoardPayload {
    /// The restored board.
    board: EagerObject<Board>,
    /// The edge of the board in the default order of `boards`.
    board_edge: EagerObject<BoardEdge>,
}

/// Mutations that restore cards and boards from the trash.
#[derive(Default)]
pub(super) struct TrashMutation;

#[Object]
impl TrashMutation {
    /// Restores a card from the trash with its labels and comments, at the end of its column. Requires
    /// the role MEMBER or ADMIN.
    ///
    /// Errors: BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, CONFLICT.
    async fn restore_card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The card to restore.")] input: RestoreCardInput,
    ) -> Nullable<RestoreCardPayload> {
        mutate(ctx, async {
            let mutation = identify(ctx, &input, &input.retry)?;
            let card = id::<CardId>(&input.card_id, "cardId")?;
            let (card, board) = cards::restore(ctx.services()?, mutation, card).await?;
            let card = Card::new(card, Board::new(board));
            Ok(RestoreCardPayload {
                card: card.clone().into(),
                card_edge: CardEdge::on_board(card).into(),
            })
        })
        .await
    }

    /// Restores a board from the trash with everything that was on it. Requires the role ADMIN.
    ///
    /// Errors: BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, CONFLICT.
    async fn restore_board(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The board to restore.")] input: RestoreBoardInput,
    ) -> Nullable<RestoreBoardPayload> {
        mutate(ctx, async {
            let mutation = identify(ctx, &input, &input.retry)?;
            let board = id::<BoardId>(&input.board_id, "boardId")?;
            let board = Board::new(boards::restore(ctx.services()?, mutation, board).await?);
            Ok(RestoreBoardPayload {
                board: board.clone().into(),
                board_edge: BoardEdge::in_use(board).into(),
            })
        })
        .await
    }
}
