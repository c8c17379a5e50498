//! Who may use a board.

use super::Services;
use crate::domain::{At, BoardId, Error, Member, Result, Timestamp, UserKey, Viewer};
use crate::store::access::{BoardAccess, lock_board};
use crate::store::{boards, members, users};

/// Makes a user a member of the board; one who is already stays so.
pub async fn share(
    services: &Services,
    viewer: Viewer,
    board: BoardId,
    user: UserKey,
) -> Result<(Member, BoardAccess)> {
    services
        .db
        .write((viewer, board, user), async |tx, (viewer, board, user)| {
            let locked = lock_board(tx, viewer.id, *board).await.at("boardId")?;
            let unknown = || Error::not_found("user").at("userId");
            let user = users::by_key(tx, *user).await?.ok_or_else(unknown)?;
            let now = Timestamp::now();
            if members::insert(tx, &locked, user.id, now).await? {
                boards::touch(tx, &locked, now).await?;
            } else {
                tx.discard();
            }
            let member = members::find(tx, locked.access(), user.id).await?;
            Ok((member.ok_or_else(unknown)?, locked.access()))
        })
        .await
}

/// Takes a user off the board; CONFLICT for the last member.
pub async fn unshare(
    services: &Services,
    viewer: Viewer,
    board: BoardId,
    user: UserKey,
) -> Result<()> {
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
            boards::touch(tx, &locked, Timestamp::now()).await?;
            Ok(())
        })
        .await
}
