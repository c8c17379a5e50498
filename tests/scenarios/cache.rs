//! The cache of board contents: it never returns anything but what the database holds, on any instance.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::events::Fixture;
use crate::support::{Server, User, scenarios, text};

scenarios![
    every_change_is_seen_at_once_on_every_instance,
    a_second_look_at_a_board_is_one_statement,
    what_is_kept_of_some_boards_takes_no_statement_more,
    whoever_is_no_longer_a_member_sees_nothing_at_once,
    no_answer_is_older_than_its_question,
    text_is_counted_once_whatever_is_kept,
    what_a_mutation_shows_is_read_anew_and_not_kept,
];

/// Selections on a board. All are cached, each separately, except for the search.
const LOOKS: [&str; 7] = [
    "labels { id color name updatedAt }",
    "columns { column cards(first: 1000) { totalCount nodes { id title description rank version updatedAt
        labels { id color name } } } }",
    "cards(first: 2) { totalCount pageInfo { hasNextPage endCursor } edges { cursor node { id title } } }",
    "cards(orderBy: { field: UPDATED_AT, direction: DESC }) { nodes { id column updatedAt } }",
    r#"cards(filter: { text: "new" }) { totalCount nodes { id } }"#,
    "cards(filter: { labels: [RED], columns: [BACKLOG, DONE] }) { totalCount nodes { id labels { name } } }",
    "deletedCards { totalCount nodes { id deletedAt } }",
];

/// Runs all of them, also while the board is in the trash.
async fn look(user: &User, board: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for look in LOOKS {
        let query = format!(
            "{{ board(id: {board:?}) {{ version {look} }}
                deletedBoards(first: 1) {{ nodes {{ version {look} }} }} }}"
        );
        found.push(user.get(&query).await);
    }
    found
}

/// The same user on another instance with these settings.
async fn elsewhere(user: &User, settings: &[(&str, &str)]) -> User {
    let server = user.server.another(settings).await;
    User { server: Arc::new(server), id: user.id.clone(), token: user.token.clone() }
}

async fn every_change_is_seen_at_once_on_every_instance(server: Arc<Server>) {
    let mut fixture = Fixture::new(&server).await;
    let other = elsewhere(&fixture.ann, &[]).await;
    let plain = elsewhere(&fixture.ann, &[("CACHE_MIB", "0")]).await;
    let mut last = Vec::new();
    for index in 0..fixture.changes().len() {
        let (mutation, input, events) = fixture.changes().swap_remove(index);
        let restore = ("restoreBoard", json!({ "boardId": fixture.board }));
        let then = (mutation == "deleteBoard").then_some(restore);
        for (mutation, input) in [(mutation, input)].into_iter().chain(then) {
            let board = fixture.board.as_str();
            // Twice, so that everything is cached.
            for user in [&fixture.ann, &other, &fixture.ann, &other] {
                last = look(user, board).await;
            }
            fixture.ann.done(mutation, input.clone(), "__typename").await;
            let expected = look(&plain, board).await;
            let what = format!("{mutation} {input}");
            assert_ne!(expected, last, "{what} ({events:?}) raises the version");
            assert_eq!(look(&fixture.ann, board).await, expected, "{what}");
            assert_eq!(look(&other, board).await, expected, "{what}, on another instance");
        }
        let Fixture { ann, bob, eve, .. } = fixture;
        fixture = Fixture::of(ann, bob, eve).await;
    }
    // The payload of a mutation shows the change.
    let Fixture { ann, board, cards, .. } = &fixture;
    let shown =
        "card { board { labels { name } cards { totalCount nodes { title labels { color } } } } }";
    for input in [
        ("createCard", json!({ "boardId": board, "card": { "title": "one more" } })),
        ("updateCard", json!({ "cardId": cards[1], "title": "changed", "labels": ["RED"] })),
        ("moveCard", json!({ "cardId": cards[2], "column": "DONE" })),
    ] {
        look(ann, board).await;
        let query = "query($id: ID!) { board(id: $id) { labels { name }
            cards { totalCount nodes { title labels { color } } } } }";
        ann.ask(query, json!({ "id": board })).await.ok();
        let answer = ann.done(input.0, input.1, shown).await;
        let expected = plain.ask(query, json!({ "id": board })).await.ok();
        assert_eq!(answer["card"]["board"], expected["board"], "{}", input.0);
    }
    plain.server.stop().await;
    other.server.stop().await;
}

