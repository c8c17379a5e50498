//! Cards.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::access::{AuthorizedBoard, BoardAccess, BoardWithAccess, with_access};
use super::db::Conn;
use super::dsl::{LongTexts, Statement, columns, select_with};
use super::lock::{BoardTx, Edits};
use super::rows::CardRow;
use super::schema::cards;
use crate::domain::{BoardId, Card, CardId, Result, UserKey};

/// The cards with these keys that the user may see, each with its board.
pub async fn find(
    conn: &mut Conn,
    user: UserKey,
    ids: &[CardId],
    texts: LongTexts,
) -> Result<Vec<(Card, AuthorizedBoard)>> {
    type Row = (CardRow, BoardWithAccess);
    let statement = select_with::<Row>(texts)
        .sql(" FROM cards")
        .on_boards_of(user, "cards.board_id")
        .sql(" AND cards.deleted_at IS NULL AND cards.id")
        .in_numbers(ids.iter().map(|id| id.0).collect());
    let rows: Vec<Row> = conn.load(statement).await?;
    Ok(rows.into_iter().map(|(card, board)| (card.into(), with_access(board))).collect())
}

/// The board that a card is on, and whether the card is in the trash. The board's lock checks the permission.
pub async fn board_of(conn: &mut Conn, card: CardId) -> Result<Option<(BoardId, bool)>> {
    let query =
        cards::table.find(card.0).select((cards::board_id, cards::deleted_at.is_not_null()));
    let row: Option<(i64, bool)> = conn.first(query).await?;
    Ok(row.map(|(board, deleted)| (BoardId(board), deleted)))
}

/// A card of the board, which may be in the trash.
pub async fn find_on(board: &mut BoardTx<'_, impl Edits>, id: CardId) -> Result<Option<Card>> {
    let query = cards::table
        .find(id.0)
        .filter(cards::board_id.eq(board.id().0))
        .select(columns::<CardRow>());
    let row: Option<CardRow> = board.conn().first(query).await?;
    Ok(row.map(Card::from))
}

/// The cards with these keys that are on these boards and not in the trash.
pub async fn on_boards(
    conn: &mut Conn,
    cards: &[(BoardAccess, CardId)],
    texts: LongTexts,
) -> Result<Vec<Card>> {
    let statement = select_with::<CardRow>(texts)
        .sql(" FROM cards WHERE cards.deleted_at IS NULL AND cards.id")
        .in_numbers(cards.iter().map(|(_, card)| card.0).collect())
        .sql(" AND cards.board_id")
        .in_numbers(cards.iter().map(|(board, _)| board.board_id().0).collect());
    let rows: Vec<CardRow> = conn.load(statement).await?;
    Ok(rows.into_iter().map(Card::from).collect())
}

/// The descriptions of cards on these boards, which may be in the trash.
pub async fn descriptions(
    conn: &mut Conn,
    cards: &[(BoardAccess, CardId)],
) -> Result<HashMap<CardId, Arc<str>>> {
    let statement = Statement::<(BigInt, Text)>::new()
        .sql("SELECT cards.id, cards.description FROM cards WHERE cards.id")
        .in_numbers(cards.iter().map(|(_, card)| card.0).collect())
        .sql(" AND cards.board_id")
        .in_numbers(cards.iter().map(|(board, _)| board.board_id().0).collect());
    let rows: Vec<(i64, String)> = conn.load(statement).await?;
    Ok(rows.into_iter().map(|(card, text)| (CardId(card), text.into())).collect())
}
