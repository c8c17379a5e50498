//! Cards: make, change, move, delete, restore.

use super::card_changes::{change, labels_named};
use super::{Services, order};
use crate::domain::{
    At, BoardId, Card, CardChanges, CardId, CardMove, Error, EventPayload, NewCard, Result,
    Timestamp, Viewer, excerpt,
};
use crate::store::access::AuthorizedBoard;
use crate::store::locks::{BoardEditor, lock_board, lock_board_of};
use crate::store::{Tx, cards, events, locks};

/// Makes one card.
pub async fn create(
    services: &Services,
    viewer: Viewer,
    board: BoardId,
    card: NewCard,
) -> Result<(Card, AuthorizedBoard)> {
    let input = (viewer, board, [card]);
    services
        .db
        .write(input, async |tx, (viewer, board, new)| {
            let mut locked: BoardEditor = lock_board(tx, viewer.key, *board).await.at("boardId")?;
            let made = insert(tx, &mut locked, new, |error, _| error.at("card")).await?;
            let card = made.into_iter().next().ok_or(Error::Internal)?;
            Ok((card, locked.authorized()))
        })
        .await
}

/// Makes several cards in the given order, all or none.
pub async fn create_many(
    services: &Services,
    viewer: Viewer,
    board: BoardId,
    new: Vec<NewCard>,
) -> Result<(Vec<Card>, AuthorizedBoard)> {
    let input = (viewer, board, new);
    services
        .db
        .write(input, async |tx, (viewer, board, new)| {
            let mut locked: BoardEditor = lock_board(tx, viewer.key, *board).await.at("boardId")?;
            let at = |error: Error, index: usize| error.at(index).at("cards");
            let made = insert(tx, &mut locked, new, at).await?;
            Ok((made, locked.authorized()))
        })
        .await
}

/// `at` says which of the cards an error is about.
async fn insert(
    tx: &mut Tx,
    board: &mut BoardEditor,
    new: &[NewCard],
    at: impl Fn(Error, usize) -> Error,
) -> Result<Vec<Card>> {
    let insert_context = cards::insert_context(tx, board, new).await?;
    let with_labels = new
        .iter()
        .enumerate()
        .map(|(index, card)| {
            let labels = labels_named(&insert_context.labels, &card.labels);
            let labels = labels.map_err(|error| at(error, index))?;
            Ok((card, labels.into_values().collect()))
        })
        .collect::<Result<Vec<_>>>()?;
    let now = Timestamp::now();
    let (made, writes) = cards::insert(board, &insert_context, &with_labels, now)?;
    let events: Vec<_> =
        made.iter().map(|card| EventPayload::CardCreated { card: card.id }).collect();
    events::record_with(tx, board, writes, &events, now).await?;
    Ok(made)
}

/// Changes text, column and labels in one step. Labels that it shall gain and has, or lose and has
/// not, are no error, and what changes nothing leaves no trace.
pub async fn update(
    services: &Services,
    viewer: Viewer,
    card: CardId,
    expected_version: Option<i64>,
    changes: CardChanges,
) -> Result<(Card, AuthorizedBoard)> {
    let input = (viewer, card, expected_version, changes);
    services
        .db
        .write(input, async |tx, (viewer, card, expected_version, changes)| {
            let (mut locked, card) = lock_card(tx, *viewer, *card).await?;
            check_version(&card, *expected_version)?;
            let (new, events) = change(tx, &locked, &card, changes).await?;
            let card = finish(tx, &mut locked, &card, new, events, Timestamp::now()).await?;
            Ok((card, locked.authorized()))
        })
        .await
}

