//! The results of card filters, the same on both databases.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Server, User, column, scenarios, text};

scenarios![
    columns_and_labels_are_alternatives,
    conditions_add_up,
    what_is_empty_does_not_filter,
    text_is_found_without_case_beyond_ascii,
    text_is_found_however_it_is_encoded,
    like_wildcards_are_literal,
    text_is_found_in_title_or_description_never_across,
    filters_see_the_present_state,
    filters_hold_through_columns_and_pages,
    several_filters_in_one_query_stay_apart,
];

/// A board with cards whose titles name their columns and labels.
async fn labelled(ann: &User) -> String {
    let board = ann.board("Plans").await;
    let card = |title: &str, column: &str, labels: &[&str]| json!({ "title": title, "description": "Étude", "column": column, "labels": labels });
    let cards = [
        card("plain", "BACKLOG", &[]),
        card("red", "BACKLOG", &["RED"]),
        card("red and blue", "TODO", &["RED", "BLUE"]),
        card("blue", "TODO", &["BLUE"]),
        card("green", "DOING", &["GREEN"]),
        card("done", "DONE", &["GRAY", "RED"]),
    ];
    let input = json!({ "boardId": board, "cards": cards });
    ann.done("createCards", input, "cards { id }").await;
    board
}

/// A board with one card for each title.
async fn titled(ann: &User, titles: &[&str]) -> String {
    let board = ann.board("Plans").await;
    let cards: Vec<_> = titles.iter().map(|title| json!({ "title": title })).collect();
    let input = json!({ "boardId": board, "cards": cards });
    ann.done("createCards", input, "cards { id }").await;
    board
}

/// The titles that a filter finds. Asserts that `totalCount` is their number.
async fn found(user: &User, board: &str, filter: Value) -> Vec<String> {
    let query = "query($id: ID!, $filter: CardFilter) { board(id: $id) {
        cards(filter: $filter) { totalCount nodes { title } } } }";
    let variables = json!({ "id": board, "filter": filter });
    let mut data = user.ask(query, variables).await.ok();
    let list = data["board"]["cards"].take();
    let titles = column(&list["nodes"], "title");
    assert_eq!(list["totalCount"], titles.len(), "{filter}");
    titles
}

/// Asserts which titles a text filter finds.
async fn finds(user: &User, board: &str, text: &str, titles: &[&str]) {
    let found = found(user, board, json!({ "text": text })).await;
    assert_eq!(found, titles, "{text:?}");
}

async fn columns_and_labels_are_alternatives(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = labelled(&ann).await;
    for (filter, titles) in [
        (json!({ "columns": ["TODO"] }), &["red and blue", "blue"][..]),
        (json!({ "columns": ["DONE", "BACKLOG", "DONE"] }), &["plain", "red", "done"]),
        (json!({ "labels": ["RED"] }), &["red", "red and blue", "done"]),
        (
            json!({ "labels": ["BLUE", "GREEN", "RED", "BLUE"] }),
            &["red", "red and blue", "blue", "green", "done"],
        ),
        (json!({ "labels": ["YELLOW"] }), &[]),
        // A single value is coerced to a list of one (GraphQL specification, input coercion of lists).
        (json!({ "labels": "GREEN", "columns": "DOING" }), &["green"]),
    ] {
        assert_eq!(found(&ann, &board, filter.clone()).await, titles, "{filter}");
    }
}

async fn conditions_add_up(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = labelled(&ann).await;
    for (filter, titles) in [
        (json!({ "columns": ["TODO"], "labels": ["RED"] }), &["red and blue"][..]),
        (
            json!({ "columns": ["TODO", "DONE"], "labels": ["RED"], "text": "D" }),
            &["red and blue", "done"],
        ),
        (json!({ "columns": ["TODO", "DONE"], "labels": ["RED"], "text": "DO" }), &["done"]),
        (json!({ "columns": ["DOING"], "text": "ÉTUDE" }), &["green"]),
        (json!({ "labels": ["BLUE"], "text": "étude" }), &["red and blue", "blue"]),
        (json!({ "columns": ["DOING"], "labels": ["RED"] }), &[]),
        (json!({ "labels": ["RED"], "text": "green" }), &[]),
    ] {
        assert_eq!(found(&ann, &board, filter.clone()).await, titles, "{filter}");
    }
}

