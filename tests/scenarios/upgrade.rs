//! A database of the previous schema version is migrated without loss of data.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use kanban::domain::EmailKey;
use kanban::service::backfill::{self, Folded};
use kanban::store::users::credentials_by_email;
use serde_json::{Value, json};

use crate::support::{Server, User, column, execute, scenarios};

scenarios![
    the_core_becomes_a_board_to_work_on_together,
    authors_and_names_come_from_what_is_stored,
    former_search_texts_are_folded_anew,
    a_title_that_a_former_program_has_changed_is_found,
    former_keys_of_addresses_are_renewed,
    addresses_that_collide_keep_their_keys,
];

/// The schema after the migrations before this date, with the entries that Diesel makes.
fn schema_before(date: &str, database: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
    let names = fs::read_dir(folder.clone()).unwrap();
    let mut names: Vec<_> =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.as_str() < date);
    names.sort();
    let mut schema = String::from(
        "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL,
            run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);",
    );
    for name in names {
        schema += &fs::read_to_string(folder.join(&name).join("up.sql")).unwrap();
        let version = name.split('_').next().unwrap().replace('-', "");
        schema.extend([
            "INSERT INTO __diesel_schema_migrations (version) VALUES ('",
            &version,
            "');",
        ]);
    }
    schema
}

/// Starts a server on a database that has the schema before this date and these rows.
async fn start_on(server: &Server, date: &str, rows: &str) -> Arc<Server> {
    let url = server.database_url.replace("kanban.db", "old.db");
    let new_schema = "DROP SCHEMA public CASCADE; CREATE SCHEMA public;";
    execute(
        &url,
        &format!("{}{}", schema_before(date, "sqlite"), translate(rows, true)),
        &format!("{new_schema}{}{}", schema_before(date, "postgres"), translate(rows, false)),
    )
    .await;
    Arc::new(Server::start(url).await)
}

/// A hash of "password".
async fn password_hash(server: &Arc<Server>) -> String {
    server.user("somebody").await;
    let address = EmailKey::parse("somebody@example.com").unwrap();
    let mut conn = server.db.read().await.unwrap();
    credentials_by_email(&mut conn, &address).await.unwrap().unwrap().password_hash
}

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
    let rows = ROWS.replace("$hash", &password_hash(&server).await) + &cards() + LABELS_OF_CARDS;
    let new = start_on(&server, "2026-11-25", &rows).await;
    // Stored, not only shown.
    assert_eq!(new.count("users WHERE name = ''").await, 0);
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

    // Search texts of the core are found before they are folded anew, and after it.
    let found =
        "{ board(id: \"board_1\") { cards(filter: { text: \"CARD 40\" }) { totalCount } } }";
    for (boards, cards) in [(3, 405), (0, 0)] {
        assert_eq!(ann.get(found).await["board"]["cards"]["totalCount"], 7);
        let found = ann.get("{ boards(filter: { text: \"FIRST\" }) { nodes { title } } }").await;
        assert_eq!(found["boards"]["nodes"], json!([{ "title": "One" }]));
        let folded = backfill::run(&new.services).await.unwrap();
        assert_eq!(folded, Folded { boards, cards, ..Folded::default() });
    }

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
        "{{ board(id: {board:?}) {{ version createdBy {{ email name }} members {{ edges {{ role node {{ email }} }} }}
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
    let author = maker.map_or(Value::Null, |name| json!({ "email": address(name), "name": name }));
    assert_eq!(board["createdBy"], author);
    let actor = maker.map_or(Value::Null, |name| json!({ "email": address(name) }));
    assert_eq!(
        board["activity"]["nodes"],
        json!([{ "__typename": "BoardCreatedEvent", "sequence": 1,
        "actor": actor, "createdAt": board["createdAt"] }])
    );
}

