//! Mails that have to be sent. Several instances may send them: each mail is leased before it is sent, so that it is sent
//! again if the instance crashes.

use diesel::prelude::*;

use super::db::{Conn, Tx};
use super::dsl::{ColumnTypes, Statement};
use super::rows::OutboxRow;
use super::schema::outbox;
use crate::domain::{Error, QueuedMail, Result, Timestamp};

/// A mail that was leased. A newer instance may have queued it, so its content may not be known here.
pub struct LeasedMail {
    /// The key of its row.
    pub id: i64,
    /// The address as it was entered.
    pub email: String,
    /// What it is about, as JSON.
    pub content: String,
    /// When it was queued.
    pub created_at: Timestamp,
    /// How often it has been leased, this time included.
    pub attempts: i64,
}

/// Queues a mail.
pub async fn insert(tx: &mut Tx, mail: &QueuedMail) -> Result<()> {
    let content = serde_json::to_string(&mail.content)
        .map_err(|_| Error::defect("the content of a mail is no JSON"))?;
    let now = tx.now();
    let values = (
        outbox::email.eq(mail.email.clone()),
        outbox::content.eq(content),
        outbox::created_at.eq(now),
        outbox::due_at.eq(now),
        outbox::attempts.eq(0),
    );
    tx.execute(diesel::insert_into(outbox::table).values(values)).await?;
    Ok(())
}

/// Whether a mail is due.
pub async fn any_due(conn: &mut Conn, now: Timestamp) -> Result<bool> {
    let one = outbox::table.filter(outbox::due_at.le(now)).select(outbox::id).limit(1);
    let found: Option<i64> = conn.first(one).await?;
    Ok(found.is_some())
}

/// Leases the mail that is due longest until this time; `None` if none is due.
pub async fn lease(tx: &mut Tx, until: Timestamp) -> Result<Option<LeasedMail>> {
    let now = tx.now();
    let statement = Statement::<ColumnTypes<OutboxRow>>::new()
        .sql("UPDATE outbox SET attempts = attempts + 1, due_at = ")
        .time(until)
        .sql(" WHERE id = (SELECT id FROM outbox WHERE due_at <= ")
        .time(now)
        .sql(" ORDER BY due_at LIMIT 1")
        .either(" FOR UPDATE SKIP LOCKED", "")
        .sql(") RETURNING ")
        .columns::<OutboxRow>();
    let rows: Vec<OutboxRow> = tx.write_returning(statement).await?;
    Ok(rows.into_iter().next().map(|row| {
        let OutboxRow { id, email, content, created_at, attempts } = row;
        LeasedMail { id, email, content, created_at, attempts }
    }))
}

/// Deletes a mail that was sent, or that cannot be sent.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute(diesel::delete(outbox::table.find(id))).await?;
    Ok(())
}

/// Sets when a mail is sent again.
pub async fn postpone(tx: &mut Tx, id: i64, until: Timestamp) -> Result<()> {
    tx.execute(diesel::update(outbox::table.find(id)).set(outbox::due_at.eq(until))).await?;
    Ok(())
}

/// Deletes all mails.
pub async fn delete_all(tx: &mut Tx) -> Result<()> {
    tx.execute(diesel::delete(outbox::table)).await?;
    Ok(())
}
