//! The hand-written handlers on SQLite: rusqlite, with each request in one call on a blocking thread.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use kanban::domain::{BoardId, CardColumn, EmailKey, PublicId, lower_case, search_text};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior};
use tokio::sync::Semaphore;

use super::{
    Account, CONNECTIONS, Card, Changed, Count, Database, Listed, NewCard, PAGE, Page, Place,
    SharedLabel, ShortCard, Titled, Whole, below, board_key, borne, card_id, columns, label,
    labels_in_order, page, taken, time,
};

/// The board `?1`, if the user `?2` is a member.
const BOARD: &str =
    "FROM boards b JOIN users_boards m ON m.board_id = b.id JOIN users u ON u.id = m.user_id
    WHERE b.id = ?1 AND u.public_id = ?2 AND b.deleted_at IS NULL";

/// The user may also write.
const MAY_WRITE: &str = "AND m.role <> 'VIEWER'";

const LABELS: &str = "SELECT id, color, name FROM labels WHERE board_id = ?1";

const PAGE_OF_CARDS: &str =
    "FROM cards WHERE board_id = ?1 AND deleted_at IS NULL AND (column_position, rank, id) > (?2, ?3, ?4)
    ORDER BY column_position, rank, id LIMIT ?5";

const LAST: &str = "SELECT rank FROM cards WHERE board_id = ?1 AND column_position = ?2
    AND deleted_at IS NULL ORDER BY rank DESC, id DESC LIMIT 1";

const VERSION: &str =
    "UPDATE boards SET version = version + 1, updated_at = ?2 WHERE id = ?1 RETURNING version";

const EVENT: &str =
    "INSERT INTO board_events (board_id, sequence, created_at, actor_id, card_id, kind, payload)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

pub(super) struct Sqlite {
    /// One permit for each read connection.
    reading: Semaphore,
    readers: Arc<Mutex<Vec<Connection>>>,
    writer: Arc<Mutex<Connection>>,
}

impl Sqlite {
    pub(super) fn open(path: &str) -> Self {
        let open = || {
            let conn = Connection::open(path).unwrap();
            conn.execute_batch(
                "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
            )
            .unwrap();
            conn.set_prepared_statement_cache_capacity(100);
            conn
        };
        let readers = std::iter::repeat_with(open).take(CONNECTIONS).collect();
        Self {
            reading: Semaphore::new(CONNECTIONS),
            readers: Arc::new(Mutex::new(readers)),
            writer: Arc::new(Mutex::new(open())),
        }
    }

