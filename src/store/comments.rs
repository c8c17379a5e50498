//! Comments on cards.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::prelude::*;

use super::access::{AuthorizedBoard, BoardAccess, BoardWithAccess, with_access};
use super::db::Conn;
use super::dsl::{
    Children, ListOrder, LongTexts, Sort, SortColumn, any_of, any_of_each, columns, count_of_each,
    in_order, into_pages, page_of_each, selection,
};
use super::lock::{BoardTx, Edits};
use super::rows::CommentRow;
use super::schema::{boards, cards, comments, users_boards};
use crate::domain::{
    BoardId, Card, CardId, Comment, CommentBody, CommentId, Direction, EventPayload, Page,
    PageRequest, Result, Side, UserKey,
};

/// Adds a comment to a card of the board.
pub async fn insert(
    board: &mut BoardTx<'_, impl Edits>,
    card: &Card,
    body: &CommentBody,
) -> Result<Comment> {
    let now = board.now();
    let command = diesel::insert_into(comments::table)
        .values((
            comments::card_id.eq(card.id.0),
            comments::author_id.eq(board.access()?.user_key().0),
            comments::body.eq(body.as_str().to_owned()),
            comments::created_at.eq(now),
            comments::updated_at.eq(now),
        ))
        .returning(columns::<CommentRow>());
    let card = card.id;
    let event = |row: &CommentRow| EventPayload::CommentAdded { card, comment: CommentId(row.id) };
    let row = board.write_returning(command, event).await?;
    Ok(row.on(board.id()))
}

/// The comment, if its card is on the board.
macro_rules! on_board {
    ($board:expr, $comment:expr) => {{
        let cards = cards::table.filter(cards::board_id.eq($board.0)).select(cards::id);
        comments::table.filter(comments::id.eq($comment.0)).filter(comments::card_id.eq_any(cards))
    }};
}

/// Changes the body of a comment.
pub async fn update(
    board: &mut BoardTx<'_, impl Edits>,
    comment: CommentId,
    body: &CommentBody,
) -> Result<Comment> {
    let changes =
        (comments::body.eq(body.as_str().to_owned()), comments::updated_at.eq(board.now()));
    let command = diesel::update(on_board!(board.id(), comment))
        .set(changes)
        .returning(columns::<CommentRow>());
    let event = |row: &CommentRow| EventPayload::CommentUpdated {
        card: CardId(row.card_id),
        comment: CommentId(row.id),
    };
    let row = board.write_returning(command, event).await?;
    Ok(row.on(board.id()))
}

/// Deletes a comment.
pub async fn delete(board: &mut BoardTx<'_, impl Edits>, comment: &Comment) -> Result<()> {
    let event = EventPayload::CommentDeleted { card: comment.card_id, comment: comment.id };
    let id = comment.id;
    board.write(event, diesel::delete(on_board!(board.id(), id))).await?;
    Ok(())
}

/// A comment on the board.
pub async fn find_on(
    board: &mut BoardTx<'_, impl Edits>,
    comment: CommentId,
) -> Result<Option<Comment>> {
    let id = board.id();
    let query = on_board!(id, comment).select(columns::<CommentRow>());
    let row: Option<CommentRow> = board.conn().first(query).await?;
    Ok(row.map(|comment| comment.on(id)))
}

/// The card of a comment. The lock of its board checks the permission.
pub async fn card_of(conn: &mut Conn, comment: CommentId) -> Result<Option<CardId>> {
    let one = comments::table.find(comment.0).select(comments::card_id);
    let card: Option<i64> = conn.first(one).await?;
    Ok(card.map(CardId))
}

/// The comments with these keys that the user may see, each with its board.
pub async fn find(
    conn: &mut Conn,
    user: UserKey,
    ids: &[CommentId],
    texts: LongTexts,
) -> Result<Vec<(Comment, AuthorizedBoard)>> {
    type Row = (CommentRow, BoardWithAccess);
    let boards = boards::table.inner_join(users_boards::table);
    let query = comments::table
        .inner_join(cards::table.inner_join(boards))
        .filter(users_boards::user_id.eq(user.0))
        .filter(boards::deleted_at.is_null())
        .filter(cards::deleted_at.is_null())
        .filter(any_of(comments::id, ids.iter().map(|id| id.0)))
        .select(selection::<Row>(texts));
    let rows: Vec<Row> = conn.load(query).await?;
    let seen = |(comment, board): Row| {
        let board = with_access(board);
        (comment.on(board.0.id), board)
    };
    Ok(rows.into_iter().map(seen).collect())
}

