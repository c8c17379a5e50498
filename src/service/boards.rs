//! Boards: make, change, delete, restore.

use std::collections::BTreeMap;

use super::Services;
use super::labels::label_change;
use crate::domain::{
    At, BoardChanges, BoardId, Error, EventPayload, FieldChange, Label, LabelColor, LabelName,
    NewBoard, Result, Timestamp, Viewer,
};
use crate::store::access::AuthorizedBoard;
use crate::store::locks::{BoardAdmin, lock_board, lock_deleted_board};
use crate::store::{Tx, boards, events, labels};

/// Makes a board with all seven labels and the viewer as its ADMIN.
pub async fn create(services: &Services, viewer: Viewer, new: NewBoard) -> Result<AuthorizedBoard> {
    services
        .db
        .write((viewer, new), async |tx, (viewer, new)| {
            boards::insert(tx, viewer.key, new, Timestamp::now()).await
        })
        .await
}

/// Changes texts and the names of labels in one step. What changes nothing leaves no trace.
pub async fn update(
    services: &Services,
    viewer: Viewer,
    board: BoardId,
    changes: BoardChanges,
) -> Result<AuthorizedBoard> {
    let input = (viewer, board, changes);
    services
        .db
        .write(input, async |tx, (viewer, board, changes)| {
            let mut locked: BoardAdmin = lock_board(tx, viewer.key, *board).await.at("boardId")?;
            let now = Timestamp::now();
            let texts = write_texts(tx, &mut locked, changes).await?;
            let mut events: Vec<_> = texts.into_iter().collect();
            events.extend(rename_labels(tx, &locked, &changes.labels, now).await?);
            if events.is_empty() {
                tx.discard();
            } else {
                events::record(tx, &mut locked, &events, now).await?;
            }
            Ok(locked.authorized())
        })
        .await
}

async fn write_texts(
    tx: &mut Tx,
    board: &mut BoardAdmin,
    changes: &BoardChanges,
) -> Result<Option<EventPayload>> {
    let old = board.board().clone();
    let old_description = old.description.as_deref().unwrap_or_default();
    let title = changes.title.as_ref().filter(|new| new.as_str() != old.title);
    let description = changes.description.as_ref().filter(|new| new.as_str() != old_description);
    let title_change = title.map(|new| FieldChange::new("title", &old.title, new.as_str()));
    let description_change =
        description.map(|new| FieldChange::new("description", old_description, new.as_str()));
    let changes: Vec<_> = title_change.into_iter().chain(description_change).collect();
    boards::update(tx, board, title, description).await?;
    Ok((!changes.is_empty()).then_some(EventPayload::BoardUpdated { changes }))
}

/// Gives the labels of these colours new names; where a colour is given twice, the last one counts.
async fn rename_labels(
    tx: &mut Tx,
    board: &BoardAdmin,
    names: &[(LabelColor, LabelName)],
    now: Timestamp,
) -> Result<Vec<EventPayload>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let present = labels::of_board(tx, board.access()).await?;
    let mut wanted: BTreeMap<LabelColor, (&Label, &LabelName)> = BTreeMap::new();
    for (index, (color, name)) in names.iter().enumerate() {
        let label = present.iter().find(|label| label.color == *color);
        let label = label.ok_or_else(|| no_label(*color));
        let label = label.at("color").at(index).at("labels")?;
        wanted.insert(*color, (label, name));
    }
    wanted.retain(|_, (label, name)| label.name != name.as_str());
    let mut events = Vec::new();
    for (label, name) in wanted.into_values() {
        let new = labels::update(tx, board, label.id, None, Some(name), now).await?;
        events.push(label_change(label, &new));
    }
    Ok(events)
}

/// The board has no label of a colour that was named.
pub(super) fn no_label(color: LabelColor) -> Error {
    Error::bad_input(format!("The board has no {} label.", color.as_str()))
}

/// Puts a board into the trash, with everything on it.
pub async fn delete(services: &Services, viewer: Viewer, board: BoardId) -> Result<()> {
    services
        .db
        .write((viewer, board), async |tx, (viewer, board)| {
            let mut locked: BoardAdmin = lock_board(tx, viewer.key, *board).await.at("boardId")?;
            let now = Timestamp::now();
            boards::delete(tx, &mut locked, now).await?;
            events::record(tx, &mut locked, &[EventPayload::BoardDeleted], now).await
        })
        .await
}

/// Takes a board out of the trash, with everything on it; one that is not there stays as it is.
pub async fn restore(
    services: &Services,
    viewer: Viewer,
    board: BoardId,
) -> Result<AuthorizedBoard> {
    services
        .db
        .write((viewer, board), async |tx, (viewer, board)| {
            let mut locked = lock_deleted_board(tx, viewer.key, *board).await.at("boardId")?;
            if locked.board().deleted_at.is_none() {
                tx.discard();
            } else {
                boards::restore(tx, &mut locked).await?;
                let now = Timestamp::now();
                events::record(tx, &mut locked, &[EventPayload::BoardRestored], now).await?;
            }
            Ok(locked.authorized())
        })
        .await
}
