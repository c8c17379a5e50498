//! Boards, labels, cards and sharing in normal use.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Server, column, scenarios, text};

scenarios![
    a_new_board_has_seven_labels_and_its_creator,
    a_board_is_changed_in_one_call,
    deleting_a_board_deletes_what_is_on_it,
    cards_are_made_changed_and_deleted,
    many_cards_are_made_in_the_given_order,
    labels_come_go_and_change,
    a_label_is_renamed_once_at_a_time,
    a_colour_is_unique_on_a_board,
    sharing_and_unsharing,
    a_board_keeps_its_last_member,
    what_changes_nothing_leaves_no_trace,
    everything_is_a_node,
    a_mutation_that_fails_leaves_the_others_alone,
    text_is_stored_whole,
];

const COLORS: [&str; 7] = ["RED", "ORANGE", "YELLOW", "GREEN", "BLUE", "PURPLE", "GRAY"];

async fn a_new_board_has_seven_labels_and_its_creator(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let input = json!({ "title": "  Plans ", "description": "# All\n" });
    let payload = "board { id title description createdAt updatedAt
        labels { id color name board { title } } columns { column cards { totalCount } }
        members { totalCount nodes { id } edges { since } } } boardEdge { cursor node { id } }";
    let made = ann.done("createBoard", input, payload).await;
    let board = &made["board"];
    assert_eq!(board["title"], "Plans");
    assert_eq!(board["description"], "# All");
    assert_eq!(board["createdAt"], board["updatedAt"]);
    assert_eq!(column(&board["labels"], "color"), COLORS);
    assert!(column(&board["labels"], "name").iter().all(String::is_empty));
    assert_eq!(column(&board["columns"], "column"), ["BACKLOG", "TODO", "DOING", "DONE"]);
    assert_eq!(board["members"]["nodes"], json!([{ "id": ann.id }]));
    assert_eq!(board["members"]["edges"][0]["since"], board["createdAt"]);

    // The cursor of the edge belongs to the default order of `boards`.
    let query = "query($c: String!) { boards(before: $c, last: 5) { nodes { id } }
        all: boards { nodes { id title } pageInfo { startCursor } totalCount } }";
    let list = ann.ask(query, json!({ "c": made["boardEdge"]["cursor"] })).await.ok();
    assert_eq!(list["boards"]["nodes"], json!([]));
    assert_eq!(list["all"]["pageInfo"]["startCursor"], made["boardEdge"]["cursor"]);
    assert_eq!(list["all"]["totalCount"], 1);
}

async fn a_board_is_changed_in_one_call(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let input = json!({ "boardId": board, "title": "Deeds", "description": "new",
        "labels": [{ "color": "RED", "name": "urgent" }, { "color": "GRAY", "name": "later" }] });
    let payload = "board { title description createdAt updatedAt labels { color name updatedAt } }";
    let changed = ann.done("updateBoard", input, payload).await["board"].take();
    assert_eq!(changed["title"], "Deeds");
    assert_eq!(changed["description"], "new");
    assert_eq!(column(&changed["labels"], "name"), ["urgent", "", "", "", "", "", "later"]);
    assert!(text(&changed["updatedAt"]) > text(&changed["createdAt"]));
    assert_eq!(changed["labels"][0]["updatedAt"], changed["updatedAt"]);
    assert_eq!(changed["labels"][1]["updatedAt"], changed["createdAt"]);

    // A field that is left out or null is not changed. A text can be set to the empty string.
    let input = json!({ "boardId": board, "title": null, "description": "", "labels": null });
    let changed = ann.done("updateBoard", input, payload).await["board"].take();
    assert_eq!((&changed["title"], &changed["description"]), (&json!("Deeds"), &json!("")));
}

async fn deleting_a_board_deletes_what_is_on_it(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let card = ann.card(&board, "x").await;
    let labels = ann
        .ask("query($id: ID!) { board(id: $id) { labels { id } } }", json!({ "id": board }))
        .await
        .ok();
    let label = text(&labels["board"]["labels"][0]["id"]);
    let deleted = ann.done("deleteBoard", json!({ "boardId": board }), "deletedBoardId").await;
    assert_eq!(deleted["deletedBoardId"], json!(board));
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } boards { totalCount } }";
    let left = ann.ask(query, json!({ "ids": [board, card, label] })).await.ok();
    assert_eq!(left, json!({ "nodes": [null, null, null], "boards": { "totalCount": 0 } }));
    let again = ann.call("deleteBoard", json!({ "boardId": board }), "deletedBoardId").await;
    assert_eq!(again.error(), ("NOT_FOUND".into(), json!(["input", "boardId"])));

    // The ID of a deleted board is never used again.
    assert_ne!(ann.board("Next").await, board);
}

