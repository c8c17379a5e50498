//! Who may use a board, and in which role.

use super::Services;
use crate::domain::{
    At, BoardId, BoardRole, Error, EventPayload, Member, Result, Timestamp, User, UserId, Viewer,
};
use crate::store::access::{AuthorizedBoard, board_access};
use crate::store::locks::{BoardAdmin, LockedBoard, lock_board};
use crate::store::{Tx, events, members, users};

/// Makes a user a member of the board, MEMBER unless a role is given. One who is a member gets the
/// role if one is given; CONFLICT when the board would be left without an ADMIN.
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
            let mut locked: BoardAdmin = lock_board(tx, viewer.key, *board).await.at("boardId")?;
            let unknown = || Error::not_found("user").at("userId");
            let user = users::by_id(tx, *user).await?.ok_or_else(unknown)?;
            let now = Timestamp::now();
            match give_role(tx, &locked, &user, *role, now).await? {
                Some(event) => events::record(tx, &mut locked, &[event], now).await?,
                None => tx.discard(),
            }
            let member = members::find(tx, locked.access(), user.key).await?;
            let (board, access) = locked.authorized();
            // The viewer may have changed their own role.
            let access = board_access(tx, viewer.key, board.id).await?.unwrap_or(access);
            Ok((member.ok_or_else(unknown)?, (board, access)))
        })
        .await
}

async fn give_role(
    tx: &mut Tx,
    board: &BoardAdmin,
    user: &User,
    role: Option<BoardRole>,
    now: Timestamp,
) -> Result<Option<EventPayload>> {
    let Some(present) = members::find(tx, board.access(), user.key).await? else {
        let role = role.unwrap_or(BoardRole::Member);
        members::insert(tx, board, user.key, role, now).await.at("userId")?;
        return Ok(Some(EventPayload::MemberAdded { user: user.id, role }));
    };
    let Some(role) = role.filter(|role| *role != present.role) else {
        return Ok(None);
    };
    members::set_role(tx, board, user.key, role, now).await?;
    keep_an_admin(tx, board).await.at("role")?;
    Ok(Some(EventPayload::MemberRoleChanged { user: user.id, from: present.role, to: role }))
}

/// Takes a user off the board: an ADMIN anybody, everybody else themselves. CONFLICT for the last
/// ADMIN. Answers the board unless the viewer has removed themselves.
pub async fn unshare(
    services: &Services,
    viewer: Viewer,
    board: BoardId,
    user: UserId,
) -> Result<Option<AuthorizedBoard>> {
    services
        .db
        .write((viewer, board, user), async |tx, (viewer, board, user)| {
            let mut locked = lock_for_removal(tx, *viewer, *board, *user).await.at("boardId")?;
            let no_member = || Error::not_found("member").at("userId");
            let user = users::by_id(tx, *user).await?.ok_or_else(no_member)?;
            if !members::delete(tx, &locked, user.key).await? {
                return Err(no_member());
            }
            keep_an_admin(tx, &locked).await.at("userId")?;
            let event = EventPayload::MemberRemoved { user: user.id };
            events::record(tx, &mut locked, &[event], Timestamp::now()).await?;
            Ok((user.key != viewer.key).then(|| locked.authorized()))
        })
        .await
}

/// Everybody may remove themselves, an ADMIN anybody.
async fn lock_for_removal(
    tx: &mut Tx,
    viewer: Viewer,
    board: BoardId,
    user: UserId,
) -> Result<LockedBoard> {
    if user == viewer.id {
        return lock_board(tx, viewer.key, board).await;
    }
    lock_board::<BoardAdmin>(tx, viewer.key, board).await.map(Into::into)
}

/// CONFLICT, which undoes everything, when no ADMIN is left.
async fn keep_an_admin(tx: &mut Tx, board: &LockedBoard) -> Result<()> {
    if members::any_admin(tx, board).await? {
        return Ok(());
    }
    Err(Error::conflict("A board keeps at least one ADMIN."))
}
