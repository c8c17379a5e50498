//! Boards: make, change, delete.

use std::collections::HashMap;

use super::Services;
use crate::domain::{
    At, Board, BoardChanges, BoardId, Error, Label, LabelColor, LabelId, LabelName, NewBoard,
    Result, Timestamp, Viewer,
};
use crate::store::access::{BoardAccess, LockedBoard, lock_board};
use crate::store::{Tx, boards, labels};

/// Makes a board with all seven labels and the viewer as its first member.
pub async fn create(
    services: &Services,
    viewer: Viewer,
    new: NewBoard,
) -> Result<(Board, BoardAccess)> {
    services
        .db
        .write((viewer, new), async |tx, (viewer, new)| {
            boards::insert(tx, viewer.id, new, Timestamp::now()).await
        })
        .await
}

/// Changes texts and the names of labels in one step.
pub async fn update(
    services: &Services,
    viewer: Viewer,
    board: BoardId,
    changes: BoardChanges,
) -> Result<(Board, BoardAccess)> {
    let input = (viewer, board, changes);
    services
        .db
        .write(input, async |tx, (viewer, board, changes)| {
            let locked = lock_board(tx, viewer.id, *board).await.at("boardId")?;
            let title = changes.title.as_ref().filter(|new| new.as_str() != locked.board.title);
            let description =
                changes.description.as_ref().filter(|new| new.as_str() != locked.board.description);
            let now = Timestamp::now();
            let renamed = rename_labels(tx, &locked, &changes.labels, now).await?;
            if title.is_none() && description.is_none() && !renamed {
                tx.discard();
                return Ok((locked.board.clone(), locked.access()));
            }
            let board = boards::update(tx, &locked, title, description, now).await?;
            Ok((board, locked.access()))
        })
        .await
}

/// Gives the labels of these colours new names; answers whether any changed.
async fn rename_labels(
    tx: &mut Tx,
    board: &LockedBoard,
    names: &[(LabelColor, LabelName)],
    now: Timestamp,
) -> Result<bool> {
    if names.is_empty() {
        return Ok(false);
    }
    let present = labels::of_board(tx, board.access()).await?;
    let mut wanted: HashMap<LabelId, (&Label, &LabelName)> = HashMap::new();
    for (index, (color, name)) in names.iter().enumerate() {
        let label = label_of(&present, *color).at("color").at(index).at("labels")?;
        wanted.insert(label.id, (label, name));
    }
    wanted.retain(|_, (label, name)| label.name != name.as_str());
    for (id, (_, name)) in &wanted {
        labels::update(tx, board, *id, None, Some(name), now).await?;
    }
    Ok(!wanted.is_empty())
}

/// The label of this colour; bad input when the board has none.
pub(super) fn label_of(labels: &[Label], color: LabelColor) -> Result<&Label> {
    labels
        .iter()
        .find(|label| label.color == color)
        .ok_or_else(|| Error::bad_input(format!("The board has no {} label.", color.as_str())))
}

/// Deletes a board with everything on it.
pub async fn delete(services: &Services, viewer: Viewer, board: BoardId) -> Result<()> {
    services
        .db
        .write((viewer, board), async |tx, (viewer, board)| {
            let locked = lock_board(tx, viewer.id, *board).await.at("boardId")?;
            boards::delete(tx, &locked).await
        })
        .await
}
