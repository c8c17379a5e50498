//! Rules that hold when 32 clients try at once.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Answer, Server, User, column, scenarios, text};

scenarios![
    one_of_many_sign_ups_gets_the_address,
    one_of_many_labels_gets_the_colour,
    the_last_member_stays_when_all_leave_at_once,
    two_who_remove_each_other_leave_one,
    no_card_is_lost,
    many_changes_of_one_card_all_succeed,
];

const CLIENTS: usize = 32;

/// The codes of the answers, sorted; `ok` where there is no error.
fn codes(answers: &[Answer]) -> Vec<String> {
    let code = |answer: &Answer| match answer.body.get("errors") {
        None => "ok".to_owned(),
        Some(_) => answer.code(),
    };
    let mut codes: Vec<String> = answers.iter().map(code).collect();
    codes.sort();
    codes
}

/// One success, and otherwise this code.
#[track_caller]
fn assert_one_winner(answers: &[Answer], code: &str) {
    let codes = codes(answers);
    assert_eq!(codes.iter().filter(|one| *one == "ok").count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|one| *one == code).count(), CLIENTS - 1, "{codes:?}");
}

async fn one_of_many_sign_ups_gets_the_address(server: Arc<Server>) {
    let query = r#"mutation { signUp(input: { email: "ann@example.com", password: "password" }) { user { id } } }"#;
    let answers = join_all((0..CLIENTS).map(|_| server.ask(query, json!({})))).await;
    assert_one_winner(&answers, "CONFLICT");
}

async fn one_of_many_labels_gets_the_colour(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let query = "query($id: ID!) { board(id: $id) { labels { id color } } }";
    let labels = ann.ask(query, json!({ "id": board })).await.ok();
    let red = text(&labels["board"]["labels"][0]["id"]);
    ann.done("deleteLabel", json!({ "labelId": red }), "deletedLabelId").await;
    let input = json!({ "boardId": board, "color": "RED" });
    let tries = (0..CLIENTS).map(|_| ann.call("createLabel", input.clone(), "label { id }"));
    assert_one_winner(&join_all(tries).await, "CONFLICT");
    let labels = ann.ask(query, json!({ "id": board })).await.ok();
    assert_eq!(column(&labels["board"]["labels"], "color").len(), 7);
}

async fn members(user: &User, board: &str) -> i64 {
    let query = "query($id: ID!) { board(id: $id) { members { totalCount } } }";
    let found = user.ask(query, json!({ "id": board })).await.ok();
    found["board"]["members"]["totalCount"].as_i64().unwrap_or(0)
}

async fn the_last_member_stays_when_all_leave_at_once(server: Arc<Server>) {
    let users = join_all((0..CLIENTS).map(|n| {
        let server = Arc::clone(&server);
        async move { server.user(&format!("user{n}")).await }
    }))
    .await;
    let board = users[0].board("Plans").await;
    for user in &users[1..] {
        users[0].share(&board, user).await;
    }
    let leaving = users.iter().map(|user| {
        user.call("unshareBoard", json!({ "boardId": board, "userId": user.id }), "removedUserId")
    });
    let answers = join_all(leaving).await;
    let codes = codes(&answers);
    assert_eq!(codes.iter().filter(|code| *code == "CONFLICT").count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| *code == "ok").count(), CLIENTS - 1, "{codes:?}");
    let left = join_all(users.iter().map(|user| members(user, &board))).await;
    assert_eq!(left.iter().sum::<i64>(), 1);
}

async fn two_who_remove_each_other_leave_one(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    for _ in 0..10 {
        let board = ann.board("Plans").await;
        ann.share(&board, &bob).await;
        let remove =
            |by: &User, whom: &User| json!({ "boardId": board, "userId": whom.id, "by": by.id });
        let input =
            |value: Value| json!({ "boardId": value["boardId"], "userId": value["userId"] });
        let (one, two) = tokio::join!(
            ann.call("unshareBoard", input(remove(&ann, &bob)), "removedUserId"),
            bob.call("unshareBoard", input(remove(&bob, &ann)), "removedUserId"),
        );
        // Who comes second is no member any more.
        assert_eq!(codes(&[one, two]), ["NOT_FOUND", "ok"]);
        assert_eq!(members(&ann, &board).await + members(&bob, &board).await, 1);
    }
}

async fn no_card_is_lost(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let cards = json!([{ "title": "a", "labels": ["RED"] }, { "title": "b" }, { "title": "c", "column": "DONE" }]);
    let input = json!({ "boardId": board, "cards": cards });
    let tries = (0..CLIENTS).map(|_| ann.call("createCards", input.clone(), "cards { id }"));
    let answers = join_all(tries).await;
    assert_eq!(codes(&answers), vec!["ok"; CLIENTS]);
    let query =
        "query($id: ID!) { board(id: $id) { cards(first: 1000) { totalCount nodes { id } } } }";
    let found = ann.ask(query, json!({ "id": board })).await.ok();
    assert_eq!(found["board"]["cards"]["totalCount"], 3 * CLIENTS);
    let mut ids = column(&found["board"]["cards"]["nodes"], "id");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3 * CLIENTS);
}

async fn many_changes_of_one_card_all_succeed(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let card = ann.card(&board, "x").await;
    let tries = (0..CLIENTS).map(|n| {
        let (mutation, input) = match n % 4 {
            0 => (
                "updateCard",
                json!({ "cardId": card, "title": format!("title {n}"), "labels": ["RED", "BLUE"] }),
            ),
            1 => ("addLabelsToCard", json!({ "cardId": card, "labels": ["RED", "GREEN", "GRAY"] })),
            2 => ("removeLabelsFromCard", json!({ "cardId": card, "labels": ["RED", "GREEN"] })),
            _ => ("updateBoard", json!({ "boardId": board, "title": format!("title {n}") })),
        };
        ann.call(mutation, input, "__typename")
    });
    let answers = join_all(tries).await;
    assert_eq!(codes(&answers), vec!["ok"; CLIENTS]);
    let query = "query($id: ID!) { card(id: $id) { title labels { color } } }";
    let found = ann.ask(query, json!({ "id": card })).await.ok();
    assert!(text(&found["card"]["title"]).starts_with("title "));
    let colors = column(&found["card"]["labels"], "color");
    assert!(colors.contains(&"BLUE".to_owned()) && colors.len() <= 4, "{colors:?}");
}
