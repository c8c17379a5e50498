//! The rows that every contestant reads, the same in both databases and in every run.
//!
//! Board 1 has 1,000 cards, board 2 has 10,000 and board 3 has 200. The other boards share the
//! remaining cards. The viewer is a member of the first twenty boards. Boards 11 to 19 are used for
//! writes.

use std::fmt::Write;

use kanban::domain::{CardColumn, LabelColor, Rank, lower_case, search_text};
use tokio_postgres::NoTls;

use self::Value::{Number, Time};

/// The numbers of rows.
#[derive(Clone, Copy)]
pub struct Size {
    pub users: i64,
    pub boards: i64,
    pub cards: i64,
}

impl Size {
    /// The size for most measurements.
    pub const ONE: Self = Self { users: 1_000, boards: 1_000, cards: 200_000 };
    /// Ten times as many rows, to measure how the cost grows.
    pub const TEN: Self = Self { users: 10_000, boards: 10_000, cards: 2_000_000 };
}

/// The boards that are read.
pub const BOARD_OF_1000: i64 = 1;
pub const BOARD_OF_10000: i64 = 2;
pub const BOARD_OF_200: i64 = 3;
/// The first of eight boards that are written to, each by one client.
pub const WRITTEN: i64 = 11;
/// The board that all clients write to.
pub const SHARED: i64 = 19;
/// The number of the viewer's boards.
const OWN_BOARDS: i64 = 20;
/// The number of members of each board.
const MEMBERS: i64 = 5;

pub const EMAIL: &str = "ann@example.com";
pub const PASSWORD: &str = "correct horse";

/// 2026-01-01, in microseconds since 1970.
const START: i64 = 1_767_225_600_000_000;

/// The values of a row. The columns are named in [`TABLES`].
type Row = Vec<Value>;

/// A value of a column.
pub enum Value {
    Null,
    Number(i64),
    Text(String),
    /// Microseconds since 1970.
    Time(i64),
}

fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

/// A table: its name, its columns, and the function that makes its rows.
type Table = (&'static str, &'static str, fn(Size, &mut dyn FnMut(Row)));

/// The tables in the order in which they are filled, because of foreign keys.
const TABLES: [Table; 7] = [
    ("users", "id, public_id, email, email_key, password_hash, created_at, updated_at", users),
    ("boards", "id, title, title_key, description, created_at, updated_at, version", boards),
    ("users_boards", "board_id, user_id, role, created_at, updated_at", members),
    ("labels", "id, board_id, color, name, created_at, updated_at", labels),
    (
        "cards",
        r#"id, board_id, title, title_key, description, search_text, "column", rank, version, created_at, updated_at"#,
        cards,
    ),
    ("cards_labels", "card_id, label_id, created_at, updated_at", cards_labels),
    (
        "board_events",
        "board_id, sequence, created_at, actor_id, card_id, kind, payload",
        board_events,
    ),
];

/// The number of cards of a board.
pub fn cards_on(size: Size, board: i64) -> i64 {
    match board {
        BOARD_OF_1000 => 1_000,
        BOARD_OF_10000 => 10_000,
        BOARD_OF_200 => 200,
        // The first of the remaining boards have one card more if the division leaves a remainder.
        _ => {
            let (cards, boards) = (size.cards - 11_200, size.boards - 3);
            cards / boards + i64::from(board - 4 < cards % boards)
        }
    }
}

/// The labels of a card, as indexes of colours: every fifth card has none, the others have one to
/// three.
pub fn labels_of(card: i64) -> Vec<i64> {
    let count = [0, 1, 2, 3, 2][at(card, 5)];
    let mut places: Vec<i64> = (0..count).map(|n| (card / 5 + 3 * n) % 7).collect();
    places.sort_unstable();
    places
}

/// The title of a card.
pub fn title_of(card: i64) -> String {
    format!("Card {card}: look after the {} of the {}", NOUNS[at(card, 8)], NOUNS[at(card / 8, 8)])
}

const NOUNS: [&str; 8] =
    ["order page", "Invoice", "search", "log-in", "Übersicht", "mail", "export", "start page"];

fn at(number: i64, of: i64) -> usize {
    usize::try_from(number % of).unwrap()
}

fn description_of(card: i64) -> String {
    "It does *not* do what it should; see the notes of last week. "
        .repeat(usize::try_from(card % 5).unwrap())
}

/// The ID of the first card of a board.
pub fn first_card(size: Size, board: i64) -> i64 {
    1 + (1..board).map(|before| cards_on(size, before)).sum::<i64>()
}

/// The creation time of a board.
fn made(board: i64) -> i64 {
    START + board * 1_000_000
}

/// The cards of a board: IDs, positions from 1, and creation times.
fn cards_of(size: Size, board: i64) -> impl Iterator<Item = (i64, i64, i64)> {
    let before = first_card(size, board) - 1;
    (1..=cards_on(size, board))
        .map(move |place| (before + place, place, made(board) + place * 1000))
}

/// The ID of a board's label, by its position from 0.
fn label(board: i64, place: i64) -> i64 {
    (board - 1) * 7 + place + 1
}

fn users(size: Size, put: &mut dyn FnMut(Row)) {
    for user in 2..=size.users {
        let email = format!("user{user}@example.com");
        let (id, time) = (format!("user_{user:022}"), || Time(START + user));
        let hash = text("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAA");
        put(vec![Number(user), text(id), text(&email), text(&email), hash, time(), time()]);
    }
}

