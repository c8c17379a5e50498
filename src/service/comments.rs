//! Comments on cards: write, change and delete one's own; an ADMIN may delete any.

use super::Services;
use super::cards::lock_card;
use crate::domain::{
    At, Card, CardId, Comment, CommentBody, CommentId, Error, EventPayload, Result, Right,
    Timestamp, Viewer,
};
use crate::store::access::AuthorizedBoard;
use crate::store::locks::BoardEditor;
use crate::store::{Tx, comments, events};

/// Comments on a card; answers the comment, the card and its board.
pub async fn add(
    services: &Services,
    viewer: Viewer,
    card: CardId,
    body: CommentBody,
) -> Result<(Comment, Card, AuthorizedBoard)> {
    services
        .db
        .write((viewer, card, body), async |tx, (viewer, card, body)| {
            let (mut locked, card) = lock_card(tx, *viewer, *card).await?;
            let now = Timestamp::now();
            let comment = comments::insert(tx, &locked, &card, body, now).await?;
            let event = EventPayload::CommentAdded { card: card.id, comment: comment.id };
            events::record(tx, &mut locked, &[event], now).await?;
            Ok((comment, card, locked.authorized()))
        })
        .await
}

/// Writes one's own comment anew.
pub async fn update(
    services: &Services,
    viewer: Viewer,
    comment: CommentId,
    body: CommentBody,
) -> Result<(Comment, Card, AuthorizedBoard)> {
    services
        .db
        .write((viewer, comment, body), async |tx, (viewer, comment, body)| {
            let (mut locked, comment, card) = lock_comment(tx, *viewer, *comment).await?;
            if comment.author != Some(viewer.key) {
                return Err(Error::forbidden("Only its author may change a comment."));
            }
            if comment.body.as_deref() == Some(body.as_str()) {
                tx.discard();
                return Ok((comment, card, locked.authorized()));
            }
            let now = Timestamp::now();
            let comment = comments::update(tx, &locked, comment.id, body, now).await?;
            let event = EventPayload::CommentUpdated { card: comment.card_id, comment: comment.id };
            events::record(tx, &mut locked, &[event], now).await?;
            Ok((comment, card, locked.authorized()))
        })
        .await
}

/// Deletes one's own comment or, as an ADMIN, any; answers the card it was about.
pub async fn delete(
    services: &Services,
    viewer: Viewer,
    comment: CommentId,
) -> Result<(Card, AuthorizedBoard)> {
    services
        .db
        .write((viewer, comment), async |tx, (viewer, comment)| {
            let (mut locked, comment, card) = lock_comment(tx, *viewer, *comment).await?;
            if comment.author != Some(viewer.key) {
                locked.access().require(Right::Moderate)?;
            }
            comments::delete(tx, &locked, comment.id).await?;
            let event = EventPayload::CommentDeleted { card: comment.card_id, comment: comment.id };
            events::record(tx, &mut locked, &[event], Timestamp::now()).await?;
            Ok((card, locked.authorized()))
        })
        .await
}

/// Takes the lock of the board that a comment is on; answers the comment and its card as they are under
/// the lock.
async fn lock_comment(
    tx: &mut Tx,
    viewer: Viewer,
    comment: CommentId,
) -> Result<(BoardEditor, Comment, Card)> {
    let missing = || Error::not_found("comment").at("commentId");
    let card = comments::card_of(tx, comment).await?.ok_or_else(missing)?;
    let locked = lock_card(tx, viewer, card).await;
    let (locked, card) = locked.map_err(|error| error.not_found_as(missing))?;
    let found = comments::find_on(tx, &locked, comment).await?;
    Ok((locked, found.ok_or_else(missing)?, card))
}
