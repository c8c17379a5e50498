//! Comments on cards.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;

use super::access::{AuthorizedBoard, BoardAccess};
use super::boards::{BoardWithAccess, with_access};
use super::locks::BoardEditor;
use super::memory_size::MemorySize;
use super::page::{self, Children, Sort};
use super::schema::{cards, comments};
use super::sql::{ColumnTypes, LongTexts, Statement};
use super::{Conn, Tx, sql};
use crate::domain::{
    BoardId, Card, CardId, Comment, CommentBody, CommentId, Direction, Page, PageRequest, Position,
    Result, Side, SortValue, Timestamp, UserKey,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = comments)]
struct CommentRow {
    id: i64,
    card_id: i64,
    author_id: Option<i64>,
    #[diesel(select_expression = comments::body.nullable())]
    #[diesel(select_expression_type = diesel::dsl::Nullable<comments::body>)]
    body: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl MemorySize for CommentRow {
    fn texts(&self) -> usize {
        self.body.texts()
    }
}

impl CommentRow {
    fn on(self, board: BoardId) -> Comment {
        Comment {
            id: CommentId(self.id),
            card_id: CardId(self.card_id),
            board_id: board,
            author: self.author_id.map(UserKey),
            body: self.body,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// Comments on a card of the board.
pub async fn insert(
    tx: &mut Tx,
    board: &BoardEditor,
    card: &Card,
    body: &CommentBody,
    now: Timestamp,
) -> Result<Comment> {
    let row: CommentRow = run!(tx, |c| diesel::insert_into(comments::table)
        .values((
            comments::card_id.eq(card.id.0),
            comments::author_id.eq(board.access().user_id().0),
            comments::body.eq(body.as_str()),
            comments::created_at.eq(now),
            comments::updated_at.eq(now),
        ))
        .returning(CommentRow::as_returning())
        .get_result(c)
        .await)?;
    Ok(row.on(board.id()))
}

/// The comment, if it is about a card on the board.
macro_rules! on_board {
    ($board:expr, $comment:expr) => {{
        let cards = cards::table.filter(cards::board_id.eq($board.id().0)).select(cards::id);
        comments::table.filter(comments::id.eq($comment.0)).filter(comments::card_id.eq_any(cards))
    }};
}

/// Writes a comment on the board anew.
pub async fn update(
    tx: &mut Tx,
    board: &BoardEditor,
    comment: CommentId,
    body: &CommentBody,
    now: Timestamp,
) -> Result<Comment> {
    let row: CommentRow = run!(tx, |c| diesel::update(on_board!(board, comment))
        .set((comments::body.eq(body.as_str()), comments::updated_at.eq(now)))
        .returning(CommentRow::as_returning())
        .get_result(c)
        .await)?;
    Ok(row.on(board.id()))
}

/// Deletes a comment on the board.
pub async fn delete(tx: &mut Tx, board: &BoardEditor, comment: CommentId) -> Result<()> {
    run!(tx, |c| diesel::delete(on_board!(board, comment)).execute(c).await)?;
    Ok(())
}

/// A comment on the board.
pub async fn find_on(
    tx: &mut Tx,
    board: &BoardEditor,
    comment: CommentId,
) -> Result<Option<Comment>> {
    let row: Option<CommentRow> = run!(tx, |c| on_board!(board, comment)
        .select(CommentRow::as_select())
        .first(c)
        .await
        .optional())?;
    Ok(row.map(|comment| comment.on(board.id())))
}

/// Which card a comment is about: for taking the lock of its board, which asks who may.
pub async fn card_of(tx: &mut Tx, comment: CommentId) -> Result<Option<CardId>> {
    let one = comments::table.find(comment.0).select(comments::card_id);
    let card: Option<i64> = run!(tx, |c| one.first(c).await.optional())?;
    Ok(card.map(CardId))
}

/// Those of the comments that are about cards on boards of the user, each with the board.
pub async fn find(
    conn: &mut Conn,
    user: UserKey,
    ids: &[CommentId],
    texts: LongTexts,
) -> Result<Vec<(Comment, AuthorizedBoard)>> {
    type Row = (CommentRow, BoardWithAccess);
    let statement = sql::select_with::<Row>(texts)
        .sql(
            " FROM comments JOIN cards ON cards.deleted_at IS NULL AND cards.id = comments.card_id",
        )
        .on_boards_of(user, "cards.board_id")
        .sql(" AND comments.id")
        .in_numbers(ids.iter().map(|id| id.0).collect());
    let rows: Vec<Row> = statement.rows(conn).await?;
    let seen = |(comment, board): Row| {
        let board = with_access(board);
        (comment.on(board.0.id), board)
    };
    Ok(rows.into_iter().map(seen).collect())
}

/// Those of the comments that are about cards on these boards, whose member is known to be one.
pub async fn on_boards(
    conn: &mut Conn,
    comments: &[(BoardAccess, CommentId)],
    texts: LongTexts,
) -> Result<Vec<Comment>> {
    let statement = Statement::<(ColumnTypes<CommentRow>, BigInt)>::new()
        .sql("SELECT ")
        .columns_with::<CommentRow>(texts)
        .sql(", cards.board_id FROM comments JOIN cards ON cards.deleted_at IS NULL AND cards.id = comments.card_id WHERE comments.id")
        .in_numbers(comments.iter().map(|(_, comment)| comment.0).collect())
        .sql(" AND cards.board_id")
        .in_numbers(comments.iter().map(|(board, _)| board.board_id().0).collect());
    let rows: Vec<(CommentRow, i64)> = statement.rows(conn).await?;
    Ok(rows.into_iter().map(|(comment, board)| comment.on(BoardId(board))).collect())
}

/// The bodies of comments on cards of these boards.
pub async fn bodies(
    conn: &mut Conn,
    comments: &[(BoardAccess, CommentId)],
) -> Result<HashMap<CommentId, Arc<str>>> {
    let statement = Statement::<(BigInt, Text)>::new()
        .sql("SELECT comments.id, comments.body FROM comments JOIN cards ON cards.id = comments.card_id WHERE comments.id")
        .in_numbers(comments.iter().map(|(_, comment)| comment.0).collect())
        .sql(" AND cards.board_id")
        .in_numbers(comments.iter().map(|(board, _)| board.board_id().0).collect());
    let rows: Vec<(i64, String)> = statement.rows(conn).await?;
    Ok(rows.into_iter().map(|(comment, text)| (CommentId(comment), text.into())).collect())
}

const ON_CARD: Children =
    Children { table: "comments", key: "comments.id", of_parent: "comments.card_id = p.id" };

const OLDEST_FIRST: Sort =
    Sort { by: &["comments.created_at"], tie: "comments.id", direction: Direction::Ascending };

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
    let statement = page::page_of_each::<CommentRow>(
        &parents(cards),
        &ON_CARD,
        "",
        |statement| statement,
        OLDEST_FIRST,
        request,
        texts,
    );
    let rows: Vec<(i64, CommentRow)> = statement.rows(conn).await?;
    let pages = page::into_pages(rows, cards.len(), request);
    let on_board = |(page, (board, _)): (Page<CommentRow>, &(BoardAccess, CardId))| {
        page.map(|comment| comment.on(board.board_id()))
    };
    Ok(pages.into_iter().zip(cards).map(on_board).collect())
}

/// How many comments there are on each card, in the order of `cards`.
pub async fn counts(conn: &mut Conn, cards: &[(BoardAccess, CardId)]) -> Result<Vec<i64>> {
    let statement = page::count_of_each(&parents(cards), &ON_CARD, |statement| statement);
    let rows: Vec<(i64, i64)> = statement.rows(conn).await?;
    Ok(page::in_order(rows, cards.len()))
}

/// Whether any comment on each card lies beyond a page on this side, in the order of `cards`.
pub async fn any_beyond(
    conn: &mut Conn,
    cards: &[(BoardAccess, CardId)],
    request: &PageRequest,
    side: Side,
) -> Result<Vec<bool>> {
    let all = |statement| statement;
    let statement = page::any_of_each(&parents(cards), &ON_CARD, all, OLDEST_FIRST, request, side);
    Ok(page::in_order(statement.rows(conn).await?, cards.len()))
}

/// The place of a comment in its list.
pub fn position(comment: &Comment) -> Position {
    Position { values: vec![SortValue::Time(comment.created_at)], key: comment.id.0 }
}
