//! Creating, changing, moving, deleting and restoring cards.

use super::card_changes::{change, labels_named};
use super::once::once;
use super::{Services, order};
use crate::domain::{
    At, BoardId, Card, CardChanges, CardId, CardMove, Error, EventPayload, Mutation, NewCard,
    Result, Subject, Viewer, excerpt,
};
use crate::store::access::AuthorizedBoard;
use crate::store::card_writes::{self, LabelsDelta};
use crate::store::lock::{self, BoardTx, Editor, lock_board, lock_board_of};
use crate::store::{Tx, cards};

/// Creates one card.
pub async fn create(
    services: &Services,
    mutation: Mutation,
    board: BoardId,
    card: NewCard,
) -> Result<(Card, AuthorizedBoard)> {
    once(services, mutation, (board, [card]), async |tx, (viewer, (board, new))| {
        let mut board: BoardTx<Editor> = lock_board(tx, viewer.key, *board).await.at("boardId")?;
        let made = insert(&mut board, new, |error, _| error.at("card")).await?;
        let card = made.into_iter().next().ok_or_else(|| Error::defect("no card was created"))?;
        finish(board, card).await
    })
    .await
}

/// Creates several cards in the given order, all or none.
pub async fn create_many(
    services: &Services,
    mutation: Mutation,
    board: BoardId,
    new: Vec<NewCard>,
) -> Result<(Vec<Card>, AuthorizedBoard)> {
    once(services, mutation, (board, new), async |tx, (viewer, (board, new))| {
        let mut board: BoardTx<Editor> = lock_board(tx, viewer.key, *board).await.at("boardId")?;
        let at = |error: Error, index: usize| error.at(index).at("cards");
        let made = insert(&mut board, new, at).await?;
        let subject = Subject::Cards(made.iter().map(|card| card.id).collect());
        Ok((made, board.finish(subject).await?))
    })
    .await
}

/// Inserts cards. `at` adds the path of the card to an error, given its index.
async fn insert(
    board: &mut BoardTx<'_, Editor>,
    new: &[NewCard],
    at: impl Fn(Error, usize) -> Error,
) -> Result<Vec<Card>> {
    let context = card_writes::insert_context(board, new).await?;
    let with_labels = new
        .iter()
        .enumerate()
        .map(|(index, card)| {
            let labels = labels_named(&context.labels, &card.labels);
            let labels = labels.map_err(|error| at(error, index))?;
            Ok((card, labels.into_values().collect()))
        })
        .collect::<Result<Vec<_>>>()?;
    card_writes::insert(board, &context, &with_labels)
}

/// Changes texts, column and labels in one transaction. Adding a label that the card has, or removing
/// one that it does not have, is no error. An update without any actual change writes nothing.
pub async fn update(
    services: &Services,
    mutation: Mutation,
    card: CardId,
    expected_version: Option<i64>,
    changes: CardChanges,
) -> Result<(Card, AuthorizedBoard)> {
    once(
        services,
        mutation,
        (card, expected_version, changes),
        async |tx, (viewer, (card, expected_version, changes))| {
            let (mut board, card) = lock_card(tx, *viewer, *card).await?;
            check_version(&card, *expected_version)?;
            let card = change(&mut board, &card, changes).await?;
            finish(board, card).await
        },
    )
    .await
}

/// Moves a card before or after a neighbour in a column, or to the end of the column. A move without
/// any actual change writes nothing.
pub async fn move_to(
    services: &Services,
    mutation: Mutation,
    card: CardId,
    expected_version: Option<i64>,
    wanted: CardMove,
) -> Result<(Card, AuthorizedBoard)> {
    once(
        services,
        mutation,
        (card, expected_version, wanted),
        async |tx, (viewer, (card, expected_version, wanted))| {
            let (mut board, card) = lock_card(tx, *viewer, *card).await?;
            check_version(&card, *expected_version)?;
            let Some(rank) = order::place(&mut board, &card, wanted).await? else {
                return finish(board, card).await;
            };
            let (from, to) = (card.column, wanted.column);
            let event =
                EventPayload::CardMoved { card: card.id, from, to, rank: Some(rank.clone()) };
            let new = Card { column: to, rank, ..card.clone() };
            let card = save(&mut board, &card, new, event);
            finish(board, card).await
        },
    )
    .await
}

/// Moves a card to the trash. Returns its board.
pub async fn delete(
    services: &Services,
    mutation: Mutation,
    card: CardId,
    expected_version: Option<i64>,
) -> Result<AuthorizedBoard> {
    once(
        services,
        mutation,
        (card, expected_version),
        async |tx, (viewer, (card, expected_version))| {
            let (mut board, card) = lock_card(tx, *viewer, *card).await?;
            check_version(&card, *expected_version)?;
            let event = EventPayload::CardDeleted { card: card.id, title: excerpt(&card.title) };
            let new = Card { deleted_at: Some(board.now()), ..card.clone() };
            save(&mut board, &card, new, event);
            board.finish(Subject::Board).await
        },
    )
    .await
}

/// Restores a card from the trash to the end of its column. A card that is not in the trash is returned
/// unchanged.
pub async fn restore(
    services: &Services,
    mutation: Mutation,
    card: CardId,
) -> Result<(Card, AuthorizedBoard)> {
    once(services, mutation, card, async |tx, (viewer, id)| {
        let (board, deleted) = cards::board_of(tx, *id).await?.ok_or_else(missing)?;
        let locked = lock_board_of(tx, viewer.key, board, missing).await;
        let mut board: BoardTx<Editor> = locked.map_err(|error| match error {
            // Does not reveal the contents of the trash to users who may not see it.
            Error::Forbidden { .. } if deleted => missing(),
            other => other,
        })?;
        let card = cards::find_on(&mut board, *id).await?.ok_or_else(missing)?;
        if card.deleted_at.is_none() {
            return finish(board, card).await;
        }
        let rank = order::end_of(&mut board, card.column).await?;
        let event = EventPayload::CardRestored { card: card.id };
        let new = Card { rank, deleted_at: None, ..card.clone() };
        let card = save(&mut board, &card, new, event);
        finish(board, card).await
    })
    .await
}

fn save(board: &mut BoardTx<'_, Editor>, old: &Card, new: Card, event: EventPayload) -> Card {
    card_writes::save(board, old, new, &LabelsDelta::default(), vec![event])
}

/// Ends a mutation whose payload shows the card.
pub(super) async fn finish(
    board: BoardTx<'_, Editor>,
    card: Card,
) -> Result<(Card, AuthorizedBoard)> {
    let subject = Subject::Card(card.id);
    Ok((card, board.finish(subject).await?))
}

fn missing() -> Error {
    Error::not_found("card").at("cardId")
}

/// CONFLICT if the card's version is not the expected one.
fn check_version(card: &Card, expected: Option<i64>) -> Result<()> {
    match expected {
        Some(expected) if expected != card.version => {
            Err(Error::outdated(card.version)).at("expectedVersion")
        }
        _ => Ok(()),
    }
}

/// Locks the board of a card and returns the card as read under the lock. NOT_FOUND if the card is in
/// the trash.
pub(super) async fn lock_card(
    tx: &mut Tx,
    viewer: Viewer,
    card: CardId,
) -> Result<(BoardTx<'_, Editor>, Card)> {
    lock::lock_card(tx, viewer.key, card).await?.ok_or_else(missing)
}
