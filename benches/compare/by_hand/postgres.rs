//! The hand-written handlers on PostgreSQL: tokio-postgres, with every statement prepared once for each
//! connection, and independent statements pipelined.

use chrono::{DateTime, Utc};
use deadpool::managed::{Manager, Metrics, Pool, RecycleResult};
use futures_util::future::{try_join, try_join4};
use kanban::domain::{BoardId, CardColumn, EmailKey, PublicId, lower_case, search_text};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, NoTls, Row, Statement};

use super::{
    Account, Borne, CONNECTIONS, Card, Changed, Count, Database, Listed, NewCard, PAGE, Page,
    Place, SharedLabel, ShortCard, Titled, Whole, below, board_key, borne, card_id, columns, label,
    labels_in_order, page, taken, time,
};

macro_rules! statements {
    ($($name:ident = $sql:expr;)*) => {
        /// A connection and its prepared statements.
        struct Connection {
            client: Client,
            $($name: Statement,)*
        }

        impl Connection {
            async fn new(client: Client) -> Result<Self, Error> {
                $(let $name = client.prepare($sql).await?;)*
                Ok(Self { client, $($name,)* })
            }
        }
    };
}

/// The board `$1`, if the user `$2` is a member.
const BOARD: &str =
    "FROM boards b JOIN users_boards m ON m.board_id = b.id JOIN users u ON u.id = m.user_id
    WHERE b.id = $1 AND u.public_id = $2 AND b.deleted_at IS NULL";

/// Locks a board and increments its version, if the user `$2` may write.
const LOCK: &str = "UPDATE boards SET version = version + 1, updated_at = $3
    WHERE deleted_at IS NULL AND EXISTS (SELECT FROM users_boards m JOIN users u ON u.id = m.user_id
        WHERE m.board_id = boards.id AND u.public_id = $2 AND m.role <> 'VIEWER')";

/// The membership, checked again under the lock.
const MEMBER: &str = "users u JOIN users_boards m ON m.user_id = u.id
    WHERE u.public_id = $2 AND m.board_id = $1 AND m.role <> 'VIEWER'";

const PAGE_OF_CARDS: &str =
    "FROM cards WHERE board_id = $1 AND deleted_at IS NULL AND (column_position, rank, id) > ($2, $3, $4)
    ORDER BY column_position, rank, id LIMIT $5";

