//! Creating, changing, deleting and restoring boards.

use super::Services;
use super::once::once;
use crate::domain::{
    At, BoardChanges, BoardId, LabelColor, LabelName, Mutation, NewBoard, Result, Subject,
    rejection,
};
use crate::store::access::AuthorizedBoard;
use crate::store::lock::{Admin, BoardTx, lock_board, lock_deleted_board};
use crate::store::{boards, labels};

/// Creates a board with one label of each of the seven colours and with the viewer as its ADMIN.
pub async fn create(
    services: &Services,
    mutation: Mutation,
    new: NewBoard,
) -> Result<AuthorizedBoard> {
    once(services, mutation, new, async |tx, (viewer, new)| {
        let now = tx.now();
        boards::insert(tx, viewer.key, new, now).await
    })
    .await
}

/// Changes the board's texts and the names of its labels in one transaction. An update without any
/// actual change writes nothing.
pub async fn update(
    services: &Services,
    mutation: Mutation,
    board: BoardId,
    changes: BoardChanges,
) -> Result<AuthorizedBoard> {
    once(services, mutation, (board, changes), async |tx, (viewer, (board, changes))| {
        let mut board: BoardTx<Admin> = lock_board(tx, viewer.key, *board).await.at("boardId")?;
        let BoardChanges { title, description, labels } = changes;
        boards::update(&mut board, title.as_ref(), description.as_ref()).await?;
        rename_labels(&mut board, labels).await?;
        board.finish(Subject::Board).await
    })
    .await
}

/// Renames the labels of these colours.
async fn rename_labels(
    board: &mut BoardTx<'_, Admin>,
    names: &[(LabelColor, LabelName)],
) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let access = board.access()?;
    let present = labels::of_board(board.conn(), access).await?;
    for (index, (color, name)) in names.iter().enumerate() {
        let label = present.iter().find(|label| label.color == *color);
        let label = label.ok_or_else(|| rejection::no_label_of_color(color.as_str()));
        let label = label.at("color").at(index).at("labels")?;
        if label.name != name.as_str() {
            labels::update(board, label, None, Some(name)).await?;
        }
    }
    Ok(())
}

/// Moves a board to the trash with everything on it.
pub async fn delete(services: &Services, mutation: Mutation, board: BoardId) -> Result<()> {
    once(services, mutation, board, async |tx, (viewer, board)| {
        let mut board: BoardTx<Admin> = lock_board(tx, viewer.key, *board).await.at("boardId")?;
        boards::delete(&mut board).await?;
        board.finish(Subject::Board).await.map(drop)
    })
    .await
}

/// Restores a board from the trash with everything on it. A board that is not in the trash is returned
/// unchanged.
pub async fn restore(
    services: &Services,
    mutation: Mutation,
    board: BoardId,
) -> Result<AuthorizedBoard> {
    once(services, mutation, board, async |tx, (viewer, board)| {
        let mut board = lock_deleted_board(tx, viewer.key, *board).await.at("boardId")?;
        if board.board().deleted_at.is_some() {
            boards::restore(&mut board).await?;
        }
        board.finish(Subject::Board).await
    })
    .await
}
