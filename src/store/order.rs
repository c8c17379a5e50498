//! The order of cards within a column.

use diesel::sql_types::{BigInt, Text};

use super::locks::BoardEditor;
use super::sql::Statement;
use super::{Tx, bulk};
use crate::domain::{Card, CardColumn, CardId, Direction, Rank, Result, Timestamp};

/// The rank of the last card of a column.
pub async fn last_rank(
    tx: &mut Tx,
    board: &BoardEditor,
    column: CardColumn,
) -> Result<Option<Rank>> {
    first_rank_from(tx, board, column, None, Direction::Descending).await
}

/// The rank of a column's first card, from the top (ascending) or from the end, leaving out one
/// card.
pub async fn end_without(
    tx: &mut Tx,
    board: &BoardEditor,
    column: CardColumn,
    without: CardId,
    direction: Direction,
) -> Result<Option<Rank>> {
    first_rank_from(tx, board, column, Some((without, None)), direction).await
}

/// The rank of the card next to `from` in its column, below (ascending) or above it, leaving out
/// one card.
pub async fn next_without(
    tx: &mut Tx,
    board: &BoardEditor,
    from: &Card,
    without: CardId,
    direction: Direction,
) -> Result<Option<Rank>> {
    first_rank_from(tx, board, from.column, Some((without, Some(from))), direction).await
}

async fn first_rank_from(
    tx: &mut Tx,
    board: &BoardEditor,
    column: CardColumn,
    without: Option<(CardId, Option<&Card>)>,
    direction: Direction,
) -> Result<Option<Rank>> {
    let mut statement = of_column::<Text>("SELECT rank", board, column);
    if let Some((without, from)) = without {
        statement = statement.sql(" AND id <> ").number(without.0);
        if let Some(from) = from {
            let compare = if direction == Direction::Ascending { " > (" } else { " < (" };
            statement = statement
                .sql(" AND (rank, id)")
                .sql(compare)
                .text(from.rank.as_str())
                .sql(", ")
                .number(from.id.0)
                .sql(")");
        }
    }
    let order = match direction {
        Direction::Ascending => " ORDER BY rank, id LIMIT 1",
        Direction::Descending => " ORDER BY rank DESC, id DESC LIMIT 1",
    };
    let statement = statement.sql(order);
    Ok(statement.row(tx).await?)
}

fn of_column<ST>(select: &'static str, board: &BoardEditor, column: CardColumn) -> Statement<ST> {
    Statement::new()
        .sql(select)
        .sql(" FROM cards WHERE deleted_at IS NULL AND board_id = ")
        .number(board.id().0)
        .sql(" AND column_position = ")
        .number(column.position())
}

/// Gives all cards of a column but one new ranks that are short, in the order they have. The change
/// gives them this version.
pub async fn rerank_without(
    tx: &mut Tx,
    board: &BoardEditor,
    column: CardColumn,
    without: CardId,
    version: i64,
    now: Timestamp,
) -> Result<()> {
    let statement = of_column::<BigInt>("SELECT id", board, column)
        .sql(" AND id <> ")
        .number(without.0)
        .sql(" ORDER BY rank, id");
    let ids: Vec<i64> = statement.rows(tx).await?;
    bulk::update_ranks(tx, &ids, version, now).await
}
