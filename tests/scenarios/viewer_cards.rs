//! The list of cards over all boards, and searches for boards.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{List, Server, User, column, scenarios, text};

scenarios![
    cards_of_all_boards_come_in_every_order,
    only_cards_that_the_viewer_may_see_are_listed,
    a_list_can_be_limited_to_some_boards,
    filters_hold_over_all_boards,
    cursors_and_arguments_of_other_lists_are_refused,
    searches_of_all_boards_have_a_price,
    boards_are_found_by_their_texts,
];

/// Three boards with seven cards each, whose titles mix. Returns the IDs of the boards.
async fn fill(ann: &User) -> Vec<String> {
    let mut boards = Vec::new();
    for name in ["a", "b", "c"] {
        boards.push(ann.board(name).await);
    }
    for n in 0..7 {
        for (at, board) in boards.iter().enumerate() {
            let card =
                json!({ "title": format!("card {} {at}", (n * 5) % 7), "description": "Étude" });
            let input = json!({ "boardId": board, "card": card });
            ann.done("createCard", input, "card { id }").await;
        }
    }
    boards
}

/// All cards of the boards, with what they are ordered by.
async fn every_card(ann: &User, boards: &[String]) -> Vec<Value> {
    let mut cards = Vec::new();
    for board in boards {
        let query = format!(
            "{{ board(id: {board:?}) {{ cards {{ nodes {{ id title createdAt updatedAt }} }} }} }}"
        );
        let mut found = ann.get(&query).await["board"]["cards"]["nodes"].take();
        cards.append(found.as_array_mut().unwrap());
    }
    cards
}

async fn cards_of_all_boards_come_in_every_order(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let boards = fill(&ann).await;
    let cards = every_card(&ann, &boards).await;
    ann.move_card(&text(&cards[3]["id"]), "DONE", json!({})).await;
    let mut cards = every_card(&ann, &boards).await;
    for (field, name) in
        [("title", "TITLE"), ("createdAt", "CREATED_AT"), ("updatedAt", "UPDATED_AT")]
    {
        let number = |card: &Value| text(&card["id"])["card_".len()..].parse::<u64>().unwrap();
        cards.sort_by_key(|card| (text(&card[field]), number(card)));
        for direction in ["ASC", "DESC"] {
            let order = json!({ "field": name, "direction": direction });
            let mut expected = column(&json!(cards), "id");
            if direction == "DESC" {
                expected.reverse();
            }
            List::viewer_cards(&ann, &json!(null), &order).assert_is(&expected).await;
        }
    }
    // UPDATED_AT DESC by default.
    let latest = ann.get("{ cards(first: 1) { nodes { id column board { title } } } }").await;
    assert_eq!(latest["cards"]["nodes"][0]["column"], "DONE");
}

async fn only_cards_that_the_viewer_may_see_are_listed(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let boards = fill(&ann).await;
    let count = async |user: &User| {
        user.get("{ cards { totalCount } }").await["cards"]["totalCount"].take()
    };
    assert_eq!((count(&ann).await, count(&bob).await), (json!(21), json!(0)));
    ann.share_as(&boards[1], &bob, "VIEWER").await;
    let seen = bob.get("{ cards { nodes { board { id viewerRole } } } }").await;
    let seen = seen["cards"]["nodes"].as_array().unwrap().clone();
    assert_eq!(seen, vec![json!({ "board": { "id": boards[1], "viewerRole": "VIEWER" } }); 7]);
    let card = text(&every_card(&ann, &boards[1..2]).await[0]["id"]);
    ann.delete_card(&card).await;
    assert_eq!((count(&ann).await, count(&bob).await), (json!(20), json!(6)));
    ann.done("deleteBoard", json!({ "boardId": boards[1] }), "deletedBoardId").await;
    assert_eq!((count(&ann).await, count(&bob).await), (json!(14), json!(0)));
}

