//! A database of the previous schema version is migrated without loss of data.

use std::sync::Arc;

use kanban::domain::Email;
use kanban::store::users::credentials_by_email;
use serde_json::{Value, json};

use crate::support::{Server, User, column, execute, scenarios};

scenarios![the_core_becomes_a_board_to_work_on_together];

const CORE: [&str; 2] = [
    include_str!("../../migrations/sqlite/2026-11-24-000000_core/up.sql"),
    include_str!("../../migrations/postgres/2026-11-24-000000_core/up.sql"),
];

/// The entry that Diesel makes for the migration that has run.
const NOTED: &str =
    "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL,
        run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
    INSERT INTO __diesel_schema_migrations (version) VALUES ('20261124000000');";

/// Board 1 was created by Ann, who shares it. The creator of board 2 has left, and Bob is its oldest
/// member. The members of board 3 were added at the same time. `t(N)` is a time.
const ROWS: &str = "
    INSERT INTO users (public_id, email, email_key, password_hash, created_at, updated_at) VALUES
        ('0000000000000000000000000000000a', 'ann@example.com', 'ann@example.com', '$hash', t(1), t(1)),
        ('0000000000000000000000000000000b', 'bob@example.com', 'bob@example.com', '$hash', t(1), t(1)),
        ('0000000000000000000000000000000c', 'eve@example.com', 'eve@example.com', '$hash', t(1), t(1));
    INSERT INTO boards (title, title_key, description, created_at, updated_at) VALUES
        ('One', 'one', 'first', t(10), t(70)), ('Two', 'two', '', t(20), t(30)), ('Three', 'three', '', t(5), t(5));
    INSERT INTO users_boards (board_id, user_id, created_at, updated_at) VALUES
        (1, 2, t(12), t(12)), (1, 1, t(10), t(10)), (1, 3, t(13), t(13)),
        (2, 3, t(25), t(25)), (2, 2, t(22), t(22)), (3, 3, t(5), t(5)), (3, 2, t(5), t(5));
    INSERT INTO labels (board_id, color, name, created_at, updated_at) VALUES
        (1, 'RED', 'urgent', t(10), t(10)), (1, 'GRAY', '', t(10), t(10)), (2, 'BLUE', '', t(20), t(20));";

const LABELS_OF_CARDS: &str = "
    INSERT INTO cards_labels (card_id, label_id, created_at, updated_at) VALUES (1, 1, t(50), t(50)), (3, 2, t(50), t(50));";

/// 405 cards of board 1 in three columns, and one deleted card. One column has more than 62 cards, so
/// its ranks differ in more than one base-62 digit.
fn cards() -> String {
    let card = |n: i32| {
        let column = ["DONE", "BACKLOG", "BACKLOG", "DOING"][usize::try_from(n % 4).unwrap()];
        format!(
            "(1, 'card {n}', 'card {n}', 'd', 'card {n}\u{1f}d', '{column}', t({n}), t({}))",
            1000 + n
        )
    };
    let rows: Vec<_> = (1..=406).map(card).collect();
    format!(
        "INSERT INTO cards (board_id, title, title_key, description, search_text, \"column\", created_at, updated_at)
         VALUES {}; DELETE FROM cards WHERE id = 406;",
        rows.join(", ")
    )
}

/// Translates the times to either SQL dialect.
fn translate(sql: &str, sqlite: bool) -> String {
    let mut parts = sql.split("t(");
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let (time, rest) = part.split_once(')').unwrap();
        if time.chars().all(|c| c.is_ascii_digit()) {
            let (before, after) = if sqlite { ("", "000000") } else { ("to_timestamp(", ")") };
            text = text + before + time + after;
            text += rest;
        } else {
            text = text + "t(" + part;
        }
    }
    text
}

