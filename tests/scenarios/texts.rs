//! Descriptions and comment bodies are read from the database only when they are selected.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Server, User, scenarios, text};

scenarios![long_texts_are_shown_wherever_they_are_asked_for, long_texts_are_left_unread_otherwise];

/// A board with a card and a comment, queries that reach them with a placeholder for fields, and the
/// paths of the results.
async fn fill(ann: &User) -> Vec<(String, &'static str, &'static str)> {
    let input = json!({ "title": "Plans", "description": "of the board" });
    let board = ann.done("createBoard", input, "board { id }").await;
    let board = text(&board["board"]["id"]);
    let card = json!({ "title": "x", "description": "of the card", "labels": ["RED"] });
    let input = json!({ "boardId": board, "card": card });
    let card = ann.done("createCard", input, "card { id labels { id } }").await["card"].take();
    let (card, label) = (text(&card["id"]), text(&card["labels"][0]["id"]));
    let comment = ann.comment(&card, "of the comment").await;
    let on_board = |field: &str| format!("{{ board(id: {board:?}) {{ {field} }} }}");
    vec![
        (on_board("id BOARD"), "/board", "of the board"),
        ("{ boards { nodes { BOARD } } }".into(), "/boards/nodes/0", "of the board"),
        (
            "{ boards { edges { node { ... on Node { ... on Board { BOARD } } } } } }".into(),
            "/boards/edges/0/node",
            "of the board",
        ),
        (
            format!("{{ node(id: {board:?}) {{ ... on Board {{ BOARD }} }} }}"),
            "/node",
            "of the board",
        ),
        (
            format!("{{ node(id: {label:?}) {{ ... on Label {{ board {{ BOARD }} }} }} }}"),
            "/node/board",
            "of the board",
        ),
        (
            format!("{{ card(id: {card:?}) {{ board {{ BOARD }} }} }}"),
            "/card/board",
            "of the board",
        ),
        (format!("{{ card(id: {card:?}) {{ CARD }} }}"), "/card", "of the card"),
        (on_board("cards { nodes { CARD } }"), "/board/cards/nodes/0", "of the card"),
        (on_board("cards { edges { node { CARD } } }"), "/board/cards/edges/0/node", "of the card"),
        (
            on_board("columns { cards(first: 1) { nodes { labels { name } CARD } } }"),
            "/board/columns/0/cards/nodes/0",
            "of the card",
        ),
        (
            on_board("activity(last: 2) { nodes { ... on CardCreatedEvent { card { CARD } } } }"),
            "/board/activity/nodes/0/card",
            "of the card",
        ),
        (
            format!("{{ node(id: {comment:?}) {{ ... on Comment {{ card {{ CARD }} }} }} }}"),
            "/node/card",
            "of the card",
        ),
        (
            format!("{{ node(id: {comment:?}) {{ ... on Comment {{ COMMENT }} }} }}"),
            "/node",
            "of the comment",
        ),
        (
            format!("{{ card(id: {card:?}) {{ comments {{ nodes {{ COMMENT }} }} }} }}"),
            "/card/comments/nodes/0",
            "of the comment",
        ),
        (
            on_board(
                "activity(first: 1) { nodes { ... on CommentAddedEvent { comment { COMMENT } } } }",
            ),
            "/board/activity/nodes/0/comment",
            "of the comment",
        ),
    ]
}

/// The query with its placeholders replaced by these fields.
fn with(query: &str, of_entities: &str, of_comments: &str) -> String {
    let query = query.replace("BOARD", of_entities).replace("CARD", of_entities);
    query.replace("COMMENT", of_comments)
}

async fn long_texts_are_shown_wherever_they_are_asked_for(server: Arc<Server>) {
    let ann = server.user("ann").await;
    for (query, path, expected) in fill(&ann).await {
        // The second round reads from the cache: entries without texts must not serve queries with
        // texts.
        for _ in 0..2 {
            let found = ann.get(&with(&query, "description", "description: body")).await;
            assert_eq!(found.pointer(path).unwrap()["description"], expected, "{query}");
            ann.get(&with(&query, "title", "createdAt")).await;
        }
    }
}

/// The columns are renamed, so a statement that reads them fails.
async fn long_texts_are_left_unread_otherwise(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let plain = Arc::new(server.another(&[("CACHE_MIB", "0")]).await);
    let plain = User { server: plain, ..ann.clone() };
    let ways = fill(&ann).await;
    let mut before: Vec<Value> = Vec::new();
    for (query, ..) in &ways {
        before.push(plain.get(&with(query, "title", "createdAt")).await);
    }
    let hide = "ALTER TABLE boards RENAME COLUMN description TO hidden;
        ALTER TABLE cards RENAME COLUMN description TO hidden;
        ALTER TABLE comments RENAME COLUMN body TO hidden";
    server.execute(hide, hide).await;
    for ((query, ..), before) in ways.iter().zip(before) {
        assert_eq!(plain.get(&with(query, "title", "createdAt")).await, before, "{query}");
        let answer = plain.ask(&with(query, "description", "body"), json!({})).await;
        assert_eq!(answer.code(), "INTERNAL_SERVER_ERROR", "{query}");
    }
    plain.server.stop().await;
}