async fn a_list_can_be_limited_to_some_boards(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let boards = fill(&ann).await;
    let hidden = bob.board("hidden").await;
    bob.card(&hidden, "x").await;
    let count = async |ids: Value| {
        let query = "query($ids: [ID!]) { cards(boardIds: $ids) { totalCount nodes { id } } }";
        let found = ann.ask(query, json!({ "ids": ids })).await.ok();
        let nodes = found["cards"]["nodes"].as_array().unwrap().len();
        assert_eq!(found["cards"]["totalCount"], nodes);
        nodes
    };
    for (ids, expected) in [
        (Value::Null, 21),
        (json!([]), 21),
        (json!([boards[0]]), 7),
        (json!([boards[2], boards[0], boards[2]]), 14),
        (json!([hidden]), 0),
        (json!([hidden, boards[1]]), 7),
        (json!(["board_999"]), 0),
    ] {
        assert_eq!(count(ids.clone()).await, expected, "{ids}");
    }
    let order = json!({ "field": "TITLE", "direction": "ASC" });
    let some = json!([boards[0], boards[2]]);
    let mut cards = every_card(&ann, &[boards[0].clone(), boards[2].clone()]).await;
    cards.sort_by_key(|card| text(&card["title"]));
    List::viewer_cards(&ann, &some, &order).assert_is(&column(&json!(cards), "id")).await;
}

async fn filters_hold_over_all_boards(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let boards = fill(&ann).await;
    let labelled = json!({ "title": "100%", "labels": ["RED"], "column": "DONE" });
    let input = json!({ "boardId": boards[2], "card": labelled });
    ann.done("createCard", input, "card { id }").await;
    for (filter, expected) in [
        (json!({ "text": "CARD 3" }), 3),
        (json!({ "text": "ÉTUDE" }), 21),
        (json!({ "text": "%" }), 1),
        (json!({ "labels": ["RED", "BLUE"] }), 1),
        (json!({ "columns": ["DONE"] }), 1),
        (json!({ "columns": ["BACKLOG"], "text": "card 0" }), 3),
        (json!({ "columns": [], "labels": null }), 22),
    ] {
        let query = "query($f: CardFilter) { cards(filter: $f, first: 2) { totalCount
            nodes { labels { color } } pageInfo { hasNextPage } } }";
        let found = ann.ask(query, json!({ "f": filter })).await.ok()["cards"].take();
        assert_eq!(found["totalCount"], expected, "{filter}");
        assert_eq!(found["pageInfo"]["hasNextPage"], expected > 2, "{filter}");
        assert_eq!(found["nodes"].as_array().unwrap().len(), expected.min(2), "{filter}");
    }
    let red = ann.get("{ cards(filter: { labels: RED }) { nodes { labels { color } } } }").await;
    assert_eq!(red["cards"]["nodes"], json!([{ "labels": [{ "color": "RED" }] }]));
}