async fn what_is_empty_does_not_filter(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = labelled(&ann).await;
    let all = found(&ann, &board, Value::Null).await;
    assert_eq!(all.len(), 6);
    for filter in [
        json!({}),
        json!({ "columns": [], "labels": [], "text": "" }),
        json!({ "columns": null, "labels": null, "text": null }),
    ] {
        assert_eq!(found(&ann, &board, filter.clone()).await, all, "{filter}");
    }
    let filter = json!({ "columns": ["DOING"], "labels": [], "text": "" });
    assert_eq!(found(&ann, &board, filter).await, ["green"]);
}

async fn text_is_found_without_case_beyond_ascii(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let titles =
        ["L'été", "Straße", "Strasse", "ΟΔΥΣΣΕΥΣ", "Ёлка", "e\u{301}te\u{301}", "👍🏽 ok", "Kelvin"];
    let board = titled(&ann, &titles).await;
    for (text, expected) in [
        ("ÉTÉ", &["L'été", "e\u{301}te\u{301}"][..]),
        ("été", &["L'été", "e\u{301}te\u{301}"]),
        ("E\u{301}TE\u{301}", &["L'été", "e\u{301}te\u{301}"]),
        ("ete", &[]),
        ("straße", &["Straße", "Strasse"]),
        ("STRASSE", &["Straße", "Strasse"]),
        ("ẞ", &["Straße", "Strasse"]),
        ("SS", &["Straße", "Strasse"]),
        ("οδυσσευς", &["ΟΔΥΣΣΕΥΣ"]),
        ("ΥΣ", &["ΟΔΥΣΣΕΥΣ"]),
        ("ς", &["ΟΔΥΣΣΕΥΣ"]),
        ("σευσ", &["ΟΔΥΣΣΕΥΣ"]),
        ("ёЛК", &["Ёлка"]),
        ("елка", &[]),
        ("👍", &["👍🏽 ok"]),
        // The Kelvin sign (U+212A) is a `k` in lower case.
        ("\u{212a}ELVIN", &["Kelvin"]),
    ] {
        finds(&ann, &board, text, expected).await;
    }
}

async fn text_is_found_however_it_is_encoded(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let titles = [
        "ﬁne oﬃce",
        "ＡＢＣ１２３",
        "ﾀﾜｰ",
        "한글",
        "m²",
        "soft\u{ad}ware",
        "❤\u{fe0f}",
        "नमस्ते क\u{93c}",
    ];
    let board = titled(&ann, &titles).await;
    for (text, expected) in [
        ("FINE OFFICE", &["ﬁne oﬃce"][..]),
        ("ﬃ", &["ﬁne oﬃce"]),
        ("abc123", &["ＡＢＣ１２３"]),
        ("ｃ１", &["ＡＢＣ１２３"]),
        ("タワー", &["ﾀﾜｰ"]),
        ("\u{1112}\u{1161}\u{11ab}", &["한글"]),
        ("m2", &["m²"]),
        ("SOFTWARE", &["soft\u{ad}ware"]),
        ("soft\u{200b}ware", &["soft\u{ad}ware"]),
        ("❤", &["❤\u{fe0f}"]),
        ("\u{958}", &["नमस्ते क\u{93c}"]),
        // Nothing is left to search for.
        ("\u{200b}", &titles),
    ] {
        finds(&ann, &board, text, expected).await;
    }
}