/// Puts a card into a column before or after a neighbour, or at its end. What changes nothing
/// leaves no trace.
pub async fn move_to(
    services: &Services,
    viewer: Viewer,
    card: CardId,
    expected_version: Option<i64>,
    wanted: CardMove,
) -> Result<(Card, AuthorizedBoard)> {
    let input = (viewer, card, expected_version, wanted);
    services
        .db
        .write(input, async |tx, (viewer, card, expected_version, wanted)| {
            let (mut locked, card) = lock_card(tx, *viewer, *card).await?;
            check_version(&card, *expected_version)?;
            let (rank, mut events) = order::place(tx, &locked, &card, wanted).await?;
            if let Some(rank) = rank {
                let (from, to) = (card.column, wanted.column);
                events.push(EventPayload::CardMoved { card: card.id, from, to });
                let new = Card { column: to, rank, ..card.clone() };
                let card = finish(tx, &mut locked, &card, new, events, Timestamp::now()).await?;
                return Ok((card, locked.authorized()));
            }
            tx.discard();
            Ok((card, locked.authorized()))
        })
        .await
}

/// Puts a card into the trash; answers the board it was on.
pub async fn delete(
    services: &Services,
    viewer: Viewer,
    card: CardId,
    expected_version: Option<i64>,
) -> Result<AuthorizedBoard> {
    services
        .db
        .write((viewer, card, expected_version), async |tx, (viewer, card, expected_version)| {
            let (mut locked, card) = lock_card(tx, *viewer, *card).await?;
            check_version(&card, *expected_version)?;
            let event = EventPayload::CardDeleted { card: card.id, title: excerpt(&card.title) };
            let now = Timestamp::now();
            let new = Card { deleted_at: Some(now), ..card.clone() };
            finish(tx, &mut locked, &card, new, vec![event], now).await?;
            Ok(locked.authorized())
        })
        .await
}

/// Takes a card out of the trash, back to the end of its column; one that is not there stays as it
/// is.
pub async fn restore(
    services: &Services,
    viewer: Viewer,
    card: CardId,
) -> Result<(Card, AuthorizedBoard)> {
    services
        .db
        .write((viewer, card), async |tx, (viewer, id)| {
            let (board, deleted) = cards::board_of(tx, *id).await?.ok_or_else(missing)?;
            let locked = lock_board_of(tx, viewer.key, board, missing).await;
            let mut locked: BoardEditor = locked.map_err(|error| match error {
                // Who may not see the trash is not told what is in it.
                Error::Forbidden { .. } if deleted => missing(),
                other => other,
            })?;
            let card = cards::find_on(tx, &locked, *id).await?.ok_or_else(missing)?;
            if card.deleted_at.is_none() {
                tx.discard();
                return Ok((card, locked.authorized()));
            }
            let rank = order::end_of(tx, &locked, card.column).await?;
            let event = EventPayload::CardRestored { card: card.id };
            let new = Card { rank, deleted_at: None, ..card.clone() };
            let card = finish(tx, &mut locked, &card, new, vec![event], Timestamp::now()).await?;
            Ok((card, locked.authorized()))
        })
        .await
}

/// Writes the card as it shall be and records what has made it so; without events there is nothing
/// to write.
async fn finish(
    tx: &mut Tx,
    board: &mut BoardEditor,
    old: &Card,
    mut card: Card,
    events: Vec<EventPayload>,
    now: Timestamp,
) -> Result<Card> {
    if events.is_empty() {
        tx.discard();
        return Ok(card);
    }
    (card.version, card.updated_at) = (board.version_after(events.len()), now);
    let saved = cards::save(board, old, &card);
    events::record_with(tx, board, vec![saved], &events, now).await?;
    Ok(card)
}

fn missing() -> Error {
    Error::not_found("card").at("cardId")
}

/// CONFLICT when the card is no longer what the viewer has seen.
fn check_version(card: &Card, expected: Option<i64>) -> Result<()> {
    match expected {
        Some(expected) if expected != card.version => {
            Err(Error::outdated(card.version)).at("expectedVersion")
        }
        _ => Ok(()),
    }
}

/// Takes the lock of the board that a card is on; answers the card as it is under the lock. One in
/// the trash does not exist.
pub(super) async fn lock_card(
    tx: &mut Tx,
    viewer: Viewer,
    card: CardId,
) -> Result<(BoardEditor, Card)> {
    locks::lock_card(tx, viewer.key, card).await?.ok_or_else(missing)
}
