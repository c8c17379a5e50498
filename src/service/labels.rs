//! Labels: make, change, delete.

use super::Services;
use crate::domain::{
    At, Board, BoardId, Error, Label, LabelChanges, LabelColor, LabelId, LabelName, Result,
    Timestamp, Viewer,
};
use crate::store::access::{BoardAccess, LockedBoard, lock_board, lock_board_of};
use crate::store::{Tx, boards, labels};

/// Makes a label; CONFLICT when the board has one of the colour.
pub async fn create(
    services: &Services,
    viewer: Viewer,
    board: BoardId,
    color: LabelColor,
    name: LabelName,
) -> Result<(Label, BoardAccess)> {
    let input = (viewer, board, color, name);
    services
        .db
        .write(input, async |tx, (viewer, board, color, name)| {
            let locked = lock_board(tx, viewer.id, *board).await.at("boardId")?;
            let now = Timestamp::now();
            let label = labels::insert(tx, &locked, *color, name, now).await?;
            boards::touch(tx, &locked, now).await?;
            Ok((label, locked.access()))
        })
        .await
}

/// Changes name, colour or both; CONFLICT when the new colour is taken.
pub async fn update(
    services: &Services,
    viewer: Viewer,
    label: LabelId,
    changes: LabelChanges,
) -> Result<(Label, BoardAccess)> {
    let input = (viewer, label, changes);
    services
        .db
        .write(input, async |tx, (viewer, label, changes)| {
            let (locked, label) = lock_label(tx, *viewer, *label).await?;
            let color = changes.color.filter(|new| *new != label.color);
            let name = changes.name.as_ref().filter(|new| new.as_str() != label.name);
            if color.is_none() && name.is_none() {
                tx.discard();
                return Ok((label, locked.access()));
            }
            let now = Timestamp::now();
            let label = labels::update(tx, &locked, label.id, color, name, now).await?;
            boards::touch(tx, &locked, now).await?;
            Ok((label, locked.access()))
        })
        .await
}

/// Deletes a label; the cards that bear it lose it. Answers the board it was on.
pub async fn delete(
    services: &Services,
    viewer: Viewer,
    label: LabelId,
) -> Result<(Board, BoardAccess)> {
    services
        .db
        .write((viewer, label), async |tx, (viewer, label)| {
            let (locked, label) = lock_label(tx, *viewer, *label).await?;
            labels::delete(tx, &locked, label.id).await?;
            let board = boards::touch(tx, &locked, Timestamp::now()).await?;
            Ok((board, locked.access()))
        })
        .await
}

/// Takes the lock of the board that a label is on; answers the label as it is under the lock.
async fn lock_label(tx: &mut Tx, viewer: Viewer, label: LabelId) -> Result<(LockedBoard, Label)> {
    let missing = || Error::not_found("label").at("labelId");
    let found = labels::find(tx, viewer.id, &[label]).await?.pop();
    let (seen, _) = found.ok_or_else(missing)?;
    let locked = lock_board_of(tx, viewer.id, seen.board_id, missing).await?;
    let found = labels::find(tx, viewer.id, &[label]).await?.pop();
    Ok((locked, found.ok_or_else(missing)?.0))
}
