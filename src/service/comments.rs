//! Creating, changing and deleting comments. Authors can change and delete their own comments; an
//! ADMIN can delete any.

use super::Services;
use super::cards::{finish, lock_card};
use super::once::once;
use crate::domain::{
    At, Card, CardId, Comment, CommentBody, CommentId, Error, Mutation, Result, Right, Subject,
    Viewer, rejection,
};
use crate::store::access::AuthorizedBoard;
use crate::store::lock::{BoardTx, Editor};
use crate::store::{Tx, comments};

/// Adds a comment to a card. Returns the comment, the card and its board.
pub async fn add(
    services: &Services,
    mutation: Mutation,
    card: CardId,
    body: CommentBody,
) -> Result<(Comment, Card, AuthorizedBoard)> {
    once(services, mutation, (card, body), async |tx, (viewer, (card, body))| {
        let (mut board, card) = lock_card(tx, *viewer, *card).await?;
        let comment = comments::insert(&mut board, &card, body).await?;
        let subject = Subject::Comment(comment.id);
        Ok((comment, card, board.finish(subject).await?))
    })
    .await
}

/// Replaces the text of the viewer's own comment. FORBIDDEN for comments of other users. An update
/// without any actual change writes nothing.
pub async fn update(
    services: &Services,
    mutation: Mutation,
    comment: CommentId,
    body: CommentBody,
) -> Result<(Comment, Card, AuthorizedBoard)> {
    once(services, mutation, (comment, body), async |tx, (viewer, (comment, body))| {
        let (mut board, comment, card) = lock_comment(tx, *viewer, *comment).await?;
        if comment.author != Some(viewer.key) {
            return Err(rejection::not_the_author());
        }
        let comment = if comment.body.as_deref() == Some(body.as_str()) {
            comment
        } else {
            comments::update(&mut board, comment.id, body).await?
        };
        let subject = Subject::Comment(comment.id);
        Ok((comment, card, board.finish(subject).await?))
    })
    .await
}

/// Deletes the viewer's own comment or, as an ADMIN, any comment. Returns the card of the comment.
pub async fn delete(
    services: &Services,
    mutation: Mutation,
    comment: CommentId,
) -> Result<(Card, AuthorizedBoard)> {
    once(services, mutation, comment, async |tx, (viewer, comment)| {
        let (mut board, comment, card) = lock_comment(tx, *viewer, *comment).await?;
        if comment.author != Some(viewer.key) {
            board.access()?.require(Right::Moderate)?;
        }
        comments::delete(&mut board, &comment).await?;
        finish(board, card).await
    })
    .await
}

/// Locks the board of a comment and returns the comment and its card as read under the lock.
async fn lock_comment(
    tx: &mut Tx,
    viewer: Viewer,
    comment: CommentId,
) -> Result<(BoardTx<'_, Editor>, Comment, Card)> {
    let missing = || Error::not_found("comment").at("commentId");
    let card = comments::card_of(tx, comment).await?.ok_or_else(missing)?;
    let locked = lock_card(tx, viewer, card).await;
    let (mut board, card) = locked.map_err(|error| error.not_found_as(missing))?;
    let found = comments::find_on(&mut board, comment).await?;
    Ok((board, found.ok_or_else(missing)?, card))
}