statements! {
    board = &format!("SELECT b.title {BOARD}");
    boards = "SELECT b.id, b.title,
        (SELECT count(*) FROM cards c WHERE c.board_id = b.id AND c.deleted_at IS NULL)
        FROM users u JOIN users_boards m ON m.user_id = u.id JOIN boards b ON b.id = m.board_id
        WHERE u.public_id = $1 AND b.deleted_at IS NULL ORDER BY b.created_at DESC, b.id DESC LIMIT 10";
    labels_of = "SELECT board_id, id, color, name FROM labels WHERE board_id = ANY($1)";
    whole = &format!("SELECT b.title, b.version {BOARD}");
    cards = "SELECT id, title, description, column_position, rank, version, created_at, updated_at
        FROM cards WHERE board_id = $1 AND deleted_at IS NULL ORDER BY column_position, rank, id";
    labels = "SELECT id, color, name FROM labels WHERE board_id = $1";
    // By the seven labels of the board instead of by its cards.
    bearing = "SELECT cl.card_id, cl.label_id FROM labels l JOIN cards_labels cl ON cl.label_id = l.id
        WHERE l.board_id = $1";
    page = &format!(r#"SELECT id, title, "column", column_position, rank, updated_at {PAGE_OF_CARDS}"#);
    bearing_of_page = &format!(
        "SELECT card_id, label_id FROM cards_labels WHERE card_id = ANY(ARRAY(SELECT id {PAGE_OF_CARDS}))");
    lock = &format!("{LOCK} AND id = $1 RETURNING version");
    lock_with_card = &format!(r#"WITH b AS (
            {LOCK} AND id = (SELECT board_id FROM cards WHERE id = $1) RETURNING version, id
        ) SELECT b.version, b.id, u.id, c.title, c.description, c."column"
        FROM b JOIN cards c ON c.id = $1 AND c.deleted_at IS NULL
        JOIN users_boards m ON m.board_id = b.id AND m.role <> 'VIEWER'
        JOIN users u ON u.id = m.user_id AND u.public_id = $2
        FOR SHARE OF m FOR NO KEY UPDATE OF c"#);
    end = &format!("SELECT u.id, (SELECT rank FROM cards
            WHERE board_id = $1 AND column_position = $3 AND deleted_at IS NULL
            ORDER BY rank DESC, id DESC LIMIT 1) FROM {MEMBER}");
    create = r#"WITH card AS (
            INSERT INTO cards (board_id, title, title_key, description, search_text, "column", rank, version, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) RETURNING id
        ), borne AS (
            INSERT INTO cards_labels (card_id, label_id, created_at, updated_at)
            SELECT card.id, labels.id, $9, $9 FROM card, labels WHERE labels.board_id = $1 AND labels.color = ANY($11)
        ), event AS (
            INSERT INTO board_events (board_id, sequence, created_at, actor_id, card_id, kind, payload)
            SELECT $1, $8, $9, $10, id, 'CARD_CREATED', '{"card":' || id || '}' FROM card
        ) SELECT id FROM card"#;
    last = "SELECT rank FROM cards WHERE board_id = $1 AND column_position = $2 AND deleted_at IS NULL
        ORDER BY rank DESC, id DESC LIMIT 1";
    update = r#"WITH card AS (
            UPDATE cards SET title = $3, title_key = $4, search_text = $5, version = $6, updated_at = $7
            WHERE id = $2 RETURNING "column", rank
        ), event AS (
            INSERT INTO board_events (board_id, sequence, created_at, actor_id, card_id, kind, payload)
            VALUES ($1, $6, $7, $8, $2, 'CARD_UPDATED', $9)
        ) SELECT "column", rank FROM card"#;
    move_to = r#"WITH card AS (
            UPDATE cards SET "column" = $3, rank = $4, version = $5, updated_at = $6 WHERE id = $2 RETURNING title
        ), event AS (
            INSERT INTO board_events (board_id, sequence, created_at, actor_id, card_id, kind, payload)
            VALUES ($1, $5, $6, $7, $2, 'CARD_MOVED', $8)
        ) SELECT title FROM card"#;
    account = "SELECT id, public_id, password_hash FROM users WHERE email_key = $1";
    session = "WITH session AS (
            INSERT INTO sessions (user_id, created_at, last_used_at, expires_at)
            VALUES ($1, $2, $2, $2::timestamptz + interval '30 days') RETURNING id
        ), token AS (
            INSERT INTO refresh_tokens (hash, session_id) SELECT $3, id FROM session
        ) SELECT id FROM session";
}

struct Connector(String);

impl Manager for Connector {
    type Type = Connection;
    type Error = Error;

    async fn create(&self) -> Result<Connection, Error> {
        let (client, connection) = tokio_postgres::connect(&self.0, NoTls).await?;
        tokio::spawn(connection);
        client.batch_execute("SET plan_cache_mode = force_generic_plan").await?;
        Connection::new(client).await
    }

    async fn recycle(&self, _: &mut Connection, _: &Metrics) -> RecycleResult<Error> {
        Ok(())
    }
}

pub(super) struct Postgres(Pool<Connector>);

impl Postgres {
    pub(super) async fn connect(url: &str) -> Self {
        let pool = Pool::builder(Connector(url.to_owned())).max_size(CONNECTIONS).build().unwrap();
        drop(pool.get().await.unwrap());
        Self(pool)
    }
}

