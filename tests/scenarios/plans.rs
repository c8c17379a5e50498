//! The query plans of the main queries: each uses an index, on both databases.

use std::sync::Arc;

use diesel::deserialize::QueryableByName;
use diesel::sql_types::Text;
use diesel::{Connection, RunQueryDsl, SqliteConnection};

use crate::support::{Server, scenarios};

scenarios![the_main_queries_go_by_an_index];

/// The purpose of a query, the query with a condition and order like those in `store`, and the index
/// (or one of several) that it must use.
const LOOK_UPS: &[(&str, &str, &str)] = &[
    (
        "a page of a board",
        "SELECT * FROM cards WHERE board_id = 1 AND deleted_at IS NULL AND (column_position, rank, id) > (1, 'a5', 5) ORDER BY column_position, rank, id LIMIT 51",
        "cards_rank",
    ),
    (
        "a page backwards",
        "SELECT * FROM cards WHERE board_id = 1 AND deleted_at IS NULL AND (column_position, rank, id) < (1, 'a5', 5) ORDER BY column_position DESC, rank DESC, id DESC LIMIT 51",
        "cards_rank",
    ),
    (
        "a page of a column",
        "SELECT * FROM cards WHERE board_id = 1 AND column_position = 2 AND deleted_at IS NULL ORDER BY column_position, rank, id LIMIT 51",
        "cards_rank",
    ),
    (
        "cards by time",
        "SELECT * FROM cards WHERE board_id = 1 AND deleted_at IS NULL ORDER BY created_at DESC, id DESC LIMIT 51",
        "cards_created_at",
    ),
    (
        "cards by change",
        "SELECT * FROM cards WHERE board_id = 1 AND deleted_at IS NULL ORDER BY updated_at, id LIMIT 51",
        "cards_updated_at",
    ),
    (
        "cards by title",
        "SELECT * FROM cards WHERE board_id = 1 AND deleted_at IS NULL AND (title_key, id) > ('x', 5) ORDER BY title_key, id LIMIT 51",
        "cards_title",
    ),
    (
        "the trash of a board",
        "SELECT * FROM cards WHERE board_id = 1 AND deleted_at IS NOT NULL ORDER BY deleted_at DESC, id DESC LIMIT 51",
        "cards_deleted",
    ),
    (
        "boards with cards to purge",
        "SELECT DISTINCT cards.board_id FROM cards JOIN boards ON boards.id = cards.board_id WHERE cards.deleted_at < $time AND cards.board_id > 5 AND boards.deleted_at IS NULL ORDER BY cards.board_id LIMIT 100",
        "cards_deleted",
    ),
    (
        "cards to purge",
        "SELECT id FROM cards WHERE board_id = 1 AND deleted_at < $time ORDER BY deleted_at, id LIMIT 100",
        "cards_deleted",
    ),
    (
        "all cards of a board to purge",
        "SELECT id FROM cards WHERE board_id = 1",
        "cards_created_at",
    ),
    (
        "boards to purge",
        "SELECT id FROM boards WHERE deleted_at < $time AND id > 5",
        "boards_deleted",
    ),
    (
        "the last rank of a column",
        "SELECT rank FROM cards WHERE deleted_at IS NULL AND board_id = 1 AND column_position = 2 ORDER BY rank DESC, id DESC LIMIT 1",
        "cards_rank",
    ),
    (
        "the rank of a neighbour",
        "SELECT rank FROM cards WHERE deleted_at IS NULL AND board_id = 1 AND column_position = 2 AND id <> 7 AND (rank, id) > ('a5', 5) ORDER BY rank, id LIMIT 1",
        "cards_rank",
    ),
    (
        "the history of a board",
        "SELECT * FROM board_events WHERE board_id = 1 AND sequence > 5 ORDER BY sequence DESC LIMIT 51",
        "board_events_pkey",
    ),
    (
        "the history of a card",
        "SELECT board_id, sequence FROM board_events WHERE board_id = 1 AND card_id = 7 ORDER BY sequence DESC LIMIT 51",
        "board_events_card",
    ),
    (
        "comments on a card",
        "SELECT * FROM comments WHERE card_id = 7 ORDER BY created_at, id LIMIT 51",
        "comments_card",
    ),
    ("comments of an account", "SELECT * FROM comments WHERE author_id = 1", "comments_author"),
    ("events of an account", "SELECT * FROM board_events WHERE actor_id = 1", "board_events_actor"),
    (
        "labels of cards",
        "SELECT * FROM cards_labels WHERE card_id IN (1, 2, 3)",
        "cards_labels_pkey",
    ),
    ("cards of a label", "SELECT * FROM cards_labels WHERE label_id = 1", "cards_labels_label"),
    (
        "labels of a board",
        "SELECT * FROM labels WHERE board_id IN (1, 2)",
        "labels_board_id_color_key",
    ),
    (
        "membership",
        "SELECT * FROM users_boards WHERE board_id = 1 AND user_id = 1",
        "users_boards_pkey|users_boards_user",
    ),
    ("boards of a user", "SELECT * FROM users_boards WHERE user_id = 1", "users_boards_user"),
    (
        "members by time",
        "SELECT * FROM users_boards WHERE board_id = 1 ORDER BY created_at, user_id LIMIT 51",
        "users_boards_since",
    ),
    ("a user by address", "SELECT * FROM users WHERE email_key = 'x'", "users_email_key_key"),
    (
        "sessions of a user",
        "SELECT * FROM sessions WHERE user_id = 1 AND expires_at > '2026-01-01' AND (created_at, id) < ('2026-01-01', 5) ORDER BY created_at DESC, id DESC LIMIT 51",
        "sessions_user",
    ),
    (
        "sessions that have ended",
        "SELECT id FROM sessions WHERE expires_at <= '2026-01-01' ORDER BY expires_at LIMIT 1000",
        "sessions_expired",
    ),
    ("a refresh token", "SELECT * FROM refresh_tokens WHERE hash = 'x'", "refresh_tokens_pkey"),
    (
        "refresh tokens of a session",
        "SELECT * FROM refresh_tokens WHERE session_id = 1",
        "refresh_tokens_session",
    ),
    (
        "cards to fold anew",
        "SELECT id FROM cards WHERE substr(search_text, 1, 1) <> $char(31) AND id > 5 ORDER BY id LIMIT 100",
        "cards_to_fold",
    ),
    (
        "accounts to fold anew",
        "SELECT * FROM users WHERE $bytes(email_key) > length(email_key) AND id > 5 ORDER BY id LIMIT 100",
        "users_not_ascii",
    ),
    ("a user by public id", "SELECT * FROM users WHERE public_id = 'x'", "users_public_id_key"),
];

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// The name that SQLite gives an index that a constraint creates.
fn sqlite_name(index: &str) -> String {
    match index {
        "board_events_pkey" | "cards_labels_pkey" | "refresh_tokens_pkey" | "users_boards_pkey" => {
            "PRIMARY KEY".into()
        }
        "labels_board_id_color_key" => "sqlite_autoindex_labels_1".into(),
        "users_public_id_key" => "sqlite_autoindex_users_1".into(),
        "users_email_key_key" => "sqlite_autoindex_users_2".into(),
        index => format!("INDEX {index}"),
    }
}