async fn a_second_look_at_a_board_is_one_statement(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    ann.share_as(&board, &bob, "VIEWER").await;
    let cards = ann.cards(&board, 100).await;
    let query = format!(
        "{{ board(id: {board:?}) {{ labels {{ name }} columns {{ cards(first: 1000) {{
            totalCount nodes {{ id title labels {{ color }} }} }} }} }} }}"
    );
    let statements = async |user: &User| {
        let before = server.db.statement_count();
        let found = user.get(&query).await;
        (server.db.statement_count() - before, found)
    };
    // The account behind a token is looked up once in five seconds.
    for user in [&ann, &bob] {
        user.get("{ viewer { id } }").await;
    }
    // The board, its labels, the cards, the cards' labels, the number of cards.
    let (count, first) = statements(&ann).await;
    assert_eq!(count, 5);
    let (count, again) = statements(&ann).await;
    assert_eq!((count, &again), (1, &first));
    let (count, for_bob) = statements(&bob).await;
    assert_eq!((count, &for_bob), (1, &first), "the cached contents are the same for all members");
    ann.done("updateCard", json!({ "cardId": cards[0], "title": "new" }), "card { id }").await;
    // The last run needed one statement, so one is sent without a transaction before all are sent in
    // one: the board, its labels, the cards that changed with their labels, the number of cards.
    let (count, changed) = statements(&bob).await;
    assert_eq!(count, 5);
    assert_ne!(changed, first);
}

/// Boards whose contents are cached and boards whose contents are not share the same statements.
async fn what_is_kept_of_some_boards_takes_no_statement_more(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let mut boards = Vec::new();
    for title in ["new", "known", "also new", "also known"] {
        let board = ann.board(title).await;
        ann.comment(&ann.card(&board, "x").await, "hm").await;
        boards.push(board);
    }
    let fields = "labels { name } cards(first: 9) { totalCount nodes { comments(first: 2) { totalCount nodes { author { email } } } } }";
    let all = format!("{{ boards(first: 4) {{ nodes {{ {fields} }} }} }}");
    let statements = async |user: &User| {
        user.get("{ viewer { id } }").await;
        let before = user.server.db.statement_count();
        let found = user.get(&all).await;
        (user.server.db.statement_count() - before, found)
    };
    let (new, some) = (elsewhere(&ann, &[]).await, elsewhere(&ann, &[]).await);
    for board in [&boards[1], &boards[3]] {
        some.get(&format!("{{ board(id: {board:?}) {{ {fields} }} }}")).await;
    }
    // The boards, their labels, the cards, the number of cards, the comments, their number, the
    // authors.
    let (count, found) = statements(&new).await;
    assert_eq!(count, 7);
    assert_eq!(statements(&some).await, (7, found.clone()));
    // The boards, the comments, their number, the authors.
    assert_eq!(statements(&some).await, (4, found));
    for user in [new, some] {
        user.server.stop().await;
    }
}

async fn whoever_is_no_longer_a_member_sees_nothing_at_once(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    ann.share(&board, &bob).await;
    ann.cards(&board, 3).await;
    let bob_elsewhere = elsewhere(&bob, &[]).await;
    for user in [&bob, &bob_elsewhere] {
        for _ in 0..2 {
            let found = &look(user, &board).await[1]["board"];
            assert_eq!(found["columns"][0]["cards"]["totalCount"], 3);
        }
    }
    ann.done("unshareBoard", json!({ "boardId": board, "userId": bob.id }), "__typename").await;
    for user in [&bob, &bob_elsewhere] {
        assert!(look(user, &board).await.iter().all(|found| found["board"].is_null()));
    }
    bob_elsewhere.server.stop().await;
}

