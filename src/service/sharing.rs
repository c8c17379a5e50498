//! Members of boards and their roles.

use super::Services;
use crate::domain::{
    At, BoardId, BoardRole, Error, Member, RemovalReason, Result, User, UserId, Viewer,
};
use crate::store::access::AuthorizedBoard;
use crate::store::lock::{Admin, BoardTx, Reader, lock_board};
use crate::store::{members, users};

/// Adds a user to the board, with the role MEMBER unless another role is given. If the user is already
/// a member and a role is given, changes the role. CONFLICT if no ADMIN would remain.
pub async fn share(
    services: &Services,
    viewer: Viewer,
    board: BoardId,
    user: UserId,
    role: Option<BoardRole>,
) -> Result<(Member, AuthorizedBoard)> {
    services
        .db
        .write((viewer, board, user, role), async |tx, (viewer, board, user, role)| {
            let mut board: BoardTx<Admin> =
                lock_board(tx, viewer.key, *board).await.at("boardId")?;
            let unknown = || Error::not_found("user").at("userId");
            let user = users::by_id(board.conn(), *user).await?.ok_or_else(unknown)?;
            give_role(&mut board, &user, *role).await?;
            let access = board.access()?;
            let member = members::find(board.conn(), access, user.key).await?;
            Ok((member.ok_or_else(unknown)?, board.finish().await?))
        })
        .await
}

async fn give_role(
    board: &mut BoardTx<'_, Admin>,
    user: &User,
    role: Option<BoardRole>,
) -> Result<()> {
    let access = board.access()?;
    let Some(present) = members::find(board.conn(), access, user.key).await? else {
        let role = role.unwrap_or(BoardRole::Member);
        return members::insert(board, user, role).await.at("userId");
    };
    let Some(role) = role.filter(|role| *role != present.role) else { return Ok(()) };
    members::set_role(board, &present, role).await?;
    keep_an_admin(board).await.at("role")
}

/// Removes a member from the board. An ADMIN can remove any member, other members only themselves.
/// CONFLICT for the last ADMIN. Returns `None` if the viewer has removed themselves.
pub async fn unshare(
    services: &Services,
    viewer: Viewer,
    board: BoardId,
    user: UserId,
) -> Result<Option<AuthorizedBoard>> {
    services
        .db
        .write((viewer, board, user), async |tx, (viewer, board, user)| {
            if *user == viewer.id {
                let mut board: BoardTx<Reader> =
                    lock_board(tx, viewer.key, *board).await.at("boardId")?;
                remove(&mut board, *user, RemovalReason::Left).await?;
                return board.finish().await.map(|_| None);
            }
            let mut board: BoardTx<Admin> =
                lock_board(tx, viewer.key, *board).await.at("boardId")?;
            remove(&mut board, *user, RemovalReason::Removed).await?;
            board.finish().await.map(Some)
        })
        .await
}

async fn remove<P>(board: &mut BoardTx<'_, P>, user: UserId, reason: RemovalReason) -> Result<()> {
    let not_a_member = || Error::not_found("member").at("userId");
    let user = users::by_id(board.conn(), user).await?.ok_or_else(not_a_member)?;
    if !members::delete(board, user.key, user.id, reason).await? {
        return Err(not_a_member());
    }
    keep_an_admin(board).await.at("userId")
}

/// CONFLICT, which rolls back the transaction, if the board has no ADMIN left.
async fn keep_an_admin<P>(board: &mut BoardTx<'_, P>) -> Result<()> {
    if members::any_admin(board).await? {
        return Ok(());
    }
    Err(Error::conflict("A board must have at least one ADMIN. Make another member ADMIN first."))
}