async fn the_core_becomes_a_board_to_work_on_together(server: Arc<Server>) {
    // The hash of a known password.
    server.user("somebody").await;
    let address = Email::parse("somebody@example.com").unwrap();
    let mut conn = server.db.read().await.unwrap();
    let known = credentials_by_email(&mut conn, &address).await.unwrap().unwrap();
    drop(conn);
    let rows = ROWS.replace("$hash", &known.password_hash) + &cards() + LABELS_OF_CARDS;
    let url = server.database_url.replace("kanban.db", "old.db");
    let new_schema = "DROP SCHEMA public CASCADE; CREATE SCHEMA public;";
    execute(
        &url,
        &format!("{}{NOTED}{}", CORE[0], translate(&rows, true)),
        &format!("{new_schema}{}{NOTED}{}", CORE[1], translate(&rows, false)),
    )
    .await;

    let new = Arc::new(Server::start(url).await);
    let mut users = Vec::new();
    for (name, number) in [("ann", "a"), ("bob", "b"), ("eve", "c")] {
        let token = new.log_in(name, "password").await;
        let id = format!("user_{number:0>32}");
        users.push(User { server: Arc::clone(&new), id, token });
    }
    let [ann, bob, eve] = users.try_into().unwrap_or_else(|_| panic!());
    assert_roles(
        &ann,
        "board_1",
        &[("ann", "ADMIN"), ("bob", "MEMBER"), ("eve", "MEMBER")],
        Some("ann"),
    )
    .await;
    assert_roles(&bob, "board_2", &[("bob", "ADMIN"), ("eve", "MEMBER")], None).await;
    assert_roles(&eve, "board_3", &[("bob", "ADMIN"), ("eve", "MEMBER")], Some("bob")).await;

    // The order and the contents are unchanged.
    let query = "{ board(id: \"board_1\") { title description createdAt updatedAt labels { color name }
        cards(first: 500) { totalCount nodes { id title description column rank version deletedAt createdAt updatedAt
            labels { color } comments { totalCount } activity { totalCount } } } } }";
    let board = ann.get(query).await["board"].take();
    assert_eq!(board["description"], "first");
    assert_eq!(board["createdAt"], "1970-01-01T00:00:10.000000Z");
    assert_eq!(board["updatedAt"], "1970-01-01T00:01:10.000000Z");
    assert_eq!(
        board["labels"],
        json!([{ "color": "RED", "name": "urgent" }, { "color": "GRAY", "name": "" }])
    );
    assert_eq!(board["cards"]["totalCount"], 405);
    let found = board["cards"]["nodes"].as_array().unwrap();
    let of_column = |wanted: &str| -> Vec<Value> {
        found.iter().filter(|card| card["column"] == wanted).cloned().collect()
    };
    for (name, remainders) in [("BACKLOG", vec![1, 2]), ("DOING", vec![3]), ("DONE", vec![0])] {
        let cards = Value::from(of_column(name));
        let expected: Vec<_> = (1..=405)
            .filter(|n| remainders.contains(&(n % 4)))
            .map(|n| format!("card_{n}"))
            .collect();
        assert_eq!(column(&cards, "id"), expected);
        let ranks = column(&cards, "rank");
        assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
    }
    let card = found.iter().find(|card| card["id"] == "card_1").unwrap();
    assert_eq!((&card["title"], &card["description"]), (&json!("card 1"), &json!("d")));
    assert_eq!((&card["version"], &card["deletedAt"]), (&json!(1), &Value::Null));
    assert_eq!(card["updatedAt"], "1970-01-01T00:16:41.000000Z");
    assert_eq!(column(&card["labels"], "color"), ["RED"]);
    assert_eq!(card["activity"]["totalCount"], 0);

    // Cards can be moved between, before and after the ranks that the migration has assigned.
    let columns = ann.columns("board_1").await;
    let (first, second) = (columns[0][0].clone(), columns[0][1].clone());
    let last = columns[0].last().unwrap().clone();
    bob.move_card(&last, "BACKLOG", json!({ "afterCardId": first })).await;
    bob.move_card("card_3", "BACKLOG", json!({ "beforeCardId": first })).await;
    // The ID of the deleted card is not used again.
    let made = bob.card("board_1", "new").await;
    assert_eq!(made, "card_407");
    let after = ann.columns("board_1").await;
    assert_eq!(after[0][..4], ["card_3".to_owned(), first, last, second]);
    assert_eq!(after[0].last(), Some(&made));
    assert_eq!(after[2][0], "card_7");
    let events = ann.events("board_1", 0).await;
    assert_eq!(
        events,
        ["BoardCreatedEvent", "CardMovedEvent", "CardMovedEvent", "CardCreatedEvent"]
    );
    new.stop().await;
}

/// Asserts the members and their roles, and who is recorded as the creator of the board.
async fn assert_roles(user: &User, board: &str, expected: &[(&str, &str)], maker: Option<&str>) {
    let query = format!(
        "{{ board(id: {board:?}) {{ version members {{ edges {{ role node {{ email }} }} }}
        activity {{ nodes {{ __typename sequence actor {{ email }} createdAt }} }} createdAt }} }}"
    );
    let board = user.get(&query).await["board"].take();
    let mut roles: Vec<_> = board["members"]["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| json!([edge["node"]["email"], edge["role"]]))
        .collect();
    roles.sort_by_key(ToString::to_string);
    let address = |name: &str| format!("{name}@example.com");
    let expected: Vec<_> =
        expected.iter().map(|(name, role)| json!([address(name), role])).collect();
    assert_eq!(roles, expected);
    assert_eq!(board["version"], 1);
    let actor = maker.map_or(Value::Null, |name| json!({ "email": address(name) }));
    assert_eq!(
        board["activity"]["nodes"],
        json!([{ "__typename": "BoardCreatedEvent", "sequence": 1,
        "actor": actor, "createdAt": board["createdAt"] }])
    );
}
