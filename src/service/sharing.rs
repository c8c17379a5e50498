//! Who may use a board.

use super::Services;
use crate::domain::{At, Board, BoardId, Error, Member, Result, Timestamp, UserKey, Viewer};
use crate::store::access::{BoardAccess, lock_board};
use crate::store::{boards, members, users};

/// Makes a user a member of the board; one who is already stays so.
pub async fn share(
    services: &Services,
    viewer: Viewer,
    board: BoardId,
    user: UserKey,
) -> Result<(Board, BoardAccess, Member)> {
    services
        .db
        .write((viewer, board, user), async |tx, (viewer, board, user)| {
            let locked = lock_board(tx, viewer.id, *board).await.at("boardId")?;
            let unknown = || Error::not_found("user").at("userId");
            let user = users::by_key(tx, *user).await?.ok_or_else(unknown)?;
            let now = Timestamp::now();
            let board = if members::insert(tx, &locked, user.id, now).await? {
                boards::touch(tx, &locked, now).await?
            } else {
                tx.discard();
                locked.board.clone()
            };
            let member = members::find(tx, locked.access(), user.id).await?;
            Ok((board, locked.access(), member.ok_or_else(unknown)?))
        })
        .await
}

/// Takes a user off the board; CONFLICT for the last member. Answers the board unless the viewer
/// has removed themselves.
pub async fn unshare(
    services: &Services,
    viewer: Viewer,
    board: BoardId,
    user: UserKey,
) -> Result<Option<(Board, BoardAccess)>> {
    services
        .db
        .write((viewer, board, user), async |tx, (viewer, board, user)| {
            let locked = lock_board(tx, viewer.id, *board).await.at("boardId")?;
            let no_member = || Error::not_found("member").at("userId");
            let user = users::by_key(tx, *user).await?.ok_or_else(no_member)?;
            if !members::delete(tx, &locked, user.id).await? {
                return Err(no_member());
            }
            if members::count(tx, &locked).await? == 0 {
                return Err(Error::conflict("A board keeps at least one member.").at("userId"));
            }
            let board = boards::touch(tx, &locked, Timestamp::now()).await?;
            Ok((user.id != viewer.id).then(|| (board, locked.access())))
        })
        .await
}