async fn cards_are_made_changed_and_deleted(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let input = json!({ "boardId": board, "card": { "title": "Buy milk", "description": "**two**",
        "column": "TODO", "labels": ["GRAY", "RED", "GRAY"] } });
    let fields = "id title description column board { id } labels { color } createdAt updatedAt";
    let made = ann
        .done(
            "createCard",
            input,
            &format!("card {{ {fields} }} cardEdge {{ cursor node {{ id }} }}"),
        )
        .await;
    let card = &made["card"];
    let id = text(&card["id"]);
    assert_eq!(card["title"], "Buy milk");
    assert_eq!(card["column"], "TODO");
    assert_eq!(card["board"]["id"], json!(board));
    assert_eq!(column(&card["labels"], "color"), ["RED", "GRAY"]);
    assert_eq!(made["cardEdge"]["node"]["id"], json!(id));

    let fields = format!("card {{ {fields} }}");
    let input =
        json!({ "cardId": id, "title": "Buy bread", "column": "DONE", "labels": ["BLUE", "RED"] });
    let changed = ann.done("updateCard", input, &fields).await["card"].take();
    assert_eq!(changed["title"], "Buy bread");
    assert_eq!(changed["description"], "**two**");
    assert_eq!(changed["column"], "DONE");
    assert_eq!(column(&changed["labels"], "color"), ["RED", "BLUE"]);
    assert!(text(&changed["updatedAt"]) > text(&changed["createdAt"]));

    let input = json!({ "cardId": id, "labels": ["GREEN", "RED"] });
    let more = ann.done("addLabelsToCard", input.clone(), &fields).await["card"].take();
    assert_eq!(column(&more["labels"], "color"), ["RED", "GREEN", "BLUE"]);
    let less = ann.done("removeLabelsFromCard", input, &fields).await["card"].take();
    assert_eq!(column(&less["labels"], "color"), ["BLUE"]);
    let none =
        ann.done("updateCard", json!({ "cardId": id, "labels": [] }), &fields).await["card"].take();
    assert_eq!(none["labels"], json!([]));

    let deleted = ann
        .done(
            "deleteCard",
            json!({ "cardId": id }),
            "deletedCardId board { id cards { totalCount } }",
        )
        .await;
    assert_eq!(
        deleted,
        json!({ "deletedCardId": id, "board": { "id": board, "cards": { "totalCount": 0 } } })
    );
    let gone = ann.ask("query($id: ID!) { card(id: $id) { id } }", json!({ "id": id })).await.ok();
    assert_eq!(gone["card"], Value::Null);
}

async fn many_cards_are_made_in_the_given_order(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let cards: Vec<_> = (0..100)
        .map(|n| json!({ "title": format!("card {n}"), "labels": if n % 2 == 0 { json!(["RED"]) } else { json!([]) } }))
        .collect();
    let input = json!({ "boardId": board, "cards": cards });
    let made = ann.done("createCards", input, "cards { title labels { color } }").await;
    let titles: Vec<_> = (0..100).map(|n| format!("card {n}")).collect();
    assert_eq!(column(&made["cards"], "title"), titles);
    assert_eq!(made["cards"][98]["labels"], json!([{ "color": "RED" }]));
    assert_eq!(made["cards"][99]["labels"], json!([]));
    let query = "query($id: ID!) { board(id: $id) { cards(first: 100) { nodes { title } } } }";
    let list = ann.ask(query, json!({ "id": board })).await.ok();
    assert_eq!(column(&list["board"]["cards"]["nodes"], "title"), titles);
}