type Params<'p> = &'p [&'p (dyn ToSql + Sync)];

/// Sends BEGIN together with a statement that finds the row to change, as kanban does. Rolls back at
/// once if there is none.
async fn begin(client: &Client, statement: &Statement, params: Params<'_>) -> Option<Row> {
    // Both are sent when they are first polled, which happens in this order.
    let both = try_join(client.batch_execute("BEGIN"), client.query_opt(statement, params)).await;
    match both.unwrap().1 {
        None => roll_back(client).await,
        row => row,
    }
}

async fn roll_back<T>(client: &Client) -> Option<T> {
    client.batch_execute("ROLLBACK").await.unwrap();
    None
}

async fn commit(client: &Client) {
    client.batch_execute("COMMIT").await.unwrap();
}

fn labels(rows: &[Row]) -> Vec<SharedLabel> {
    labels_in_order(rows.iter().map(|row| label(row.get(0), row.get(1), row.get(2))).collect())
}

fn pair(row: &Row) -> (i64, i64) {
    (row.get(0), row.get(1))
}

impl Database for Postgres {
    async fn board(&self, user: String, board: i64) -> Option<Titled> {
        let conn = self.0.get().await.unwrap();
        let row = conn.client.query_opt(&conn.board, &[&board, &user]).await.unwrap()?;
        Some(Titled { id: BoardId(board).to_public(), title: row.get(0) })
    }

    async fn boards(&self, user: String) -> Vec<Listed> {
        let conn = self.0.get().await.unwrap();
        let rows = conn.client.query(&conn.boards, &[&user]).await.unwrap();
        let keys: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
        let mut labels = Borne::new();
        for row in conn.client.query(&conn.labels_of, &[&keys]).await.unwrap() {
            labels.entry(row.get(0)).or_default().push(label(row.get(1), row.get(2), row.get(3)));
        }
        let listed = |row: &Row| Listed {
            id: BoardId(row.get(0)).to_public(),
            title: row.get(1),
            labels: taken(&mut labels, row.get(0)),
            cards: Count { total_count: row.get(2) },
        };
        rows.iter().map(listed).collect()
    }

    async fn whole(&self, user: String, board: i64) -> Option<Whole> {
        let conn = self.0.get().await.unwrap();
        let (member, cards, all, pairs) = try_join4(
            conn.client.query_opt(&conn.whole, &[&board, &user]),
            conn.client.query(&conn.cards, &[&board]),
            conn.client.query(&conn.labels, &[&board]),
            conn.client.query(&conn.bearing, &[&board]),
        )
        .await
        .unwrap();
        let row = member?;
        drop(conn);
        let labels = labels(&all);
        let mut borne = borne(pairs.iter().map(pair), &labels);
        let card = |row: Row| {
            let key = row.get(0);
            let card = Card {
                id: card_id(key),
                title: row.get(1),
                description: row.get(2),
                rank: row.get(4),
                version: row.get(5),
                created_at: time(row.get(6)),
                updated_at: time(row.get(7)),
                labels: taken(&mut borne, key),
            };
            (row.get(3), card)
        };
        let columns = columns(cards.into_iter().map(card).collect());
        let (id, title, version) = (BoardId(board).to_public(), row.get(0), row.get(1));
        Some(Whole { id, title, version, labels, columns })
    }

    async fn page(&self, user: String, board: i64, after: Option<Place>) -> Option<Page> {
        let conn = self.0.get().await.unwrap();
        let Place { column, rank, key } = after.unwrap_or_else(Place::start);
        let place: [&(dyn ToSql + Sync); 5] = [&board, &column, &rank, &key, &(PAGE + 1)];
        let (member, rows, all, pairs) = try_join4(
            conn.client.query_opt(&conn.board, &[&board, &user]),
            conn.client.query(&conn.page, &place),
            conn.client.query(&conn.labels, &[&board]),
            conn.client.query(&conn.bearing_of_page, &place),
        )
        .await
        .unwrap();
        member?;
        let labels = labels(&all);
        let mut borne = borne(pairs.iter().map(pair), &labels);
        let card = |row: Row| {
            let key = row.get(0);
            let card = ShortCard {
                id: card_id(key),
                title: row.get(1),
                column: row.get(2),
                updated_at: time(row.get(5)),
                labels: taken(&mut borne, key),
            };
            (card, Place { column: row.get(3), rank: row.get(4), key })
        };
        Some(page(rows.into_iter().map(card).collect()))
    }

    async fn create(&self, user: String, new: NewCard) -> Option<Changed> {
        let (board, now) = (board_key(&new.board_id), Utc::now());
        let conn = self.0.get().await.unwrap();
        let Connection { client, lock, end, create, .. } = &*conn;
        let version: i64 = begin(client, lock, &[&board, &user, &now]).await?.get(0);
        let place: Params<'_> = &[&board, &user, &new.column.position()];
        let Some(found) = client.query_opt(end, place).await.unwrap() else {
            return roll_back(client).await;
        };
        let (actor, last): (i64, Option<String>) = (found.get(0), found.get(1));
        let rank = below(last);
        let key = lower_case(&new.title);
        let search = search_text(&new.title, &new.description);
        let card = client
            .query_one(
                create,
                &[
                    &board,
                    &new.title,
                    &key,
                    &new.description,
                    &search,
                    &new.column.as_str(),
                    &rank.as_str(),
                    &version,
                    &now,
                    &actor,
                    &new.labels,
                ],
            )
            .await
            .unwrap();
        commit(client).await;
        let (id, column) = (card_id(card.get(0)), new.column.as_str().to_owned());
        Some(Changed { id, title: new.title, column, rank: rank.as_str().to_owned(), version })
    }

    async fn update(&self, user: String, card: i64, title: String) -> Option<Changed> {
        let now = Utc::now();
        let conn = self.0.get().await.unwrap();
        let Connection { client, lock_with_card, update, .. } = &*conn;
        let found = begin(client, lock_with_card, &[&card, &user, &now]).await?;
        let (version, board, actor): (i64, i64, i64) = (found.get(0), found.get(1), found.get(2));
        let (old, description): (String, String) = (found.get(3), found.get(4));
        let key = lower_case(&title);
        let search = search_text(&title, &description);
        let changes = serde_json::json!({
            "card": card, "changes": [{ "field": "title", "from": old, "to": title }],
        });
        let changes = changes.to_string();
        let row = client
            .query_one(
                update,
                &[&board, &card, &title, &key, &search, &version, &now, &actor, &changes],
            )
            .await
            .unwrap();
        commit(client).await;
        Some(Changed { id: card_id(card), title, column: row.get(0), rank: row.get(1), version })
    }

    async fn move_to(&self, user: String, card: i64, column: CardColumn) -> Option<Changed> {
        let now: DateTime<Utc> = Utc::now();
        let conn = self.0.get().await.unwrap();
        let Connection { client, lock_with_card, last, move_to, .. } = &*conn;
        let found = begin(client, lock_with_card, &[&card, &user, &now]).await?;
        let (version, board, actor): (i64, i64, i64) = (found.get(0), found.get(1), found.get(2));
        let from: String = found.get(5);
        let last = client.query_opt(last, &[&board, &column.position()]).await.unwrap();
        let last = last.map(|row| row.get(0));
        let rank = below(last);
        let event = serde_json::json!({ "card": card, "from": from, "to": column }).to_string();
        let row = client
            .query_one(
                move_to,
                &[&board, &card, &column.as_str(), &rank.as_str(), &version, &now, &actor, &event],
            )
            .await
            .unwrap();
        commit(client).await;
        let (rank, column) = (rank.as_str().to_owned(), column.as_str().to_owned());
        Some(Changed { id: card_id(card), title: row.get(0), column, rank, version })
    }

    async fn account(&self, email: String) -> Option<Account> {
        let conn = self.0.get().await.unwrap();
        let row = conn
            .client
            .query_opt(&conn.account, &[&EmailKey::of(&email).as_str()])
            .await
            .unwrap()?;
        Some(Account { key: row.get(0), public_id: row.get(1), hash: row.get(2) })
    }

    async fn begin_session(&self, user: i64, token_hash: String) -> i64 {
        let conn = self.0.get().await.unwrap();
        let row = conn.client.query_one(&conn.session, &[&user, &Utc::now(), &token_hash]).await;
        row.unwrap().get(0)
    }
}