/// 32 clients on two instances, half of which write. A query's response must include every write that
/// was acknowledged before the query was sent.
async fn no_answer_is_older_than_its_question(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let other = elsewhere(&ann, &[]).await;
    let board = ann.board("Plans").await;
    let cards = ann.cards(&board, 16).await;
    let acknowledged: Mutex<HashMap<String, i64>> = Mutex::default();
    let writer = async |n: usize| {
        for turn in 0..8 {
            let user = if (n + turn).is_multiple_of(2) { &ann } else { &other };
            let input = json!({ "cardId": cards[n], "title": format!("{n}, {turn}") });
            let done = user.done("updateCard", input, "card { version }").await;
            let version = done["card"]["version"].as_i64().unwrap();
            acknowledged.lock().unwrap().insert(cards[n].clone(), version);
        }
    };
    let query = format!(
        "{{ board(id: {board:?}) {{ version cards(first: 1000) {{ nodes {{ id version }} }} }} }}"
    );
    let reader = async |n: usize| {
        for turn in 0..16 {
            let expected = acknowledged.lock().unwrap().clone();
            let user = if (n + turn).is_multiple_of(2) { &ann } else { &other };
            let found = user.get(&query).await;
            let nodes = found["board"]["cards"]["nodes"].as_array().unwrap();
            assert_eq!(nodes.len(), cards.len());
            for node in nodes {
                let version = node["version"].as_i64().unwrap();
                let least = expected.get(&text(&node["id"])).copied().unwrap_or(0);
                assert!(version >= least, "{version} is older than {least}");
            }
        }
    };
    let writers = join_all((0..16).map(writer));
    futures_util::future::join(writers, join_all((0..16).map(reader))).await;
    let look = async |user: &User| user.get(&query).await["board"]["cards"].clone();
    assert_eq!(look(&ann).await, look(&other).await);
    other.server.stop().await;
}

/// A list that starts with cached rows and is executed again because other rows have to be loaded.
async fn text_is_counted_once_whatever_is_kept(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let mut boards = Vec::new();
    for title in ["last", "second", "first"] {
        let board = ann.board(title).await;
        let card = json!({ "title": "long", "description": "x".repeat(20_000) });
        ann.done("createCard", json!({ "boardId": board, "card": card }), "__typename").await;
        boards.push(board);
    }
    let ann = elsewhere(&ann, &[("GRAPHQL_MAX_TEXT_KIB", "64")]).await;
    let cards = "cards(first: 1) { nodes { description } }";
    for board in &boards[1..] {
        ann.get(&format!("{{ board(id: {board:?}) {{ {cards} }} }}")).await;
    }
    let all = |cards: &str| format!("{{ boards {{ nodes {{ {cards} }} }} }}");
    ann.get(&all(cards)).await;
    let waiting = cards.replace("description", "description comments(first: 1) { totalCount }");
    ann.get(&all(&waiting)).await;
    // The limit is in force: twice the text exceeds it.
    let twice = all(&cards.replace("description", "description again: description"));
    assert_eq!(ann.ask(&twice, json!({})).await.code(), "QUERY_TOO_COMPLEX");
    ann.server.stop().await;
}

/// Another client may change the board between a mutation and the reads for its payload. Here the
/// change leaves the version as it is, so that cached and newly read data can be told apart.
async fn what_a_mutation_shows_is_read_anew_and_not_kept(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let query = format!("{{ board(id: {board:?}) {{ labels {{ name }} }} }}");
    let name_all = async |name: &str| {
        let sql = format!("UPDATE labels SET name = '{name}'");
        server.execute(&sql, &sql).await;
    };
    let kept = async || ann.get(&query).await["board"]["labels"][0]["name"].take();
    let shown = async |title: &str| {
        let input = json!({ "boardId": board, "title": title });
        let mut payload = ann.done("updateBoard", input, "board { labels { name } }").await;
        payload["board"]["labels"][0]["name"].take()
    };
    assert_eq!(kept().await, "");
    name_all("new").await;
    assert_eq!(kept().await, "");
    // The mutation changes nothing, so the version stays the same.
    assert_eq!(shown("Plans").await, "new", "from the earlier cache entry");
    assert_eq!(shown("Others").await, "new");
    name_all("newer").await;
    assert_eq!(kept().await, "newer", "cached from the payload of a mutation");
}