async fn labels_come_go_and_change(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let input = json!({ "boardId": board, "card": { "title": "x", "labels": ["RED", "BLUE"] } });
    let made = ann.done("createCard", input, "card { id labels { id color } }").await;
    let (card, red) = (text(&made["card"]["id"]), text(&made["card"]["labels"][0]["id"]));

    let input = json!({ "labelId": red, "name": "urgent" });
    let named = ann.done("updateLabel", input, "label { id name color board { id } }").await;
    assert_eq!(
        named["label"],
        json!({ "id": red, "name": "urgent", "color": "RED", "board": { "id": board } })
    );

    let deleted = ann
        .done("deleteLabel", json!({ "labelId": red }), "deletedLabelId board { labels { color } }")
        .await;
    assert_eq!(deleted["deletedLabelId"], json!(red));
    assert_eq!(column(&deleted["board"]["labels"], "color"), COLORS[1..]);
    let query = "query($id: ID!) { card(id: $id) { labels { color } } }";
    let left = ann.ask(query, json!({ "id": card })).await.ok();
    assert_eq!(left["card"]["labels"], json!([{ "color": "BLUE" }]));

    // A colour that has no label can be given to no card, but it can be given to another label.
    for (mutation, input, field) in [
        (
            "addLabelsToCard",
            json!({ "cardId": card, "labels": ["RED"] }),
            json!(["input", "labels", 0]),
        ),
        (
            "removeLabelsFromCard",
            json!({ "cardId": card, "labels": ["BLUE", "RED"] }),
            json!(["input", "labels", 1]),
        ),
        ("updateCard", json!({ "cardId": card, "labels": ["RED"] }), json!(["input", "labels", 0])),
    ] {
        let answer = ann.call(mutation, input, "card { id }").await;
        assert_eq!(answer.error(), ("BAD_USER_INPUT".into(), field), "{mutation}");
    }
    let input = json!({ "boardId": board, "card": { "title": "x", "labels": ["RED"] } });
    let answer = ann.call("createCard", input, "card { id }").await;
    assert_eq!(answer.error(), ("BAD_USER_INPUT".into(), json!(["input", "card", "labels", 0])));
    let input = json!({ "boardId": board, "cards": [{ "title": "x" }, { "title": "x", "labels": ["GRAY", "RED"] }] });
    let answer = ann.call("createCards", input, "cards { id }").await;
    assert_eq!(
        answer.error(),
        ("BAD_USER_INPUT".into(), json!(["input", "cards", 1, "labels", 1]))
    );
    let input = json!({ "boardId": board, "labels": [{ "color": "RED", "name": "x" }] });
    let answer = ann.call("updateBoard", input, "board { id }").await;
    assert_eq!(answer.error(), ("BAD_USER_INPUT".into(), json!(["input", "labels", 0, "color"])));

    let input = json!({ "boardId": board, "color": "RED" });
    let made = ann.done("createLabel", input, "label { id color name }").await;
    assert_eq!(made["label"]["name"], "");
    assert_ne!(made["label"]["id"], json!(red));
}

async fn a_colour_is_unique_on_a_board(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let (board, other) = (ann.board("Plans").await, ann.board("Others").await);
    let query = "query($id: ID!) { board(id: $id) { labels { id } } }";
    let labels = ann.ask(query, json!({ "id": board })).await.ok();
    let red = text(&labels["board"]["labels"][0]["id"]);
    let answer =
        ann.call("createLabel", json!({ "boardId": board, "color": "RED" }), "label { id }").await;
    assert_eq!(answer.error(), ("CONFLICT".into(), json!(["input", "color"])));
    let answer =
        ann.call("updateLabel", json!({ "labelId": red, "color": "BLUE" }), "label { id }").await;
    assert_eq!(answer.error(), ("CONFLICT".into(), json!(["input", "color"])));
    let labels = ann.ask(query, json!({ "id": other })).await.ok();
    let blue = text(&labels["board"]["labels"][4]["id"]);
    ann.done("deleteLabel", json!({ "labelId": blue }), "deletedLabelId").await;
    let other_red = text(&labels["board"]["labels"][0]["id"]);
    let input = json!({ "labelId": other_red, "color": "BLUE", "name": "sky" });
    let changed = ann.done("updateLabel", input, "label { color name }").await;
    assert_eq!(changed["label"], json!({ "color": "BLUE", "name": "sky" }));
}