fn boards(size: Size, put: &mut dyn FnMut(Row)) {
    for board in 1..=size.boards {
        let title = format!("Board {board}");
        let key = lower_case(&title);
        let (description, version) = (text("What is to do."), Number(cards_on(size, board) + 1));
        let time = || Time(made(board));
        put(vec![Number(board), text(title), text(key), description, time(), time(), version]);
    }
}

fn members(size: Size, put: &mut dyn FnMut(Row)) {
    for board in 1..=size.boards {
        for place in 0..MEMBERS {
            let viewer = board <= OWN_BOARDS && place == 0;
            let user = if viewer { 1 } else { 2 + (board * 7 + place * 31) % (size.users - 1) };
            let role = text(if place == 0 { "ADMIN" } else { "MEMBER" });
            put(vec![Number(board), Number(user), role, Time(made(board)), Time(made(board))]);
        }
    }
}

fn labels(size: Size, put: &mut dyn FnMut(Row)) {
    for board in 1..=size.boards {
        for (place, color) in (0..).zip(LabelColor::ALL) {
            let (id, color) = (Number(label(board, place)), text(color.as_str()));
            let name = text(format!("label {}", place + 1));
            put(vec![id, Number(board), color, name, Time(made(board)), Time(made(board))]);
        }
    }
}

fn cards(size: Size, put: &mut dyn FnMut(Row)) {
    for board in 1..=size.boards {
        let mut ranks: [Option<Rank>; 4] = [None, None, None, None];
        for (card, n, time) in cards_of(size, board) {
            let place = at(n, 4);
            let rank = Rank::between(ranks[place].as_ref(), None).unwrap();
            let (title, description) = (title_of(card), description_of(card));
            let key = lower_case(&title);
            let search = search_text(&title, &description);
            put(vec![
                Number(card),
                Number(board),
                text(title),
                text(key),
                text(description),
                text(search),
                text(CardColumn::ALL[place].as_str()),
                text(rank.as_str()),
                Number(n + 1),
                Time(time),
                Time(time),
            ]);
            ranks[place] = Some(rank);
        }
    }
}

fn cards_labels(size: Size, put: &mut dyn FnMut(Row)) {
    for board in 1..=size.boards {
        for (card, _, time) in cards_of(size, board) {
            for place in labels_of(card) {
                put(vec![Number(card), Number(label(board, place)), Time(time), Time(time)]);
            }
        }
    }
}

fn board_events(size: Size, put: &mut dyn FnMut(Row)) {
    let mut event =
        |board: i64, sequence: i64, time: i64, card: Value, kind: &str, payload: String| {
            let (board, sequence, actor) = (Number(board), Number(sequence), Number(1));
            put(vec![board, sequence, Time(time), actor, card, text(kind), text(payload)]);
        };
    for board in 1..=size.boards {
        event(board, 1, made(board), Value::Null, "BOARD_CREATED", "{}".into());
        for (card, n, time) in cards_of(size, board) {
            let payload = format!("{{\"card\":{card}}}");
            event(board, n + 1, time, Number(card), "CARD_CREATED", payload);
        }
    }
}

/// Fills a PostgreSQL database that holds only the viewer's account.
pub async fn fill_postgres(url: &str, size: Size) {
    use futures_util::SinkExt;
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    for (table, columns, rows) in TABLES {
        let copy = format!("COPY {table} ({columns}) FROM STDIN WITH (FORMAT csv)");
        let sink = client.copy_in::<_, std::io::Cursor<Vec<u8>>>(&copy).await.unwrap();
        let mut sink = std::pin::pin!(sink);
        let mut chunks = vec![String::new()];
        rows(size, &mut |row| {
            let last = chunks.last_mut().unwrap();
            let fields: Vec<String> = row.iter().map(field).collect();
            writeln!(last, "{}", fields.join(",")).unwrap();
            if last.len() > 1 << 20 {
                chunks.push(String::new());
            }
        });
        for chunk in chunks {
            sink.send(std::io::Cursor::new(chunk.into_bytes())).await.unwrap();
        }
        sink.finish().await.unwrap();
    }
    let next = |table: &str| {
        format!(
            "SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}));"
        )
    };
    let sequences: String = ["users", "boards", "labels", "cards"].map(next).concat();
    for sql in [&*sequences, "VACUUM ANALYZE", "CHECKPOINT"] {
        client.batch_execute(sql).await.unwrap();
    }
}

/// Fills an SQLite file that holds only the viewer's account.
pub fn fill_sqlite(path: &str, size: Size) {
    let mut conn = rusqlite::Connection::open(path).unwrap();
    let transaction = conn.transaction().unwrap();
    for (table, columns, rows) in TABLES {
        let places = vec!["?"; columns.split(',').count()].join(", ");
        let insert = format!("INSERT INTO {table} ({columns}) VALUES ({places})");
        let mut insert = transaction.prepare(&insert).unwrap();
        rows(size, &mut |row| {
            insert.execute(rusqlite::params_from_iter(row)).unwrap();
        });
    }
    transaction.commit().unwrap();
    conn.execute_batch("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        match self {
            Self::Null => rusqlite::types::Null.to_sql(),
            Self::Number(number) | Self::Time(number) => number.to_sql(),
            Self::Text(text) => text.to_sql(),
        }
    }
}

fn field(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => format!("\"{}\"", text.replace('"', "\"\"")),
        Value::Time(time) => format!("{}", kanban::domain::Timestamp::from_micros(*time).unwrap()),
    }
}
