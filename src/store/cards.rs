//! Cards.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::prelude::*;

use super::access::{AuthorizedBoard, BoardAccess, BoardWithAccess, with_access};
use super::db::Conn;
use super::dsl::{LongTexts, any_of, columns, selection};
use super::lock::{BoardTx, Edits};
use super::rows::CardRow;
use super::schema::{boards, cards, users_boards};
use crate::domain::{BoardId, Card, CardId, Result, UserKey};

/// The cards with these keys that the user may see, each with its board.
pub async fn find(
    conn: &mut Conn,
    user: UserKey,
    ids: &[CardId],
    texts: LongTexts,
) -> Result<Vec<(Card, AuthorizedBoard)>> {
    type Row = (CardRow, BoardWithAccess);
    let query = cards::table
        .inner_join(boards::table.inner_join(users_boards::table))
        .filter(users_boards::user_id.eq(user.0))
        .filter(boards::deleted_at.is_null())
        .filter(cards::deleted_at.is_null())
        .filter(any_of(cards::id, ids.iter().map(|id| id.0)))
        .select(selection::<Row>(texts));
    let rows: Vec<Row> = conn.load(query).await?;
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
    keys: &[(BoardAccess, CardId)],
    texts: LongTexts,
) -> Result<Vec<Card>> {
    let query = cards::table
        .filter(cards::deleted_at.is_null())
        .filter(any_of(cards::id, keys.iter().map(|(_, card)| card.0)))
        .filter(any_of(cards::board_id, keys.iter().map(|(board, _)| board.board_id().0)))
        .select(selection::<CardRow>(texts));
    let rows: Vec<CardRow> = conn.load(query).await?;
    Ok(rows.into_iter().map(Card::from).collect())
}

/// The descriptions of cards on these boards, which may be in the trash.
pub async fn descriptions(
    conn: &mut Conn,
    keys: &[(BoardAccess, CardId)],
) -> Result<HashMap<CardId, Arc<str>>> {
    let query = cards::table
        .filter(any_of(cards::id, keys.iter().map(|(_, card)| card.0)))
        .filter(any_of(cards::board_id, keys.iter().map(|(board, _)| board.board_id().0)))
        .select((cards::id, cards::description));
    let rows: Vec<(i64, String)> = conn.load(query).await?;
    Ok(rows.into_iter().map(|(card, text)| (CardId(card), text.into())).collect())
}