async fn sharing_and_unsharing(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    let both = json!({ "boardId": board, "userId": bob.id });
    let payload =
        "board { id members { totalCount } } memberEdge { since node { email createdAt } }";
    let shared = ann.done("shareBoard", both.clone(), payload).await;
    assert_eq!(
        shared["memberEdge"]["node"],
        json!({ "email": "bob@example.com", "createdAt": null })
    );
    assert_eq!(shared["board"]["members"]["totalCount"], 2);

    // Sharing again is no error and changes nothing.
    let again = ann.done("shareBoard", both.clone(), payload).await;
    assert_eq!(again, shared);
    let boards = bob.get("{ boards { nodes { id members { nodes { email } } } } }").await;
    assert_eq!(boards["boards"]["nodes"][0]["id"], json!(board));
    assert_eq!(
        column(&boards["boards"]["nodes"][0]["members"]["nodes"], "email"),
        ["ann@example.com", "bob@example.com"]
    );

    let removed = ann.done("unshareBoard", both.clone(), "removedUserId board { id }").await;
    assert_eq!(removed, json!({ "removedUserId": bob.id, "board": { "id": board } }));
    assert_eq!(bob.get("{ boards { nodes { id } } }").await["boards"]["nodes"], json!([]));
    let again = ann.call("unshareBoard", both.clone(), "removedUserId").await;
    assert_eq!(again.error(), ("NOT_FOUND".into(), json!(["input", "userId"])));

    // Members can remove themselves, and then no longer see the board.
    ann.share(&board, &bob).await;
    let left = bob.done("unshareBoard", both, "removedUserId board { id }").await;
    assert_eq!(left, json!({ "removedUserId": bob.id, "board": null }));
    let unknown = json!({ "boardId": board, "userId": format!("user_{:032x}", 7) });
    let answer = ann.call("shareBoard", unknown, "board { id }").await;
    assert_eq!(answer.error(), ("NOT_FOUND".into(), json!(["input", "userId"])));
}

async fn a_board_keeps_its_last_member(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let input = json!({ "boardId": board, "userId": ann.id });
    let answer = ann.call("unshareBoard", input, "removedUserId").await;
    assert_eq!(answer.error(), ("CONFLICT".into(), json!(["input", "userId"])));
    assert_eq!(ann.get("{ boards { totalCount } }").await["boards"]["totalCount"], 1);
}

async fn what_changes_nothing_leaves_no_trace(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let input = json!({ "boardId": board, "card": { "title": "x", "labels": ["RED"] } });
    let made = ann.done("createCard", input, "card { id labels { id } }").await;
    let (card, label) = (text(&made["card"]["id"]), text(&made["card"]["labels"][0]["id"]));
    let times =
        "query($board: ID!, $card: ID!) { board(id: $board) { updatedAt labels { updatedAt } }
        card(id: $card) { updatedAt } }";
    let ids = json!({ "board": board, "card": card });
    let before = ann.ask(times, ids.clone()).await.ok();
    for (mutation, input) in [
        (
            "updateBoard",
            json!({ "boardId": board, "title": "Plans", "labels": [{ "color": "RED", "name": "" }] }),
        ),
        ("updateBoard", json!({ "boardId": board })),
        ("shareBoard", json!({ "boardId": board, "userId": ann.id })),
        (
            "updateCard",
            json!({ "cardId": card, "title": " x ", "column": "BACKLOG", "labels": ["RED", "RED"] }),
        ),
        ("addLabelsToCard", json!({ "cardId": card, "labels": ["RED"] })),
        ("removeLabelsFromCard", json!({ "cardId": card, "labels": ["BLUE"] })),
        ("addLabelsToCard", json!({ "cardId": card, "labels": [] })),
        ("updateLabel", json!({ "labelId": label, "color": "RED", "name": "" })),
    ] {
        ann.done(mutation, input, "__typename").await;
    }
    assert_eq!(ann.ask(times, ids).await.ok(), before);
}

async fn a_label_is_renamed_once_at_a_time(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let names = ["RED", "BLUE", "RED"].map(|color| json!({ "color": color, "name": color }));
    let input = json!({ "boardId": board, "title": "New", "labels": names });
    let answer = ann.call("updateBoard", input, "board { id }").await;
    assert_eq!(answer.error(), ("BAD_USER_INPUT".into(), json!(["input", "labels", 2, "color"])));
    let input = json!({ "boardId": board, "labels": [names[1], names[0]] });
    let changed = ann.done("updateBoard", input, "board { title labels { name } }").await;
    assert_eq!(changed["board"]["title"], "Plans");
    assert_eq!(column(&changed["board"]["labels"], "name")[..5], ["RED", "", "", "", "BLUE"]);
}

