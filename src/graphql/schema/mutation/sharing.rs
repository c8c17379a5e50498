//! Mutations for the members of boards.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::domain::{BoardId, UserId};
use crate::graphql::context::{ContextExt, Nullable, mutate};
use crate::graphql::engine::EagerObject;
use crate::graphql::schema::inputs::id;
use crate::graphql::schema::types::{Board, BoardMemberEdge, BoardRole};
use crate::service::sharing;

/// The user to share a board with. Sharing twice is not an error.
#[derive(InputObject)]
pub(super) struct ShareBoardInput {
    /// The ID of the board.
    board_id: ID,
    /// The ID of the user; see `userByEmail`.
    user_id: ID,
    /// The role of the member. If it is left out, a new member gets the role MEMBER and an existing
    /// member keeps their role.
    role: Option<BoardRole>,
}

/// The result of `shareBoard`.
#[derive(SimpleObject)]
pub(super) struct ShareBoardPayload {
    /// The board.
    board: EagerObject<Board>,
    /// The edge of the member in the board's `members`.
    member_edge: EagerObject<BoardMemberEdge>,
}

/// The user to remove from a board: the viewer or, if the viewer is an ADMIN, any member.
#[derive(InputObject)]
pub(super) struct UnshareBoardInput {
    /// The ID of the board.
    board_id: ID,
    /// The ID of the user.
    user_id: ID,
}

/// The result of `unshareBoard`.
#[derive(SimpleObject)]
pub(super) struct UnshareBoardPayload {
    /// The board; null if the viewer has left the board.
    board: Option<EagerObject<Board>>,
    /// The ID of the user who is no longer a member.
    removed_user_id: ID,
}

/// Mutations for the members of boards.
#[derive(Default)]
pub(super) struct SharingMutation;

#[Object]
impl SharingMutation {
    /// Makes a user a member of a board, or changes the role of a member. CONFLICT if the board would
    /// have no ADMIN left. Requires the role ADMIN.
    async fn share_board(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The board and the user to share it with.")] input: ShareBoardInput,
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
                member_edge: BoardMemberEdge::new(member).into(),
            })
        })
        .await
    }

    /// Removes a member from a board. Members may remove themselves; an ADMIN may remove any member.
    /// CONFLICT if the member is the last ADMIN, NOT_FOUND if the user is not a member.
    async fn unshare_board(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The board and the member to remove.")] input: UnshareBoardInput,
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