    async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> T {
        let _permit = self.reading.acquire().await;
        let readers = Arc::clone(&self.readers);
        let run = move || {
            let conn = readers.lock().unwrap().pop().unwrap();
            let answer = job(&conn);
            readers.lock().unwrap().push(conn);
            answer.unwrap()
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> T {
        let writer = Arc::clone(&self.writer);
        let run = move || {
            let mut conn = writer.lock().unwrap();
            let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
            let answer = job(&tx).unwrap();
            tx.commit().unwrap();
            answer
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }
}

fn at(micros: i64) -> String {
    time(DateTime::from_timestamp_micros(micros).unwrap())
}

fn labels(conn: &Connection, board: i64) -> rusqlite::Result<Vec<SharedLabel>> {
    let mut found = conn.prepare_cached(LABELS)?;
    let rows = found.query_map([board], |row| Ok(label(row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(labels_in_order(rows.collect::<rusqlite::Result<_>>()?))
}

fn pair(row: &Row<'_>) -> rusqlite::Result<(i64, i64)> {
    Ok((row.get(0)?, row.get(1)?))
}

impl Database for Sqlite {
    async fn board(&self, user: String, board: i64) -> Option<Titled> {
        self.read(move |conn| {
            let mut found = conn.prepare_cached(&format!("SELECT b.title {BOARD}"))?;
            let titled =
                |row: &Row<'_>| Ok(Titled { id: BoardId(board).to_public(), title: row.get(0)? });
            found.query_row((board, user), titled).optional()
        })
        .await
    }

    async fn boards(&self, user: String) -> Vec<Listed> {
        self.read(move |conn| {
            let mut found = conn.prepare_cached(
                // Counts cards for these ten boards only (otherwise SQLite would count before it
                // sorts).
                "SELECT id, title,
                (SELECT count(*) FROM cards c WHERE c.board_id = ten.id AND c.deleted_at IS NULL)
                FROM (SELECT b.id, b.title
                    FROM users u JOIN users_boards m ON m.user_id = u.id JOIN boards b ON b.id = m.board_id
                    WHERE u.public_id = ?1 AND b.deleted_at IS NULL
                    ORDER BY b.created_at DESC, b.id DESC LIMIT 10) AS ten",
            )?;
            let listed = |row: &Row<'_>| {
                let key = row.get(0)?;
                Ok(Listed {
                    id: BoardId(key).to_public(),
                    title: row.get(1)?,
                    labels: labels(conn, key)?,
                    cards: Count { total_count: row.get(2)? },
                })
            };
            found.query_map([user], listed)?.collect()
        })
        .await
    }

    async fn whole(&self, user: String, board: i64) -> Option<Whole> {
        self.read(move |conn| {
            let mut found = conn.prepare_cached(&format!("SELECT b.title, b.version {BOARD}"))?;
            let seen = found.query_row((board, user), |row| Ok((row.get(0)?, row.get(1)?)));
            let Some((title, version)) = seen.optional()? else { return Ok(None) };
            let labels = labels(conn, board)?;
            let mut pairs = conn.prepare_cached(
                "SELECT cl.card_id, cl.label_id FROM labels l JOIN cards_labels cl ON cl.label_id = l.id
                WHERE l.board_id = ?1",
            )?;
            let pairs = pairs.query_map([board], pair)?.collect::<rusqlite::Result<Vec<_>>>()?;
            let mut borne = borne(pairs, &labels);
            let mut cards = conn.prepare_cached(
                "SELECT id, title, description, column_position, rank, version, created_at, updated_at
                FROM cards WHERE board_id = ?1 AND deleted_at IS NULL ORDER BY column_position, rank, id",
            )?;
            let card = |row: &Row<'_>| {
                let key = row.get(0)?;
                let card = Card {
                    id: card_id(key),
                    title: row.get(1)?,
                    description: row.get(2)?,
                    rank: row.get(4)?,
                    version: row.get(5)?,
                    created_at: at(row.get(6)?),
                    updated_at: at(row.get(7)?),
                    labels: taken(&mut borne, key),
                };
                Ok((row.get(3)?, card))
            };
            let cards = cards.query_map([board], card)?.collect::<rusqlite::Result<_>>()?;
            let (id, columns) = (BoardId(board).to_public(), columns(cards));
            Ok(Some(Whole { id, title, version, labels, columns }))
        })
        .await
    }

    async fn page(&self, user: String, board: i64, after: Option<Place>) -> Option<Page> {
        self.read(move |conn| {
            let mut found = conn.prepare_cached(&format!("SELECT 1 {BOARD}"))?;
            if !found.exists((board, user))? {
                return Ok(None);
            }
            let Place { column, rank, key } =
                after.unwrap_or_else(Place::start);
            let labels = labels(conn, board)?;
            let place = (board, column, rank, key, PAGE + 1);
            let mut pairs = conn.prepare_cached(&format!(
                "SELECT card_id, label_id FROM cards_labels WHERE card_id IN (SELECT id {PAGE_OF_CARDS})",
            ))?;
            let pairs = pairs.query_map(place.clone(), pair)?.collect::<rusqlite::Result<Vec<_>>>()?;
            let mut borne = borne(pairs, &labels);
            let mut cards = conn.prepare_cached(&format!(
                r#"SELECT id, title, "column", rank, updated_at, column_position {PAGE_OF_CARDS}"#,
            ))?;
            let card = |row: &Row<'_>| {
                let key = row.get(0)?;
                let card = ShortCard {
                    id: card_id(key),
                    title: row.get(1)?,
                    column: row.get(2)?,
                    updated_at: at(row.get(4)?),
                    labels: taken(&mut borne, key),
                };
                Ok((card, Place { column: row.get(5)?, rank: row.get(3)?, key }))
            };
            let rows = cards.query_map(place, card)?;
            Ok(Some(page(rows.collect::<rusqlite::Result<_>>()?)))
        })
        .await
    }

    async fn create(&self, user: String, new: NewCard) -> Option<Changed> {
        let (board, now) = (board_key(&new.board_id), Utc::now().timestamp_micros());
        self.write(move |tx| {
            let Some((actor, version)) = lock(tx, &user, board, now)? else { return Ok(None) };
            let rank = below(last(tx, board, new.column)?);
            let key = lower_case(&new.title);
            let search = search_text(&new.title, &new.description);
            let mut insert = tx.prepare_cached(
                r#"INSERT INTO cards (board_id, title, title_key, description, search_text, "column", rank, version, created_at, updated_at)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9) RETURNING id"#,
            )?;
            let column = new.column.as_str();
            let card: i64 = insert.query_row(
                (board, &new.title, &key, &new.description, &search, column, rank.as_str(), version, now),
                |row| row.get(0),
            )?;
            let mut bear = tx.prepare_cached(
                "INSERT INTO cards_labels (card_id, label_id, created_at, updated_at)
                SELECT ?1, id, ?2, ?2 FROM labels WHERE board_id = ?3 AND color = ?4",
            )?;
            for color in &new.labels {
                bear.execute((card, now, board, color))?;
            }
            let payload = format!("{{\"card\":{card}}}");
            let event = (board, version, now, actor, card, "CARD_CREATED", payload);
            tx.prepare_cached(EVENT)?.execute(event)?;
            let (id, rank) = (card_id(card), rank.as_str().to_owned());
            Ok(Some(Changed { id, title: new.title, column: column.to_owned(), rank, version }))
        })
        .await
    }

    async fn update(&self, user: String, card: i64, title: String) -> Option<Changed> {
        let now = Utc::now().timestamp_micros();
        self.write(move |tx| {
            let Some(old) = find(tx, card)? else { return Ok(None) };
            let Some((actor, version)) = lock(tx, &user, old.board, now)? else { return Ok(None) };
            let key = lower_case(&title);
            let search = search_text(&title, &old.description);
            let mut update = tx.prepare_cached(
                "UPDATE cards SET title = ?2, title_key = ?3, search_text = ?4, version = ?5, updated_at = ?6
                WHERE id = ?1",
            )?;
            update.execute((card, &title, key, search, version, now))?;
            let changes = serde_json::json!({
                "card": card, "changes": [{ "field": "title", "from": old.title, "to": title }],
            });
            let event = (old.board, version, now, actor, card, "CARD_UPDATED", changes.to_string());
            tx.prepare_cached(EVENT)?.execute(event)?;
            let id = card_id(card);
            Ok(Some(Changed { id, title, column: old.column, rank: old.rank, version }))
        })
        .await
    }

    async fn move_to(&self, user: String, card: i64, column: CardColumn) -> Option<Changed> {
        let now = Utc::now().timestamp_micros();
        self.write(move |tx| {
            let Some(old) = find(tx, card)? else { return Ok(None) };
            let Some((actor, version)) = lock(tx, &user, old.board, now)? else { return Ok(None) };
            let rank = below(last(tx, old.board, column)?);
            let mut update = tx.prepare_cached(
                r#"UPDATE cards SET "column" = ?2, rank = ?3, version = ?4, updated_at = ?5 WHERE id = ?1"#,
            )?;
            update.execute((card, column.as_str(), rank.as_str(), version, now))?;
            let moved = serde_json::json!({ "card": card, "from": old.column, "to": column });
            let event = (old.board, version, now, actor, card, "CARD_MOVED", moved.to_string());
            tx.prepare_cached(EVENT)?.execute(event)?;
            let (rank, column) = (rank.as_str().to_owned(), column.as_str().to_owned());
            Ok(Some(Changed { id: card_id(card), title: old.title, column, rank, version }))
        })
        .await
    }

    async fn account(&self, email: String) -> Option<Account> {
        self.read(move |conn| {
            let mut found = conn.prepare_cached(
                "SELECT id, public_id, password_hash FROM users WHERE email_key = ?1",
            )?;
            let account = |row: &Row<'_>| {
                Ok(Account { key: row.get(0)?, public_id: row.get(1)?, hash: row.get(2)? })
            };
            found.query_row([EmailKey::of(&email).as_str()], account).optional()
        })
        .await
    }

    async fn begin_session(&self, user: i64, token_hash: String) -> i64 {
        let now = Utc::now().timestamp_micros();
        self.write(move |tx| {
            let mut insert = tx.prepare_cached(
                "INSERT INTO sessions (user_id, created_at, last_used_at, expires_at)
                VALUES (?1, ?2, ?2, ?2 + 2592000000000) RETURNING id",
            )?;
            let session = insert.query_row((user, now), |row| row.get(0))?;
            let mut token =
                tx.prepare_cached("INSERT INTO refresh_tokens (hash, session_id) VALUES (?1, ?2)")?;
            token.execute((token_hash, session))?;
            Ok(session)
        })
        .await
    }
}

/// The user's key and the board's next version, if the user may write.
fn lock(tx: &Connection, user: &str, board: i64, now: i64) -> rusqlite::Result<Option<(i64, i64)>> {
    let mut member = tx.prepare_cached(&format!("SELECT u.id {BOARD} {MAY_WRITE}"))?;
    let member = member.query_row((board, user), |row| row.get(0)).optional()?;
    let Some(member) = member else { return Ok(None) };
    let version = tx.prepare_cached(VERSION)?.query_row((board, now), |row| row.get(0))?;
    Ok(Some((member, version)))
}

fn last(tx: &Connection, board: i64, column: CardColumn) -> rusqlite::Result<Option<String>> {
    tx.prepare_cached(LAST)?.query_row((board, column.position()), |row| row.get(0)).optional()
}

struct Found {
    board: i64,
    title: String,
    description: String,
    column: String,
    rank: String,
}

fn find(tx: &Connection, card: i64) -> rusqlite::Result<Option<Found>> {
    let mut found = tx.prepare_cached(
        r#"SELECT board_id, title, description, "column", rank FROM cards
        WHERE id = ?1 AND deleted_at IS NULL"#,
    )?;
    let read = |row: &Row<'_>| {
        Ok(Found {
            board: row.get(0)?,
            title: row.get(1)?,
            description: row.get(2)?,
            column: row.get(3)?,
            rank: row.get(4)?,
        })
    };
    found.query_row([card], read).optional()
}