async fn the_main_queries_go_by_an_index(server: Arc<Server>) {
    if let Some(path) = server.database_url.strip_prefix("sqlite://") {
        let mut conn = SqliteConnection::establish(path).unwrap();
        for (what, query, index) in LOOK_UPS {
            let query = query.replace("$time", "5").replace("$char", "char");
            let query = query.replace("$bytes(email_key)", "length(CAST(email_key AS BLOB))");
            let steps: Vec<Step> =
                diesel::sql_query(format!("EXPLAIN QUERY PLAN {query}")).load(&mut conn).unwrap();
            let plan: String = steps.into_iter().map(|step| step.detail + "\n").collect();
            let mut indexes = index.split('|').map(sqlite_name);
            assert!(indexes.any(|name| plan.contains(&name)), "{what}: {plan}");
            assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{what}: {plan}");
        }
        return;
    }
    let config: tokio_postgres::Config = server.database_url.parse().unwrap();
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    // For small tables, PostgreSQL prefers a sequential scan. This test is about which indexes can be
    // used.
    client
        .batch_execute(
            "SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off",
        )
        .await
        .unwrap();
    for (what, query, index) in LOOK_UPS {
        let query = query.replace("$time", "'epoch'").replace("$char", "chr");
        let query = query.replace("$bytes", "octet_length");
        let rows = client.query(&format!("EXPLAIN {query}"), &[]).await.unwrap();
        let plan: String = rows.iter().map(|row| row.get::<_, String>(0) + "\n").collect();
        let mut indexes = index.split('|').map(|index| format!("{index} on"));
        assert!(indexes.any(|name| plan.contains(&name)), "{what}: {plan}");
        assert!(!plan.contains("Seq Scan") && !plan.contains("Sort"), "{what}: {plan}");
    }
}
