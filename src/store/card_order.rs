//! The order of cards within a column.

use diesel::sql_types::{BigInt, Text};

use super::dsl::{Statement, Write, numbers, texts};
use super::lock::{BoardTx, Edits};
use crate::domain::{
    BoardId, Card, CardColumn, CardId, Direction, Error, EventPayload, Rank, Result,
};

/// The rank of the last card of a column.
pub async fn last_rank(
    board: &mut BoardTx<'_, impl Edits>,
    column: CardColumn,
) -> Result<Option<Rank>> {
    first_rank_from(board, column, None, Direction::Descending).await
}

/// The rank of the first card of a column (ascending) or of its last card, ignoring one card.
pub async fn end_without(
    board: &mut BoardTx<'_, impl Edits>,
    column: CardColumn,
    without: CardId,
    direction: Direction,
) -> Result<Option<Rank>> {
    first_rank_from(board, column, Some((without, None)), direction).await
}

/// The rank of the card after `from` in its column (ascending) or before it, ignoring one card.
pub async fn next_without(
    board: &mut BoardTx<'_, impl Edits>,
    from: &Card,
    without: CardId,
    direction: Direction,
) -> Result<Option<Rank>> {
    first_rank_from(board, from.column, Some((without, Some(from))), direction).await
}

async fn first_rank_from(
    board: &mut BoardTx<'_, impl Edits>,
    column: CardColumn,
    without: Option<(CardId, Option<&Card>)>,
    direction: Direction,
) -> Result<Option<Rank>> {
    let mut statement = of_column::<Text>("SELECT rank", board.id(), column);
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
    Ok(board.conn().first(statement).await?)
}

fn of_column<ST>(select: &'static str, board: BoardId, column: CardColumn) -> Statement<ST> {
    Statement::new()
        .sql(select)
        .sql(" FROM cards WHERE deleted_at IS NULL AND board_id = ")
        .number(board.0)
        .sql(" AND column_position = ")
        .number(column.position())
}

/// Assigns short new ranks to all cards of a column, except one if it is named. Their order stays the same.
pub async fn rerank(
    board: &mut BoardTx<'_, impl Edits>,
    column: CardColumn,
    without: Option<CardId>,
) -> Result<()> {
    let mut statement = of_column::<BigInt>("SELECT id", board.id(), column);
    if let Some(without) = without {
        statement = statement.sql(" AND id <> ").number(without.0);
    }
    let cards: Vec<i64> = board.conn().load(statement.sql(" ORDER BY rank, id")).await?;
    let ranks = Rank::sequence(None, cards.len());
    let ranks = ranks.ok_or_else(|| Error::defect("there are no ranks for a whole column"))?;
    let update = Write::new()
        .sql("UPDATE cards SET version = ")
        .number(board.version_after(1))
        .sql(", updated_at = ")
        .time(board.now())
        .sql(", rank = new.rank FROM ")
        .table(
            "new",
            [
                ("card", numbers(cards, |card| card)),
                ("rank", texts(ranks, |rank| rank.as_str().to_owned())),
            ],
        )
        .sql(" WHERE cards.id = new.card");
    board.write(EventPayload::ColumnReordered { column }, update).await?;
    Ok(())
}
