//! Receipts of mutations, which make retries safe (ADR 90).

use diesel::prelude::*;

use super::db::{Conn, MemorySize, Tx};
use super::dsl::{Write, columns, row};
use super::schema::mutation_receipts;
use crate::domain::{BoardId, Error, MutationId, Receipt, Result, Subject, Timestamp, UserKey};

row! {
    ReceiptRow of mutation_receipts {
        input_hash: String,
        board_id: i64,
        subject: String,
        created_at: Timestamp
    }
}

impl MemorySize for ReceiptRow {
    fn text_bytes(&self) -> usize {
        self.input_hash.len() + self.subject.len()
    }
}

/// The statement that stores a receipt. `events` are the first and the last sequence number of the mutation. If there is a
/// receipt with this ID, it fails with `Repeated`.
pub(super) fn insert(
    user: UserKey,
    id: &MutationId,
    board: BoardId,
    subject: &Subject,
    events: Option<(i64, i64)>,
    now: Timestamp,
) -> Result<Write> {
    let subject = serde_json::to_string(subject)
        .map_err(|_| Error::defect("the subject of a receipt is no JSON"))?;
    let statement = Write::new()
        .sql("INSERT INTO mutation_receipts (user_id, client_mutation_id, input_hash, board_id, subject, first_sequence, last_sequence, created_at) VALUES (")
        .number(user.0)
        .sql(", ")
        .text(id.as_str())
        .sql(", ")
        .text(id.input_hash())
        .sql(", ")
        .number(board.0)
        .sql(", ")
        .text(subject)
        .sql(", ")
        .optional_number(events.map(|(first, _)| first))
        .sql(", ")
        .optional_number(events.map(|(_, last)| last))
        .sql(", ")
        .time(now)
        .sql(")");
    Ok(statement)
}

/// The receipt of a mutation.
pub async fn find(conn: &mut Conn, user: UserKey, id: &MutationId) -> Result<Option<Receipt>> {
    let one = mutation_receipts::table
        .find((user.0, id.as_str().to_owned()))
        .select(columns::<ReceiptRow>());
    let row: Option<ReceiptRow> = conn.first(one).await?;
    row.map(receipt).transpose()
}

fn receipt(row: ReceiptRow) -> Result<Receipt> {
    let ReceiptRow { input_hash, board_id, subject, created_at } = row;
    let subject = serde_json::from_str(&subject).map_err(|error| {
        tracing::error!(%error, "a receipt cannot be read");
        Error::Internal
    })?;
    Ok(Receipt { input_hash, board: BoardId(board_id), subject, created_at })
}

/// Deletes the receipt of a mutation if it is older than `time`.
pub async fn delete_older(
    tx: &mut Tx,
    user: UserKey,
    id: &MutationId,
    time: Timestamp,
) -> Result<()> {
    let one = mutation_receipts::table
        .find((user.0, id.as_str().to_owned()))
        .filter(mutation_receipts::created_at.lt(time));
    tx.execute(diesel::delete(one)).await?;
    Ok(())
}

/// Deletes at most `limit` receipts that are older than `time`, oldest first. Returns their number.
pub async fn delete_all_older(tx: &mut Tx, time: Timestamp, limit: i64) -> Result<usize> {
    let statement = Write::new()
        .sql("DELETE FROM mutation_receipts WHERE (user_id, client_mutation_id) IN (")
        .sql("SELECT user_id, client_mutation_id FROM mutation_receipts WHERE created_at < ")
        .time(time)
        .sql(" ORDER BY created_at LIMIT ")
        .number(limit)
        .sql(")");
    Ok(tx.execute(statement).await?)
}