async fn cursors_and_arguments_of_other_lists_are_refused(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let boards = fill(&ann).await;
    let order = json!({ "field": "UPDATED_AT", "direction": "DESC" });
    let list = List::viewer_cards(&ann, &Value::Null, &order);
    let of_board = List::cards(&ann, &boards[0], &order);
    let foreign = of_board.page(json!({ "first": 1 })).await.cursors.remove(0);
    list.assert_refuses(json!({ "after": foreign }), "after").await;
    list.assert_refuses(json!({ "first": 1001 }), "first").await;
    list.assert_refuses(json!({ "first": -1 }), "first").await;
    list.assert_refuses(json!({ "first": 1, "last": 1 }), "last").await;
    for (arguments, field) in [
        ("orderBy: { field: RANK, direction: ASC }", json!(["orderBy", "field"])),
        (r#"boardIds: ["board_1", "card_1"]"#, json!(["boardIds", 1])),
        (r#"boardIds: "x""#, json!(["boardIds", 0])),
    ] {
        let answer =
            ann.ask(&format!("{{ cards({arguments}) {{ totalCount }} }}"), json!({})).await;
        assert_eq!(answer.error(), ("BAD_USER_INPUT".into(), field), "{arguments}");
    }
    let many = vec![boards[0].clone(); 201];
    let query = "query($ids: [ID!]) { cards(boardIds: $ids) { totalCount } }";
    let answer = ann.ask(query, json!({ "ids": many })).await;
    assert_eq!(answer.error(), ("BAD_USER_INPUT".into(), json!(["boardIds"])));
}

async fn searches_of_all_boards_have_a_price(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    for _ in 0..5 {
        let card = json!({ "title": "x", "description": "y".repeat(20_000) });
        let cards = vec![card; 4];
        let input = json!({ "boardId": board, "cards": cards });
        ann.done("createCards", input, "cards { id }").await;
        let text = json!({ "boardId": board, "description": "y".repeat(20_000) });
        ann.done("updateBoard", text, "board { id }").await;
    }
    let small = server.another(&[("GRAPHQL_MAX_COMPLEXITY", "1000")]).await;
    let ask = async |query: &str| small.ask_as(Some(&ann.token), query, json!({})).await;
    // 400 KB of cards cost 1562, 20 KB of boards 78 for each search.
    let cards = r#"{ cards(filter: { text: "z" }, first: 1) { nodes { id } } }"#;
    assert_eq!(ask(cards).await.code(), "QUERY_TOO_COMPLEX");
    let board = |n: usize| {
        format!(r#"b{n}: boards(filter: {{ text: "z{n}" }}, first: 1) {{ nodes {{ id }} }}"#)
    };
    ask(&format!("{{ {} }}", board(1))).await.ok();
    let many: String = (0..16).map(board).collect();
    let answer = ask(&format!("{{ {many} }}")).await;
    assert_eq!(
        answer.body["errors"][0]["extensions"]["code"], "QUERY_TOO_COMPLEX",
        "{}",
        answer.body
    );
    ask("{ cards(first: 1) { nodes { id } } boards(first: 1) { nodes { id } } }").await.ok();
    small.stop().await;
}

async fn boards_are_found_by_their_texts(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    for (title, description) in
        [("Hauptstraße", ""), ("Garten", "Die Straße **fegen**"), ("100% Plan", "a_b")]
    {
        let input = json!({ "title": title, "description": description });
        ann.done("createBoard", input, "board { id }").await;
    }
    bob.board("Straße").await;
    let find = async |filter: Value| {
        let query = "query($f: BoardFilter) { boards(filter: $f, orderBy: { field: TITLE, direction: ASC }) {
            totalCount nodes { title } } }";
        let found = ann.ask(query, json!({ "f": filter })).await.ok()["boards"].take();
        let titles = column(&found["nodes"], "title");
        assert_eq!(found["totalCount"], titles.len(), "{filter}");
        titles
    };
    for (text, expected) in [
        ("STRASSE", &["Garten", "Hauptstraße"][..]),
        ("fegen", &["Garten"]),
        ("%", &["100% Plan"]),
        ("_", &["100% Plan"]),
        ("nothing", &[]),
        ("", &["100% Plan", "Garten", "Hauptstraße"]),
    ] {
        assert_eq!(find(json!({ "text": text })).await, expected, "{text}");
    }
    assert_eq!(find(Value::Null).await.len(), 3);
    let mut found = ann.get(r#"{ boards(filter: { text: "garten" }) { nodes { id } } }"#).await;
    let garden = found["boards"]["nodes"][0]["id"].take();
    ann.done("updateBoard", json!({ "boardId": garden, "title": "Wald" }), "board { id }").await;
    assert_eq!(find(json!({ "text": "garten" })).await, [""; 0]);
    assert_eq!(find(json!({ "text": "wald" })).await, ["Wald"]);
    assert_eq!(find(json!({ "text": "FEGEN" })).await, ["Wald"]);
    let empty = json!({ "boardId": garden, "description": "" });
    ann.done("updateBoard", empty, "board { id }").await;
    assert_eq!(find(json!({ "text": "fegen" })).await, [""; 0]);
    // Pages of a search.
    let list = List::found_boards(&ann, "n");
    let all = list.page(json!({ "first": 50 })).await.ids;
    assert_eq!(list.walk(1, false).await, all);
    assert_eq!(list.walk(1, true).await, all);
    for bad in ["a\u{1f}", &"x".repeat(501)] {
        let answer = ann
            .ask(
                "query($t: String) { boards(filter: { text: $t }) { totalCount } }",
                json!({ "t": bad }),
            )
            .await;
        assert_eq!(answer.error(), ("BAD_USER_INPUT".into(), json!(["filter", "text"])));
    }
}
