//! Labels: make, change, delete.

use super::Services;
use crate::domain::{
    At, BoardId, Error, EventPayload, FieldChange, Label, LabelChanges, LabelColor, LabelId,
    LabelName, Result, Timestamp, Viewer,
};
use crate::store::access::AuthorizedBoard;
use crate::store::locks::{BoardEditor, lock_board, lock_board_of};
use crate::store::{Tx, events, labels};

/// Makes a label; CONFLICT when the board has one of the colour.
pub async fn create(
    services: &Services,
    viewer: Viewer,
    board: BoardId,
    color: LabelColor,
    name: LabelName,
) -> Result<(Label, AuthorizedBoard)> {
    let input = (viewer, board, color, name);
    services
        .db
        .write(input, async |tx, (viewer, board, color, name)| {
            let mut locked: BoardEditor = lock_board(tx, viewer.key, *board).await.at("boardId")?;
            let now = Timestamp::now();
            let label = labels::insert(tx, &locked, *color, name, now).await?;
            let Label { id, color, name, .. } = label.clone();
            let event = EventPayload::LabelCreated { label: id, color, name };
            events::record(tx, &mut locked, &[event], now).await?;
            Ok((label, locked.authorized()))
        })
        .await
}

/// Changes name, colour or both; CONFLICT when the new colour is taken. What changes nothing leaves
/// no trace.
pub async fn update(
    services: &Services,
    viewer: Viewer,
    label: LabelId,
    changes: LabelChanges,
) -> Result<(Label, AuthorizedBoard)> {
    let input = (viewer, label, changes);
    services
        .db
        .write(input, async |tx, (viewer, label, changes)| {
            let (mut locked, old) = lock_label(tx, *viewer, *label).await?;
            let color = changes.color.filter(|new| *new != old.color);
            let name = changes.name.as_ref().filter(|new| new.as_str() != old.name);
            if color.is_none() && name.is_none() {
                tx.discard();
                return Ok((old, locked.authorized()));
            }
            let now = Timestamp::now();
            let new = labels::update(tx, &locked, old.id, color, name, now).await?;
            events::record(tx, &mut locked, &[label_change(&old, &new)], now).await?;
            Ok((new, locked.authorized()))
        })
        .await
}

/// What makes the difference between two states of a label.
pub(super) fn label_change(old: &Label, new: &Label) -> EventPayload {
    let fields = [
        ("name", old.name.as_str(), new.name.as_str()),
        ("color", old.color.as_str(), new.color.as_str()),
    ];
    let changed = fields.into_iter().filter(|(_, from, to)| from != to);
    EventPayload::LabelUpdated {
        label: new.id,
        color: new.color,
        name: new.name.clone(),
        changes: changed.map(|(field, from, to)| FieldChange::new(field, from, to)).collect(),
    }
}

/// Deletes a label; the cards that bear it lose it. Answers the board it was on.
pub async fn delete(
    services: &Services,
    viewer: Viewer,
    label: LabelId,
) -> Result<AuthorizedBoard> {
    services
        .db
        .write((viewer, label), async |tx, (viewer, label)| {
            let (mut locked, label) = lock_label(tx, *viewer, *label).await?;
            let now = Timestamp::now();
            labels::delete(tx, &locked, label.id, locked.version_after(1), now).await?;
            let Label { id, color, name, .. } = label;
            let event = EventPayload::LabelDeleted { label: id, color, name };
            events::record(tx, &mut locked, &[event], now).await?;
            Ok(locked.authorized())
        })
        .await
}

/// Takes the lock of the board that a label is on; answers the label as it is under the lock.
async fn lock_label(tx: &mut Tx, viewer: Viewer, label: LabelId) -> Result<(BoardEditor, Label)> {
    let missing = || Error::not_found("label").at("labelId");
    let board = labels::board_of(tx, label).await?.ok_or_else(missing)?;
    let locked = lock_board_of(tx, viewer.key, board, missing).await?;
    let found = labels::find_on(tx, &locked, label).await?;
    Ok((locked, found.ok_or_else(missing)?))
}