async fn like_wildcards_are_literal(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let titles = [
        "100%", "100x", "a_b", "axb", r"c\d", "c/d", r"c\\d", "[ab]*", "^x$", "it's", "\"q\"",
        "{1,2}", "a  b",
    ];
    let board = titled(&ann, &titles).await;
    for (text, expected) in [
        ("100%", &["100%"][..]),
        ("%", &["100%"]),
        ("0%%", &[]),
        ("a_b", &["a_b"]),
        ("_", &["a_b"]),
        (r"\", &[r"c\d", r"c\\d"]),
        (r"c\d", &[r"c\d"]),
        (r"\\", &[r"c\\d"]),
        (r"\%", &[]),
        (r"\_", &[]),
        ("[ab]", &["[ab]*"]),
        ("*", &["[ab]*"]),
        ("^", &["^x$"]),
        ("x$", &["^x$"]),
        ("'", &["it's"]),
        ("' OR '1'='1", &[]),
        ("\"", &["\"q\""]),
        ("{1,2}", &["{1,2}"]),
        ("?", &[]),
        // A space is a character like any other.
        (" ", &["a  b"]),
        ("  B", &["a  b"]),
        ("a b", &[]),
        (" 100%", &[]),
    ] {
        finds(&ann, &board, text, expected).await;
    }
}

async fn text_is_found_in_title_or_description_never_across(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    for (title, description) in [("ab", "cd\n\tEF"), ("xyz", ""), ("zz", "Wxyz")] {
        let card = json!({ "title": title, "description": description });
        ann.done("createCard", json!({ "boardId": board, "card": card }), "card { id }").await;
    }
    for (text, expected) in [
        ("ab", &["ab"][..]),
        ("CD", &["ab"]),
        ("d\n\te", &["ab"]),
        ("ef", &["ab"]),
        ("b", &["ab"]),
        ("bc", &[]),
        ("b c", &[]),
        ("b\nc", &[]),
        ("b\tc", &[]),
        ("b\r\nc", &[]),
        ("xyz", &["xyz", "zz"]),
        ("zzw", &[]),
        ("abcd", &[]),
        ("cdab", &[]),
    ] {
        finds(&ann, &board, text, expected).await;
    }
    // The character that separates title and description in `search_text` cannot be searched for.
    for sign in ["\u{1f}", "\u{1e}", "\u{0}", "\u{1}", "\u{7f}"] {
        let query = "query($id: ID!, $t: String) { board(id: $id) { cards(filter: { text: $t }) { totalCount } } }";
        let variables = json!({ "id": board, "t": format!("b{sign}c") });
        let answer = ann.ask(query, variables).await;
        assert_eq!(
            answer.error(),
            ("BAD_USER_INPUT".into(), json!(["filter", "text"])),
            "{sign:?}"
        );
    }
}

async fn filters_see_the_present_state(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = labelled(&ann).await;
    let query = "query($id: ID!) { board(id: $id) { cards { nodes { id } } labels { id color } } }";
    let data = ann.ask(query, json!({ "id": board })).await.ok();
    let card = text(&data["board"]["cards"]["nodes"][0]["id"]);
    let changes =
        json!({ "cardId": card, "title": "Önly", "column": "DONE", "labels": ["YELLOW"] });
    ann.done("updateCard", changes, "card { id }").await;
    finds(&ann, &board, "plain", &[]).await;
    finds(&ann, &board, "öNLY", &["Önly"]).await;
    assert_eq!(
        found(&ann, &board, json!({ "text": "étude", "columns": ["DONE"], "labels": ["YELLOW"] }))
            .await,
        ["Önly"]
    );

    ann.done("updateCard", json!({ "cardId": card, "description": "Fuge" }), "card { id }").await;
    finds(&ann, &board, "fuge", &["Önly"]).await;
    assert_eq!(found(&ann, &board, json!({ "text": "étude" })).await.len(), 5);

    ann.done(
        "removeLabelsFromCard",
        json!({ "cardId": card, "labels": ["YELLOW"] }),
        "card { id }",
    )
    .await;
    assert!(found(&ann, &board, json!({ "labels": ["YELLOW"] })).await.is_empty());
    let blue = text(&data["board"]["labels"][4]["id"]);
    ann.done("updateLabel", json!({ "labelId": blue, "name": "sky" }), "label { id }").await;
    assert_eq!(found(&ann, &board, json!({ "labels": ["BLUE"] })).await, ["red and blue", "blue"]);
    ann.done("deleteLabel", json!({ "labelId": blue }), "deletedLabelId").await;
    assert!(found(&ann, &board, json!({ "labels": ["BLUE"] })).await.is_empty());
    ann.done("createLabel", json!({ "boardId": board, "color": "BLUE" }), "label { id }").await;
    assert!(found(&ann, &board, json!({ "labels": ["BLUE"] })).await.is_empty());
}

async fn filters_hold_through_columns_and_pages(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = labelled(&ann).await;
    labelled(&ann).await;
    let query = "query($id: ID!, $f: CardFilter) { board(id: $id) { columns { cards(filter: $f) { totalCount nodes { title } } } } }";
    for (filter, expected) in [
        (json!({ "labels": ["RED"] }), [&["red"][..], &["red and blue"], &[], &["done"]]),
        (json!({ "text": "BLUE" }), [&[], &["red and blue", "blue"], &[], &[]]),
        (json!({ "columns": ["TODO", "DONE"] }), [&[], &["red and blue", "blue"], &[], &["done"]]),
        (json!({}), [&["plain", "red"], &["red and blue", "blue"], &["green"], &["done"]]),
    ] {
        let data = ann.ask(query, json!({ "id": board, "f": filter })).await.ok();
        for (found, titles) in data["board"]["columns"].as_array().unwrap().iter().zip(expected) {
            assert_eq!(column(&found["cards"]["nodes"], "title"), titles, "{filter}");
            assert_eq!(found["cards"]["totalCount"], titles.len(), "{filter}");
        }
    }

    // `totalCount` and `pageInfo` refer to the filtered list.
    let query = "query($id: ID!, $after: String, $before: String, $last: Int, $first: Int) { board(id: $id) {
        cards(filter: { labels: [RED] }, first: $first, after: $after, last: $last, before: $before) {
            nodes { title } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";
    let page = async |arguments: Value| {
        let mut variables = arguments;
        variables["id"] = json!(board);
        let list = ann.ask(query, variables).await.ok()["board"]["cards"].take();
        assert_eq!(list["totalCount"], 3);
        (column(&list["nodes"], "title"), list["pageInfo"].clone())
    };
    let (titles, info) = page(json!({ "first": 2 })).await;
    assert_eq!(
        (titles, &info["hasNextPage"]),
        (vec!["red".into(), "red and blue".into()], &json!(true))
    );
    let (titles, info) = page(json!({ "first": 2, "after": info["endCursor"] })).await;
    assert_eq!((titles, &info["hasNextPage"]), (vec!["done".into()], &json!(false)));
    let (titles, info) = page(json!({ "last": 2, "before": info["startCursor"] })).await;
    assert_eq!(
        (titles, &info["hasPreviousPage"]),
        (vec!["red".into(), "red and blue".into()], &json!(false))
    );
}

async fn several_filters_in_one_query_stay_apart(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = labelled(&ann).await;
    titled(&ann, &["red herring"]).await;
    let query = "{ boards(orderBy: { field: CREATED_AT, direction: ASC }) { nodes { id
        red: cards(filter: { text: \"RED\" }) { totalCount nodes { title } }
        blue: cards(filter: { labels: BLUE }) { totalCount nodes { title } }
        one: cards(filter: { text: \"red\" }, first: 1) { totalCount nodes { title } }
        all: cards { totalCount } } } }";
    let boards = ann.get(query).await["boards"]["nodes"].take();
    assert_eq!(boards[0]["id"], json!(board));
    let totals = |board: &Value| {
        ["red", "blue", "one", "all"].map(|list| board[list]["totalCount"].as_u64().unwrap())
    };
    assert_eq!((totals(&boards[0]), totals(&boards[1])), ([2, 2, 2, 6], [1, 0, 1, 1]));
    assert_eq!(column(&boards[0]["red"]["nodes"], "title"), ["red", "red and blue"]);
    assert_eq!(column(&boards[0]["blue"]["nodes"], "title"), ["red and blue", "blue"]);
    assert_eq!(column(&boards[0]["one"]["nodes"], "title"), ["red"]);
    assert_eq!(column(&boards[1]["one"]["nodes"], "title"), ["red herring"]);
}
