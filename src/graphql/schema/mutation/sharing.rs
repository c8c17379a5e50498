//! Who may use a board.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::domain::{BoardId, UserId};
use crate::graphql::context::{ContextExt, Nullable, mutate};
use crate::graphql::engine::EagerObject;
use crate::graphql::schema::inputs::id;
use crate::graphql::schema::types::{Board, BoardMemberEdge, BoardRole};
use crate::service::sharing;

/// Somebody who shall use a board. Sharing twice is no error.
#[derive(InputObject)]
pub(super) struct ShareBoardInput {
    /// Which board.
    board_id: ID,
    /// Who; `userByEmail` finds the id.
    user_id: ID,
    /// What they may do. Without it, a new member becomes MEMBER and a present one keeps their role.
    role: Option<BoardRole>,
}

/// The shared board.
#[derive(SimpleObject)]
pub(super) struct ShareBoardPayload {
    /// The board.
    board: EagerObject<Board>,
    /// The member's edge in `members`.
    member_edge: EagerObject<BoardMemberEdge>,
}

/// Somebody who shall no longer use a board: oneself or, for an ADMIN, anybody.
#[derive(InputObject)]
pub(super) struct UnshareBoardInput {
    /// Which board.
    board_id: ID,
    /// Who.
    user_id: ID,
}

/// The board that has a member less.
#[derive(SimpleObject)]
pub(super) struct UnshareBoardPayload {
    /// The board; null when the viewer has removed themselves.
    board: Option<EagerObject<Board>>,
    /// Who is no longer a member.
    removed_user_id: ID,
}

/// Who may use a board.
#[derive(Default)]
pub(super) struct SharingMutation;

#[Object]
impl SharingMutation {
    /// Makes a user a member of a board, or gives a member another role. CONFLICT when no ADMIN would
    /// be left. For ADMINs.
    async fn share_board(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which board, with whom.")] input: ShareBoardInput,
    ) -> Nullable<ShareBoardPayload> {
        mutate(ctx, async {
            let board = id::<BoardId>(&input.board_id, "boardId")?;
            let user = id::<UserId>(&input.user_id, "userId")?;
            let viewer = ctx.viewer()?;
            let role = input.role.map(Into::into);
            let (member, board) =
                sharing::share(ctx.services()?, viewer, board, user, role).await?;
            Ok(ShareBoardPayload {
                board: Board::new(board).into(),
                member_edge: BoardMemberEdge::new(viewer, member).into(),
            })
        })
        .await
    }

    /// Takes a user off a board: anybody may remove themselves, an ADMIN everybody. CONFLICT for the
    /// last ADMIN, NOT_FOUND for one who is no member.
    async fn unshare_board(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which board, whom.")] input: UnshareBoardInput,
    ) -> Nullable<UnshareBoardPayload> {
        mutate(ctx, async {
            let board = id::<BoardId>(&input.board_id, "boardId")?;
            let user = id::<UserId>(&input.user_id, "userId")?;
            let left = sharing::unshare(ctx.services()?, ctx.viewer()?, board, user).await?;
            Ok(UnshareBoardPayload {
                board: left.map(|board| Board::new(board).into()),
                removed_user_id: input.user_id,
            })
        })
        .await
    }
}