/// The comments with these keys on cards of these boards.
pub async fn on_boards(
    conn: &mut Conn,
    keys: &[(BoardAccess, CommentId)],
    texts: LongTexts,
) -> Result<Vec<Comment>> {
    let query = comments::table
        .inner_join(cards::table)
        .filter(cards::deleted_at.is_null())
        .filter(any_of(comments::id, keys.iter().map(|(_, comment)| comment.0)))
        .filter(any_of(cards::board_id, keys.iter().map(|(board, _)| board.board_id().0)))
        .select((selection::<CommentRow>(texts), cards::board_id));
    let rows: Vec<(CommentRow, i64)> = conn.load(query).await?;
    Ok(rows.into_iter().map(|(comment, board)| comment.on(BoardId(board))).collect())
}

/// The bodies of comments on cards of these boards.
pub async fn bodies(
    conn: &mut Conn,
    keys: &[(BoardAccess, CommentId)],
) -> Result<HashMap<CommentId, Arc<str>>> {
    let query = comments::table
        .inner_join(cards::table)
        .filter(any_of(comments::id, keys.iter().map(|(_, comment)| comment.0)))
        .filter(any_of(cards::board_id, keys.iter().map(|(board, _)| board.board_id().0)))
        .select((comments::id, comments::body));
    let rows: Vec<(i64, String)> = conn.load(query).await?;
    Ok(rows.into_iter().map(|(comment, text)| (CommentId(comment), text.into())).collect())
}

const ON_CARD: Children =
    Children { table: "comments", key: "comments.id", of_parent: "comments.card_id = p.id" };

const BY_TIME: ListOrder<Comment> = ListOrder {
    list: "comments",
    name: "CREATED_AT",
    by: &[SortColumn::time("comments.created_at", |comment| comment.created_at)],
    tie: "comments.id",
    key: |comment| comment.id.0,
};

/// The order of the comments on a card.
pub const OLDEST_FIRST: Sort<Comment> = BY_TIME.sort(Direction::Ascending);

fn parents(cards: &[(BoardAccess, CardId)]) -> Vec<(i64, i64)> {
    cards.iter().map(|(_, card)| (card.0, 0)).collect()
}

/// A page of the comments on each card, in the order of `cards`.
pub async fn list(
    conn: &mut Conn,
    cards: &[(BoardAccess, CardId)],
    request: &PageRequest,
    texts: LongTexts,
) -> Result<Vec<Page<Comment>>> {
    let statement = page_of_each::<CommentRow, _>(
        &parents(cards),
        &ON_CARD,
        "",
        |statement| statement,
        OLDEST_FIRST,
        request,
        texts,
    );
    let rows: Vec<(i64, CommentRow)> = conn.load(statement).await?;
    let on_board = |(place, comment): (i64, CommentRow)| {
        let (board, _) = cards.get(usize::try_from(place).ok()?)?;
        Some((place, comment.on(board.board_id())))
    };
    Ok(into_pages(rows.into_iter().filter_map(on_board), cards.len(), OLDEST_FIRST, request))
}

/// The number of comments on each card, in the order of `cards`.
pub async fn counts(conn: &mut Conn, cards: &[(BoardAccess, CardId)]) -> Result<Vec<i64>> {
    let statement = count_of_each(&parents(cards), &ON_CARD, |statement| statement);
    let rows: Vec<(i64, i64)> = conn.load(statement).await?;
    Ok(in_order(rows, cards.len()))
}

/// Whether any comment on each card lies beyond a page on this side, in the order of `cards`.
pub async fn any_beyond(
    conn: &mut Conn,
    cards: &[(BoardAccess, CardId)],
    request: &PageRequest,
    side: Side,
) -> Result<Vec<bool>> {
    let all = |statement| statement;
    let statement = any_of_each(&parents(cards), &ON_CARD, all, OLDEST_FIRST, request, side);
    Ok(in_order(conn.load(statement).await?, cards.len()))
}