async fn everything_is_a_node(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    let card = ann.card(&board, "x").await;
    ann.share(&board, &bob).await;
    let query = "query($id: ID!) { board(id: $id) { labels { id } columns { id } } }";
    let parts = ann.ask(query, json!({ "id": board })).await.ok();
    let label = text(&parts["board"]["labels"][0]["id"]);
    let column = text(&parts["board"]["columns"][2]["id"]);
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id
        ... on BoardColumn { column board { id } } ... on User { email } } }";
    let ids = json!([column, "nonsense", card, bob.id, board, label, ann.id, card]);
    let nodes = ann.ask(query, json!({ "ids": ids })).await.ok();
    assert_eq!(
        nodes["nodes"],
        json!([
            { "__typename": "BoardColumn", "id": column, "column": "DOING", "board": { "id": board } },
            null,
            { "__typename": "Card", "id": card },
            { "__typename": "User", "id": bob.id, "email": "bob@example.com" },
            { "__typename": "Board", "id": board },
            { "__typename": "Label", "id": label },
            { "__typename": "User", "id": ann.id, "email": "ann@example.com" },
            { "__typename": "Card", "id": card },
        ])
    );
    let one = ann.ask("query($id: ID!) { node(id: $id) { id } }", json!({ "id": card })).await.ok();
    assert_eq!(one["node"]["id"], json!(card));
}

async fn a_mutation_that_fails_leaves_the_others_alone(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let query = r#"mutation($id: ID!) {
        one: createCard(input: { boardId: $id, card: { title: "one" } }) { card { title board { cards { totalCount } } } }
        two: createCard(input: { boardId: $id, card: { title: "" } }) { card { title } }
        three: createCard(input: { boardId: $id, card: { title: "three" } }) { card { title board { cards { totalCount } } } } }"#;
    let answer = ann.ask(query, json!({ "id": board })).await;
    assert_eq!(answer.error(), ("BAD_USER_INPUT".into(), json!(["input", "card", "title"])));
    assert_eq!(answer.body["errors"][0]["path"], json!(["two"]));
    // The same when the access check refuses a field.
    let sign_up = r#"mutation {
        signUp(input: { email: "new@example.com", password: "password" }) { user { email } }
        createBoard(input: { title: "x" }) { board { id } } }"#;
    let partly = server.ask(sign_up, json!({})).await;
    assert_eq!(partly.code(), "UNAUTHENTICATED");
    assert_eq!(partly.body["data"]["signUp"]["user"]["email"], "new@example.com");
    let required = r#"mutation($title: String!) { a: createBoard(input: { title: "a" }) { board { id } }
        b: createBoard(input: { title: $title }) { board { id } } }"#;
    assert_eq!(ann.ask(required, json!({})).await.code(), "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(ann.get("{ boards { totalCount } }").await["boards"]["totalCount"], 1);

    // Each payload shows the board as it was after its own mutation.
    let card = |title, total| json!({ "card": { "title": title, "board": { "cards": { "totalCount": total } } } });
    assert_eq!(
        answer.body["data"],
        json!({ "one": card("one", 1), "two": null, "three": card("three", 2) })
    );
}

async fn text_is_stored_whole(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    for title in [
        "👩‍👩‍👧‍👦🏳️‍🌈",
        "שלום עולם",
        "مرحبا \u{202b}بالعالم",
        "e\u{301}té ÉTÉ",
        "'; DROP TABLE cards; --",
        r#""\u0000\n{{"#,
    ] {
        let description = format!("{title}\n\n    code\ttab\r\n{title}");
        let input =
            json!({ "boardId": board, "card": { "title": title, "description": description } });
        let made = ann.done("createCard", input, "card { id }").await;
        let query = "query($id: ID!) { card(id: $id) { title description } }";
        let card = ann.ask(query, json!({ "id": made["card"]["id"] })).await.ok();
        assert_eq!(card["card"], json!({ "title": title, "description": description }));
    }
}
