//! Creating, changing and deleting labels.

use super::Services;
use super::once::once;
use crate::domain::{
    At, BoardId, Error, Label, LabelChanges, LabelColor, LabelId, LabelName, Mutation, Result,
    Subject, Viewer,
};
use crate::store::access::AuthorizedBoard;
use crate::store::lock::{BoardTx, Editor, lock_board, lock_board_of};
use crate::store::{Tx, labels};

/// Creates a label. CONFLICT if the board already has a label of this colour.
pub async fn create(
    services: &Services,
    mutation: Mutation,
    board: BoardId,
    color: LabelColor,
    name: LabelName,
) -> Result<(Label, AuthorizedBoard)> {
    once(services, mutation, (board, color, name), async |tx, (viewer, (board, color, name))| {
        let mut board: BoardTx<Editor> = lock_board(tx, viewer.key, *board).await.at("boardId")?;
        let label = labels::insert(&mut board, *color, name).await?;
        let subject = Subject::Label(label.id);
        Ok((label, board.finish(subject).await?))
    })
    .await
}

/// Changes the name, the colour or both. CONFLICT if the board already has a label of the new colour.
/// An update without any actual change writes nothing.
pub async fn update(
    services: &Services,
    mutation: Mutation,
    label: LabelId,
    changes: LabelChanges,
) -> Result<(Label, AuthorizedBoard)> {
    once(services, mutation, (label, changes), async |tx, (viewer, (label, changes))| {
        let (mut board, old) = lock_label(tx, *viewer, *label).await?;
        let color = changes.color.filter(|new| *new != old.color);
        let name = changes.name.as_ref().filter(|new| new.as_str() != old.name);
        let label = if color.is_none() && name.is_none() {
            old
        } else {
            labels::update(&mut board, &old, color, name).await?
        };
        let subject = Subject::Label(label.id);
        Ok((label, board.finish(subject).await?))
    })
    .await
}

/// Deletes a label and removes it from all cards. Returns its board.
pub async fn delete(
    services: &Services,
    mutation: Mutation,
    label: LabelId,
) -> Result<AuthorizedBoard> {
    once(services, mutation, label, async |tx, (viewer, label)| {
        let (mut board, label) = lock_label(tx, *viewer, *label).await?;
        labels::delete(&mut board, label).await?;
        board.finish(Subject::Board).await
    })
    .await
}

/// Locks the board of a label and returns the label as read under the lock.
async fn lock_label(
    tx: &mut Tx,
    viewer: Viewer,
    label: LabelId,
) -> Result<(BoardTx<'_, Editor>, Label)> {
    let missing = || Error::not_found("label").at("labelId");
    let board = labels::board_of(tx, label).await?.ok_or_else(missing)?;
    let mut board = lock_board_of(tx, viewer.key, board, missing).await?;
    let found = labels::find_on(&mut board, label).await?;
    Ok((board, found.ok_or_else(missing)?))
}
