//! The deletion of accounts.

use super::confirm::{check_password, wrong_password};
use crate::domain::{
    BoardId, Client, Error, PublicId, RemovalReason, Result, SessionId, Subject, UserId, UserKey,
    Viewer,
};
use crate::service::Services;
use crate::store::lock::lock_to_leave;
use crate::store::{Tx, members, sessions, trash, user_writes};

/// How often the list of boards is read before the account is locked: others may share boards with it meanwhile.
const ROUNDS: usize = 10;

/// Deletes the viewer's account. Requires the current password.
///
/// Boards without other members are erased, including those in the trash. Other boards lose a member; if it is their
/// only ADMIN, the member who has been there longest becomes ADMIN, a MEMBER before a VIEWER.
pub async fn delete(
    services: &Services,
    client: &Client,
    viewer: Viewer,
    current_password: String,
) -> Result<()> {
    let known = check_password(services, client, viewer, current_password).await?;
    delete_account(services, viewer.key, viewer.id, Some(known.password_hash)).await
}

/// Deletes an account in one transaction; NOT_FOUND if there is none. With a password hash, INVALID_CREDENTIALS if the
/// account has another one by now, or is disabled. Its boards are erased afterwards by the maintenance, which is woken.
pub(super) async fn delete_account(
    services: &Services,
    user: UserKey,
    id: UserId,
    hash: Option<String>,
) -> Result<()> {
    let forget = services.sessions.forgetting();
    let deleted = services.db.write_then(
        (user, id, hash),
        async |tx, (user, id, hash)| leave_all(tx, *user, *id, hash.as_deref()).await,
        move |ended| forget(ended),
    );
    deleted.await?;
    tracing::info!(user = id.to_public(), "an account was deleted");
    services.orphans.notify_one();
    Ok(())
}

/// Removes the user from all boards and deletes the account. Returns the ended sessions.
async fn leave_all(
    tx: &mut Tx,
    user: UserKey,
    id: UserId,
    hash: Option<&str>,
) -> Result<Vec<SessionId>> {
    for _ in 0..ROUNDS {
        if leave_present(tx, user, id).await? == 0 {
            break;
        }
    }
    if !user_writes::lock_to_delete(tx, user, hash).await? {
        // Rolls back: the user has already left boards in this transaction.
        return Err(hash.map_or_else(|| Error::not_found("user"), |_| wrong_password()));
    }
    // Boards that were created or shared since the list was read. Nothing can be added any more. Whoever holds the lock
    // of one of them and waits for the account makes this a deadlock, after which the transaction runs again.
    leave_present(tx, user, id).await?;
    let sessions = sessions::delete_all(tx, user).await?;
    user_writes::delete(tx, user).await?;
    Ok(sessions)
}

/// Removes the user from all present boards. Returns their number.
async fn leave_present(tx: &mut Tx, user: UserKey, id: UserId) -> Result<usize> {
    let orphans = trash::orphan_boards_of(tx, user).await?;
    let boards = members::boards_of(tx, user).await?;
    for board in &boards {
        leave(tx, user, id, *board).await?;
    }
    Ok(orphans + boards.len())
}

/// Removes the user from a board, which passes to another member if nobody else is ADMIN.
async fn leave(tx: &mut Tx, user: UserKey, id: UserId, board: BoardId) -> Result<()> {
    let Some(mut board) = lock_to_leave(tx, user, board).await? else {
        return Ok(());
    };
    if !members::any_other(&mut board, user).await? {
        return trash::orphan_board(&mut board).await;
    }
    members::delete(&mut board, user, id, RemovalReason::AccountDeleted).await?;
    if !members::any_admin(&mut board).await? {
        members::promote_successor(&mut board).await?;
    }
    board.finish(Subject::Board).await?;
    Ok(())
}