/// Ann has created card 1 and Bob card 2, card 3 and the deleted card 4. Nothing is known of who created card 5.
const HISTORY: &str = "
    INSERT INTO boards (title, title_key, description, created_at, updated_at, version) VALUES ('One', 'one', '', t(1), t(1), 6);
    INSERT INTO users_boards (board_id, user_id, created_at, updated_at, role) VALUES
        (1, 1, t(1), t(1), 'ADMIN'), (1, 2, t(2), t(2), 'MEMBER');
    INSERT INTO cards (board_id, title, title_key, description, search_text, \"column\", rank, version, created_at, updated_at, deleted_at) VALUES
        (1, 'a', 'a', '', 'a', 'TODO', 'a1', 1, t(2), t(2), NULL), (1, 'b', 'b', '', 'b', 'TODO', 'a2', 1, t(3), t(3), NULL),
        (1, 'c', 'c', '', 'c', 'TODO', 'a3', 1, t(4), t(4), NULL), (1, 'd', 'd', '', 'd', 'TODO', 'a4', 1, t(5), t(5), t(9)),
        (1, 'e', 'e', '', 'e', 'TODO', 'a5', 1, t(5), t(5), NULL);
    INSERT INTO board_events (board_id, sequence, created_at, actor_id, card_id, kind, payload) VALUES
        (1, 1, t(1), 2, NULL, 'BOARD_CREATED', '{}'), (1, 2, t(2), 1, 1, 'CARD_CREATED', '{\"card\":1}'),
        (1, 3, t(3), 2, 2, 'CARD_CREATED', '{\"card\":2}'),
        (1, 4, t(4), 2, 3, 'CARD_CREATED', '{\"card\":3}'),
        (1, 5, t(5), 2, 4, 'CARD_CREATED', '{\"card\":4}'),
        (1, 6, t(9), 1, 4, 'CARD_DELETED', '{\"card\":4,\"title\":\"d\"}');
    INSERT INTO comments (card_id, author_id, body, created_at, updated_at) VALUES
        (1, 2, 'one', t(5), t(6)), (2, 1, 'two', t(6), t(6)), (2, NULL, 'three', t(7), t(7)), (2, 1, 'four', t(8), t(8));
    DELETE FROM comments WHERE body = 'four';";

async fn authors_and_names_come_from_what_is_stored(server: Arc<Server>) {
    let users = ROWS.split_once("INSERT INTO boards").unwrap().0;
    let others = "INSERT INTO users (public_id, email, email_key, password_hash, created_at, updated_at) VALUES
        ('0000000000000000000000000000000d', 'Zoë.Núñez+x@example.com', 'zoë.núñez+x@example.com', '', t(1), t(1)),
        ('0000000000000000000000000000000e', '\"a@b\"@example.com', '\"a@b\"@example.com', '', t(1), t(1));";
    let rows = users.replace("$hash", &password_hash(&server).await) + HISTORY + others;
    let new = start_on(&server, "2026-11-28", &rows).await;
    for name in ["ann", "bob", "eve", "Zoë.Núñez+x", "\"a@b\""] {
        assert_eq!(new.count(&format!("users WHERE name = '{name}'")).await, 1, "{name}");
    }
    let ann = new.user_from("ann").await;
    let board = ann
        .get("{ board(id: \"board_1\") { createdBy { name } cards { nodes { id createdBy { name } } } deletedCards { nodes { id createdBy { name } } } } }")
        .await["board"]
        .take();
    assert_eq!(board["createdBy"], json!({ "name": "bob" }));
    let author = |id: &str, name: &str| json!({ "id": id, "createdBy": { "name": name } });
    let cards = [author("card_1", "ann"), author("card_2", "bob"), author("card_3", "bob")];
    assert_eq!(board["cards"]["nodes"].as_array().unwrap()[..3], cards);
    assert_eq!(board["cards"]["nodes"][3], json!({ "id": "card_5", "createdBy": null }));
    assert_eq!(board["deletedCards"]["nodes"], json!([author("card_4", "bob")]));
    let activity = "activity { nodes { __typename sequence actor { name } createdAt } }";
    let comments = "comments { nodes { id body author { name } createdAt updatedAt } }";
    let query =
        format!("{{ board(id: \"board_1\") {{ {activity} cards {{ nodes {{ {comments} }} }} }} }}");
    let board = ann.get(&query).await["board"].take();
    let last = json!({ "__typename": "CardDeletedEvent", "sequence": 6, "actor": { "name": "ann" },
        "createdAt": "1970-01-01T00:00:09.000000Z" });
    assert_eq!(board["activity"]["nodes"][0], last);
    assert_eq!(board["activity"]["nodes"].as_array().unwrap().len(), 6);
    let comment = |number: i32, body: &str, author: Value, from: i32, to: i32| {
        let time = |seconds| format!("1970-01-01T00:00:0{seconds}.000000Z");
        json!({ "id": format!("comment_{number}"), "body": body, "author": author,
            "createdAt": time(from), "updatedAt": time(to) })
    };
    let cards = &board["cards"]["nodes"];
    let one = json!([comment(1, "one", json!({ "name": "bob" }), 5, 6)]);
    assert_eq!(cards[0]["comments"]["nodes"], one);
    let two = comment(2, "two", json!({ "name": "ann" }), 6, 6);
    assert_eq!(cards[1]["comments"]["nodes"], json!([two, comment(3, "three", Value::Null, 7, 7)]));
    // The ID of the deleted comment is not used again.
    assert_eq!(ann.comment("card_1", "new").await, "comment_5");
    new.stop().await;
}

/// Gives all cards the search texts of the previous version, as an instance of it that still runs may do.
async fn write_former_search_texts(server: &Server) {
    let update = "UPDATE cards SET search_text = title_key ||";
    server.execute(&format!("{update} char(31) || ''"), &format!("{update} chr(31) || ''")).await;
}

async fn former_search_texts_are_folded_anew(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let count = async |text: &str| {
        let query = "query($id: ID!, $t: String) { board(id: $id) { version cards(filter: { text: $t }) { totalCount } } }";
        let found = ann.ask(query, json!({ "id": board, "t": text })).await.ok();
        found["board"]["cards"]["totalCount"].as_u64().unwrap()
    };
    // More than two batches.
    ann.cards(&board, 230).await;
    ann.card(&board, "Hauptstraße").await;
    ann.card(&board, "Caf\u{65}\u{301}").await;
    let version = ann.version(&board).await;
    // The former version may write again after all has been folded.
    for _ in 0..2 {
        write_former_search_texts(&server).await;
        assert_eq!((count("STRAßE").await, count("STRASSE").await), (1, 0));
        assert_eq!((count("cafe\u{301}").await, count("caf\u{e9}").await), (1, 0));
        let other = server.another(&[]).await;
        let (one, two) =
            tokio::join!(backfill::run(&server.services), backfill::run(&other.services));
        let first = one.unwrap().cards + two.unwrap().cards;
        // Each may have passed over cards that the other had locked.
        let rest = backfill::run(&server.services).await.unwrap().cards;
        assert_eq!(first + rest, 232);
        other.stop().await;
        assert_eq!((count("STRAßE").await, count("STRASSE").await), (1, 1));
        assert_eq!((count("cafe\u{301}").await, count("caf\u{e9}").await), (1, 1));
        assert_eq!(backfill::run(&server.services).await.unwrap(), Folded::default());
    }
    assert_eq!(ann.version(&board).await, version, "nothing that clients see has changed");
}

/// The former program does not know the search text of boards.
async fn a_title_that_a_former_program_has_changed_is_found(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let found = async |text: &str| {
        let query = "query($t: String!) { boards(filter: { text: $t }) { totalCount } }";
        let found = ann.ask(query, json!({ "t": text })).await.ok();
        found["boards"]["totalCount"].as_u64().unwrap()
    };
    let rename = "UPDATE boards SET title = 'Hauptstraße', title_key = 'hauptstraße'";
    server.execute(rename, rename).await;
    assert_eq!((found("Plans").await, found("hauptstraße").await), (0, 1));
    assert_eq!(backfill::run(&server.services).await.unwrap().boards, 1);
    assert_eq!((found("Plans").await, found("HAUPTSTRASSE").await), (0, 1));
    // This program stores it by itself.
    ann.done("updateBoard", json!({ "boardId": board, "title": "Wege" }), "board { id }").await;
    assert_eq!(backfill::run(&server.services).await.unwrap(), Folded::default());
    assert_eq!((found("HAUPTSTRASSE").await, found("wege").await), (0, 1));
    // Also if the texts differ, and are equal for a search.
    let changes = [
        json!({ "title": "Strasse", "description": "ärger" }),
        json!({ "title": "Straße" }),
        json!({ "description": "Ärger" }),
        json!({ "title": "STRASSE" }),
    ];
    for mut change in changes {
        change["boardId"] = json!(board);
        ann.done("updateBoard", change.clone(), "board { id }").await;
        assert_eq!((found("strasse").await, found("ärger").await), (1, 1), "{change}");
        assert_eq!(backfill::run(&server.services).await.unwrap(), Folded::default());
    }
}

/// A letter that NFC takes apart: the previous version accepted it, but not its parts.
const FORMER: &str = "\u{958}@example.com";
const IN_NFC: &str = "\u{915}\u{93c}@example.com";

/// Turns the account `name@example.com` into one of the previous version with the address [`FORMER`].
async fn make_former(server: &Server, name: &str) {
    let update = format!(
        "UPDATE users SET email = '{FORMER}', email_key = '{FORMER}' WHERE email_key = '{name}@example.com'"
    );
    server.execute(&update, &update).await;
}

/// The public ID of the account that a log-in finds.
async fn log_in(server: &Server, email: &str, password: &str) -> Option<String> {
    let answer = server.try_log_in(email, password).await;
    answer.body["data"]["logIn"]["user"]["id"].as_str().map(ToOwned::to_owned)
}

async fn sign_up(server: &Server, email: &str, password: &str) -> Option<String> {
    let query = "mutation($i: SignUpInput!) { signUp(input: $i) { user { id } } }";
    let input = json!({ "i": { "email": email, "password": password } });
    let answer = server.ask(query, input).await;
    answer.body["data"]["signUp"]["user"]["id"].as_str().map(ToOwned::to_owned)
}

async fn former_keys_of_addresses_are_renewed(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    make_former(&server, "ann").await;
    assert_eq!(log_in(&server, FORMER, "password").await, Some(ann.id.clone()));
    // The address is taken, as it was before.
    assert_eq!(sign_up(&server, FORMER, "password").await, None);
    let input = json!({ "email": FORMER, "currentPassword": "password" });
    assert_eq!(bob.call("updateViewer", input.clone(), "user { id }").await.code(), "CONFLICT");
    ann.done("updateViewer", input, "user { id }").await;
    make_former(&server, "\u{915}\u{93c}").await;

    let folded = backfill::run(&server.services).await.unwrap();
    assert_eq!(folded, Folded { accounts: 1, ..Folded::default() });
    for email in [FORMER, IN_NFC] {
        assert_eq!(log_in(&server, email, "password").await, Some(ann.id.clone()), "{email}");
        assert_eq!(sign_up(&server, email, "password").await, None);
    }
    assert_eq!(ann.get("{ viewer { email } }").await["viewer"]["email"], FORMER);
    assert_eq!(backfill::run(&server.services).await.unwrap(), Folded::default());
}

/// The previous version told the two addresses apart, and may do so again while it still runs.
async fn addresses_that_collide_keep_their_keys(server: Arc<Server>) {
    let ann = sign_up(&server, IN_NFC, "ann's password").await;
    let bob = server.user("bob").await;
    make_former(&server, "bob").await;
    for _ in 0..2 {
        let folded = backfill::run(&server.services).await.unwrap();
        assert_eq!(folded, Folded { collisions: 1, ..Folded::default() }, "it is told each time");
        assert_eq!(log_in(&server, IN_NFC, "ann's password").await, ann);
        assert_eq!(log_in(&server, FORMER, "password").await, Some(bob.id.clone()));
        assert_eq!(log_in(&server, FORMER, "ann's password").await, None);
    }

    // Without Ann, Bob gets the key. An account that the previous version then gives the
    // same address does not take his place.
    let delete = format!("DELETE FROM users WHERE email_key = '{IN_NFC}'");
    server.execute(&delete, &delete).await;
    assert_eq!(backfill::run(&server.services).await.unwrap().accounts, 1);
    server.user("eve").await;
    make_former(&server, "eve").await;
    for email in [FORMER, IN_NFC] {
        assert_eq!(log_in(&server, email, "password").await, Some(bob.id.clone()), "{email}");
    }
    assert_eq!(backfill::run(&server.services).await.unwrap().collisions, 1);
}
