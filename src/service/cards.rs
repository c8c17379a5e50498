//! Cards: make, change, delete, label.

use std::collections::BTreeSet;

use super::Services;
use super::boards::label_of;
use crate::domain::{
    At, Board, BoardId, Card, CardChanges, CardId, Error, Label, LabelColor, LabelId,
    LabelsChange::{self, Add, Remove, Set},
    NewCard, Result, Timestamp, Viewer,
};
use crate::store::access::{BoardAccess, LockedBoard, lock_board, lock_board_of};
use crate::store::{Tx, boards, cards, labels};

/// Makes one card.
pub async fn create(
    services: &Services,
    viewer: Viewer,
    board: BoardId,
    card: NewCard,
) -> Result<(Card, BoardAccess)> {
    let input = (viewer, board, card);
    services
        .db
        .write(input, async |tx, (viewer, board, card)| {
            let locked = lock_board(tx, viewer.id, *board).await.at("boardId")?;
            let labels = labels_for(tx, &locked, &card.labels).await?;
            let label_ids = label_ids(&labels, &card.labels).at("card")?;
            let now = Timestamp::now();
            let made = cards::insert(tx, &locked, &[(card, label_ids)], now).await?;
            boards::touch(tx, &locked, now).await?;
            let card = made.into_iter().next().ok_or(Error::Internal)?;
            Ok((card, locked.access()))
        })
        .await
}

/// Makes several cards in the given order, all or none.
pub async fn create_many(
    services: &Services,
    viewer: Viewer,
    board: BoardId,
    new: Vec<NewCard>,
) -> Result<(Vec<Card>, BoardAccess)> {
    let input = (viewer, board, new);
    services
        .db
        .write(input, async |tx, (viewer, board, new)| {
            let locked = lock_board(tx, viewer.id, *board).await.at("boardId")?;
            let any_label: Vec<_> = new.iter().flat_map(|card| card.labels.clone()).collect();
            let labels = labels_for(tx, &locked, &any_label).await?;
            let with_labels = new
                .iter()
                .enumerate()
                .map(|(index, card)| {
                    let ids = label_ids(&labels, &card.labels).at(index).at("cards")?;
                    Ok((card, ids))
                })
                .collect::<Result<Vec<_>>>()?;
            let now = Timestamp::now();
            let made = cards::insert(tx, &locked, &with_labels, now).await?;
            boards::touch(tx, &locked, now).await?;
            Ok((made, locked.access()))
        })
        .await
}

/// The board's labels, read only when colours were given.
async fn labels_for(tx: &mut Tx, board: &LockedBoard, colors: &[LabelColor]) -> Result<Vec<Label>> {
    if colors.is_empty() { Ok(Vec::new()) } else { labels::of_board(tx, board.access()).await }
}

/// The labels of these colours, each once.
fn label_ids(labels: &[Label], colors: &[LabelColor]) -> Result<Vec<LabelId>> {
    let ids: BTreeSet<LabelId> = colors
        .iter()
        .enumerate()
        .map(|(index, color)| Ok(label_of(labels, *color).at(index).at("labels")?.id))
        .collect::<Result<_>>()?;
    Ok(ids.into_iter().collect())
}

/// Changes text, column and labels in one step. Labels that it shall gain and has, or lose and has
/// not, are no error.
pub async fn update(
    services: &Services,
    viewer: Viewer,
    card: CardId,
    changes: CardChanges,
) -> Result<(Card, BoardAccess)> {
    let input = (viewer, card, changes);
    services
        .db
        .write(input, async |tx, (viewer, card, changes)| {
            let (locked, card) = lock_card(tx, *viewer, *card).await?;
            let labels = match &changes.labels {
                Some(change) => label_difference(tx, &locked, card.id, change).await?,
                None => LabelDifference::default(),
            };
            write(tx, &locked, &card, changes, labels).await
        })
        .await
}

/// Deletes a card; answers the board it was on.
pub async fn delete(
    services: &Services,
    viewer: Viewer,
    card: CardId,
) -> Result<(Board, BoardAccess)> {
    services
        .db
        .write((viewer, card), async |tx, (viewer, card)| {
            let (locked, card) = lock_card(tx, *viewer, *card).await?;
            cards::delete(tx, &locked, card.id).await?;
            let board = boards::touch(tx, &locked, Timestamp::now()).await?;
            Ok((board, locked.access()))
        })
        .await
}

/// Takes the lock of the board that a card is on; answers the card as it is under the lock.
async fn lock_card(tx: &mut Tx, viewer: Viewer, card: CardId) -> Result<(LockedBoard, Card)> {
    let missing = || Error::not_found("card").at("cardId");
    let found = cards::find(tx, viewer.id, &[card]).await?.pop();
    let (seen, _) = found.ok_or_else(missing)?;
    let locked = lock_board_of(tx, viewer.id, seen.board_id, missing).await?;
    let found = cards::find(tx, viewer.id, &[card]).await?.pop();
    Ok((locked, found.ok_or_else(missing)?.0))
}

/// Which labels a card gains and loses.
#[derive(Default)]
struct LabelDifference {
    gained: Vec<LabelId>,
    lost: Vec<LabelId>,
}

async fn label_difference(
    tx: &mut Tx,
    board: &LockedBoard,
    card: CardId,
    change: &LabelsChange,
) -> Result<LabelDifference> {
    let (Set(colors) | Add(colors) | Remove(colors)) = change;
    let of_board = labels_for(tx, board, colors).await?;
    let named: BTreeSet<LabelId> = label_ids(&of_board, colors)?.into_iter().collect();
    let borne = labels::of_cards(tx, &[(board.access(), card)]).await?;
    let borne: BTreeSet<LabelId> = borne.into_values().flatten().map(|label| label.id).collect();
    let (gained, lost) = match change {
        Set(_) => (&named - &borne, &borne - &named),
        Add(_) => (&named - &borne, BTreeSet::new()),
        Remove(_) => (BTreeSet::new(), &named & &borne),
    };
    Ok(LabelDifference { gained: gained.into_iter().collect(), lost: lost.into_iter().collect() })
}

/// Writes what really changes; what changes nothing leaves no trace.
async fn write(
    tx: &mut Tx,
    board: &LockedBoard,
    card: &Card,
    changes: &CardChanges,
    labels: LabelDifference,
) -> Result<(Card, BoardAccess)> {
    let title = changes.title.as_ref().filter(|new| new.as_str() != card.title);
    let description = changes.description.as_ref().filter(|new| new.as_str() != card.description);
    let column = changes.column.filter(|new| *new != card.column);
    let same_labels = labels.gained.is_empty() && labels.lost.is_empty();
    if title.is_none() && description.is_none() && column.is_none() && same_labels {
        tx.discard();
        return Ok((card.clone(), board.access()));
    }
    let now = Timestamp::now();
    cards::add_labels(tx, board, card.id, &labels.gained, now).await?;
    if !labels.lost.is_empty() {
        cards::remove_labels(tx, board, card.id, &labels.lost).await?;
    }
    let card = cards::update(tx, board, card, title, description, column, now).await?;
    boards::touch(tx, board, now).await?;
    Ok((card, board.access()))
}
