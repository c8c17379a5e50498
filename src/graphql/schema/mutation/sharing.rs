//! Mutations for the members of boards.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::domain::{At, BoardId, EmailKey, Error, Result, UserId, rejection};
use crate::graphql::context::{ContextExt, Nullable, mutate};
use crate::graphql::engine::EagerObject;
use crate::graphql::schema::inputs::{Retry, id, identify};
use crate::graphql::schema::types::{Board, BoardMemberEdge, BoardRole};
use crate::service::sharing::{self, Invited};

/// The user to share a board with. Sharing twice is not an error.
#[derive(InputObject)]
pub(super) struct ShareBoardInput {
    /// The ID of the board.
    board_id: ID,
    /// The ID of the user. Either this or `email` is required, but not both.
    user_id: Option<ID>,
    /// The complete e-mail address of the user, compared as in `userByEmail`. NOT_FOUND if nobody has it,
    /// RATE_LIMITED after 60 addresses in a minute, those of `userByEmail` included.
    email: Option<String>,
    /// The role of the member. If it is left out, a new member gets the role MEMBER and an existing
    /// member keeps their role.
    role: Option<BoardRole>,
    #[graphql(flatten)]
    retry: Retry,
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
    #[graphql(flatten)]
    retry: Retry,
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
    ///
    /// Errors: BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, CONFLICT, RATE_LIMITED.
    async fn share_board(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The board and the user to share it with.")] input: ShareBoardInput,
    ) -> Nullable<ShareBoardPayload> {
        mutate(ctx, async {
            let mutation = identify(ctx, &input, &input.retry)?;
            let board = id::<BoardId>(&input.board_id, "boardId")?;
            let user = invited(input.user_id.as_ref(), input.email.as_deref())?;
            let role = input.role.map(Into::into);
            let (member, board) =
                sharing::share(ctx.services()?, mutation, board, user, role).await?;
            Ok(ShareBoardPayload {
                board: Board::new(board).into(),
                member_edge: BoardMemberEdge::new(member).into(),
            })
        })
        .await
    }

    /// Removes a member from a board. Members may remove themselves; an ADMIN may remove any member.
    /// CONFLICT if the member is the last ADMIN, NOT_FOUND if the user is not a member.
    ///
    /// Errors: BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, CONFLICT.
    async fn unshare_board(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The board and the member to remove.")] input: UnshareBoardInput,
    ) -> Nullable<UnshareBoardPayload> {
        mutate(ctx, async {
            let mutation = identify(ctx, &input, &input.retry)?;
            let board = id::<BoardId>(&input.board_id, "boardId")?;
            let user = id::<UserId>(&input.user_id, "userId")?;
            let left = sharing::unshare(ctx.services()?, mutation, board, user).await?;
            Ok(UnshareBoardPayload {
                board: left.map(|board| Board::new(board).into()),
                removed_user_id: input.user_id,
            })
        })
        .await
    }
}

/// The user whom an input names in one of two ways. BAD_USER_INPUT for both or none.
fn invited(user: Option<&ID>, email: Option<&str>) -> Result<Invited> {
    match (user, email) {
        (Some(user), None) => Ok(Invited::User(id(user, "userId")?)),
        // No account can have an invalid address.
        (None, Some(email)) => match EmailKey::parse(email) {
            Ok(email) => Ok(Invited::Email(email)),
            Err(_) => Err(Error::not_found("user").at("email")),
        },
        (Some(_), Some(_)) => Err(rejection::user_and_email().at("email")),
        (None, None) => Err(rejection::no_user().at("userId")),
    }
}
