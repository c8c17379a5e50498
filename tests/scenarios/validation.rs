//! Invalid requests are refused before execution, so that no mutation is half done.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Server, User, scenarios, text};

scenarios![
    values_of_wrong_types_are_refused_before_anything_is_done,
    variables_are_checked_where_they_are_used,
    valid_documents_are_accepted,
    operations_that_are_not_run_are_checked_too,
    complexity_grows_with_the_pages,
    texts_that_stand_in_an_answer_often_are_bounded,
    equal_fields_of_a_mutation_run_once,
    fields_of_a_mutation_that_differ_are_refused,
];

/// The code and the message of a request that was refused as a whole.
async fn refusal(user: &User, query: &str, variables: Value) -> (String, String) {
    let body = json!({ "query": query, "variables": variables });
    let request = user.server.http.post(format!("{}/graphql", user.server.url));
    let request = request.header("accept", "application/graphql-response+json").json(&body);
    let answer = request.bearer_auth(&user.token).send().await.unwrap();
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(status, 400, "{query}: {body}");
    assert!(body.get("data").is_none(), "{query}: {body}");
    let error = &body["errors"][0];
    (text(&error["extensions"]["code"]), text(&error["message"]))
}

/// A mutation that follows one which would have been committed.
fn behind_another(definitions: &str, rest: &str) -> String {
    format!(
        r#"mutation M{definitions} {{ first: createBoard(input: {{ title: "half" }}) {{ board {{ id }} }} {rest} }}"#
    )
}

async fn values_of_wrong_types_are_refused_before_anything_is_done(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let card = |field: &str| {
        format!(
            r#"createCard(input: {{ boardId: {board:?}, card: {{ title: "x" {field} }} }}) {{ card {{ id }} }}"#
        )
    };
    let activity = |first: &str| {
        format!(
            r#"updateBoard(input: {{ boardId: {board:?}, title: "y" }}) {{ board {{ activity(first: {first}) {{ totalCount }} }} }}"#
        )
    };
    for (definitions, rest, variables, message) in [
        ("", activity("2147483648"), json!({}), ""),
        ("", activity("-2147483649"), json!({}), ""),
        ("", activity("1.5"), json!({}), ""),
        ("", activity("\"1\""), json!({}), ""),
        ("", activity("true"), json!({}), ""),
        ("", activity("ONE"), json!({}), ""),
        ("", activity("[1, 2]"), json!({}), ""),
        ("", card("column: \"TODO\""), json!({}), ""),
        ("", card("column: LATER"), json!({}), ""),
        ("", card("column: null"), json!({}), ""),
        ("", card("labels: [RED, 5]"), json!({}), ""),
        ("", card("labels: [null]"), json!({}), ""),
        ("", card("description: 5"), json!({}), ""),
        ("", card("colour: RED"), json!({}), ""),
        ("", "createBoard(input: {}) { board { id } }".into(), json!({}), ""),
        ("", "createBoard { board { id } }".into(), json!({}), ""),
        ("", "createBoard(input: null) { board { id } }".into(), json!({}), ""),
        ("", "createBoard(input: 5) { board { id } }".into(), json!({}), ""),
        ("", "logOut @skip(if: 1) { revokedSessionId }".into(), json!({}), ""),
        ("", "logOut @include { revokedSessionId }".into(), json!({}), ""),
        (
            "($n: Int)",
            activity("$n"),
            json!({ "n": 2_147_483_648_i64 }),
            "Variable $n: expected Int.",
        ),
        ("($n: Int)", activity("$n"), json!({ "n": 1.5 }), "Variable $n: expected Int."),
        ("($n: Int)", activity("$n"), json!({ "n": "1" }), "Variable $n: expected Int."),
        ("($n: Int)", activity("$n"), json!({ "n": [[1]] }), "Variable $n: expected Int."),
        ("($n: Int = 1.5)", activity("$n"), json!({}), ""),
        ("($n: Int!)", activity("$n"), json!({}), "Variable $n is required."),
        ("($n: Int! = 5)", activity("$n"), json!({ "n": null }), "Variable $n: expected Int!."),
        (
            "($i: CreateBoardInput!)",
            "createBoard(input: $i) { board { id } }".into(),
            json!({ "i": { "title": 5 } }),
            "Variable $i.title: expected String!.",
        ),
        (
            "($i: CreateBoardInput!)",
            "createBoard(input: $i) { board { id } }".into(),
            json!({ "i": { "title": "x", "more": 1 } }),
            "Variable $i.more: unknown field.",
        ),
        (
            "($i: CreateCardsInput!)",
            "createCards(input: $i) { cards { id } }".into(),
            json!({ "i": { "boardId": board, "cards": [{ "title": "a" }, { "title": null }] } }),
            "Variable $i.cards[1].title: expected String!.",
        ),
        (
            "($id: ID!)",
            "deleteBoard(input: { boardId: $id }) { deletedBoardId }".into(),
            json!({ "id": 1.5 }),
            "Variable $id: expected ID!.",
        ),
    ] {
        let query = behind_another(definitions, &rest);
        let (code, told) = refusal(&ann, &query, variables).await;
        assert_eq!(code, "GRAPHQL_VALIDATION_FAILED", "{query}");
        assert!(told.starts_with(message), "{query}: {told}");
    }
    let left = ann.get("{ boards { nodes { title version } } }").await;
    assert_eq!(left["boards"]["nodes"], json!([{ "title": "Plans", "version": 1 }]));
}

async fn variables_are_checked_where_they_are_used(server: Arc<Server>) {
    let ann = server.user("ann").await;
    for (definitions, rest, variables, message) in [
        ("($t: String)", "createBoard(input: { title: $t }) { board { id } }", json!({}), ""),
        (
            "($t: String)",
            "createBoard(input: { title: $t }) { board { id } }",
            json!({ "t": "x" }),
            "",
        ),
        (
            "($t: String = null)",
            "createBoard(input: { title: $t }) { board { id } }",
            json!({ "t": "x" }),
            "",
        ),
        (
            "($t: String = \"x\")",
            "createBoard(input: { title: $t }) { board { id } }",
            json!({ "t": null }),
            "",
        ),
        (
            "($d: String)",
            "createBoard(input: { title: \"x\", description: $d }) { board { id } }",
            json!({ "d": null }),
            "",
        ),
        (
            "($id: String!)",
            "deleteBoard(input: { boardId: $id }) { deletedBoardId }",
            json!({ "id": "board_1" }),
            "",
        ),
        (
            "($l: [LabelColor])",
            "addLabelsToCard(input: { cardId: 1, labels: $l }) { card { id } }",
            json!({ "l": [] }),
            "",
        ),
        (
            "($l: LabelColor!)",
            "addLabelsToCard(input: { cardId: 1, labels: $l }) { card { id } }",
            json!({ "l": "RED" }),
            "",
        ),
        (
            "($i: UpdateBoardInput!)",
            "createBoard(input: $i) { board { id } }",
            json!({ "i": { "boardId": "board_1" } }),
            "",
        ),
        ("($b: Boolean)", "logOut @skip(if: $b) { revokedSessionId }", json!({ "b": true }), ""),
        (
            "($t: String)",
            "...F } fragment F on Mutation { createBoard(input: { title: $t }) { board { id } }",
            json!({ "t": "x" }),
            "",
        ),
    ] {
        let query = behind_another(definitions, rest);
        let (code, told) = refusal(&ann, &query, variables).await;
        assert_eq!(code, "GRAPHQL_VALIDATION_FAILED", "{query}");
        assert!(told.starts_with(message), "{query}: {told}");
    }
    assert_eq!(ann.get("{ boards { totalCount } }").await["boards"]["totalCount"], 0);
}

async fn valid_documents_are_accepted(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    for (query, variables) in [
        ("query($n: Int) { boards(first: $n) { totalCount } }", json!({})),
        ("query($n: Int) { boards(first: $n) { totalCount } }", json!({ "n": null })),
        ("query($n: Int! = 5) { boards(first: $n) { totalCount } }", json!({})),
        ("query($n: Int = 5) { boards(first: $n) { totalCount } }", json!({ "n": 7 })),
        ("query($id: ID!) { board(id: $id) { id } }", json!({ "id": 7 })),
        ("{ board(id: 7) { id } }", json!({})),
        // A single value is coerced to a list of one.
        ("query($id: ID!) { nodes(ids: [$id]) { id } }", json!({ "id": board })),
        ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": board })),
        ("{ nodes(ids: \"x\") { id } }", json!({})),
        (
            "query($b: Boolean!) { boards { nodes { id @skip(if: $b) title } } }",
            json!({ "b": true }),
        ),
        (
            "query($o: BoardOrder) { boards(orderBy: $o) { totalCount } }",
            json!({ "o": { "field": "TITLE", "direction": "ASC" } }),
        ),
        (
            "query($f: BoardOrderField! = TITLE) { boards(orderBy: { field: $f, direction: ASC }) { totalCount } }",
            json!({}),
        ),
        // Arguments and variables with a default may be left out.
        (
            "mutation($t: String = \"x\", $d: String) { createBoard(input: { title: $t, description: $d }) { board { id } } }",
            json!({}),
        ),
        ("{ __type(name: \"Board\") { fields(includeDeprecated: true) { name } } }", json!({})),
    ] {
        ann.ask(query, variables).await.ok();
    }
}

async fn operations_that_are_not_run_are_checked_too(server: Arc<Server>) {
    let ann = server.user("ann").await;
    for other in [
        "query B($t: String) { board(id: $t) { id } }",
        "query B { boards(first: 1.5) { totalCount } }",
        "query B($n: Int = 1.5) { boards(first: $n) { totalCount } }",
        "mutation B { createBoard(input: {}) { board { id } } }",
    ] {
        let body = json!({ "query": format!("query A {{ viewer {{ id }} }} {other}"), "operationName": "A" });
        let request = server.http.post(format!("{}/graphql", server.url)).bearer_auth(&ann.token);
        let answer: Value = request.json(&body).send().await.unwrap().json().await.unwrap();
        assert_eq!(
            answer["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED",
            "{other}"
        );
    }
    // Required variables of operations that are not executed may be missing.
    let good = "query A { viewer { id } } query B($id: ID!) { board(id: $id) { id } }";
    let body = json!({ "query": good, "operationName": "A" });
    let request = server.http.post(format!("{}/graphql", server.url)).bearer_auth(&ann.token);
    let answer: Value = request.json(&body).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["data"]["viewer"]["id"], json!(ann.id));
}

/// A text that is stored once can be selected thousands of times.
async fn texts_that_stand_in_an_answer_often_are_bounded(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let cards: Vec<_> = (0..50)
        .map(|n| json!({ "title": n.to_string(), "description": "é".repeat(10_000) }))
        .collect();
    ann.done("createCards", json!({ "boardId": board, "cards": cards }), "cards { id }").await;
    let query = format!(
        "{{ viewer {{ id }} board(id: {board:?}) {{ cards {{ nodes {{ title board {{ cards {{ nodes {{ description }} }} }} }} }} }} }}"
    );
    let answer = ann.ask(&query, json!({})).await;
    assert_eq!(answer.body["errors"][0]["extensions"]["code"], "QUERY_TOO_COMPLEX");
    assert_eq!(answer.body["data"]["board"], Value::Null);
    assert_eq!(answer.body["data"]["viewer"]["id"], json!(ann.id));
    assert!(answer.body.to_string().len() < 50_000);
    let once = format!("{{ board(id: {board:?}) {{ cards {{ nodes {{ description }} }} }} }}");
    assert!(ann.get(&once).await.to_string().len() > 1_000_000);
}

async fn complexity_grows_with_the_pages(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let name = |n: usize| format!("{}{n}: id ", "x".repeat(250));
    let long_names = (0..190).map(name).collect::<Vec<_>>().concat();
    for (query, variables) in [
        ("{ boards(first: 200) { nodes { cards(first: 1000) { nodes { id } } } } }".to_owned(), json!({})),
        ("{ boards(last: 200) { edges { node { cards(last: 1000) { edges { cursor } } } } } }".into(), json!({})),
        (
            "query($n: Int) { boards(first: 200) { nodes { cards(first: $n) { nodes { id } } } } }".into(),
            json!({ "n": 1000 }),
        ),
        (
            "query($n: Int = 1000) { boards(first: 200) { nodes { cards(first: $n) { nodes { id } } } } }".into(),
            json!({}),
        ),
        (
            "{ boards(first: 200) { ...F } } fragment F on BoardConnection { nodes { ... { cards(first: 1000) { ...G } } } }
             fragment G on CardConnection { nodes { id } }"
                .into(),
            json!({}),
        ),
        (
            format!("{{ nodes(ids: {:?}) {{ ... on Board {{ cards(first: 1000) {{ nodes {{ id }} }} }} }} }}", vec![&board; 200]),
            json!({}),
        ),
        (
            "{ boards(first: 200) { nodes { cards(first: 1000) { pageInfo { endCursor } } } } }".into(),
            json!({}),
        ),
        (
            format!("mutation {{ createCards(input: {{ boardId: {board:?}, cards: [] }}) {{ cards {{ board {{ cards(first: 1000) {{ nodes {{ id title board {{ id }} }} }} }} }} }} }}"),
            json!({}),
        ),
        (
            "query($l: [LabelColor!]) { boards(first: 200) { nodes { ...F a: cards(filter: { labels: $l }) { totalCount } } } }
             fragment F on Board { b: cards(filter: { labels: $l }) { totalCount } c: cards(filter: { labels: $l }) { totalCount } }"
                .into(),
            json!({ "l": vec!["RED"; 4_000] }),
        ),
        (
            format!("{{ board(id: {board:?}) {{ columns {{ cards(first: 1000) {{ nodes {{ {long_names} }} }} }} }} }}"),
            json!({}),
        ),
        (
            format!("{{ board(id: {board:?}) {{ columns {{ cards(first: 1000) {{ nodes {{ comments {{ nodes {{ id }} }} }} }} }} }} }}"),
            json!({}),
        ),
    ] {
        let before = server.db.statement_count();
        let (code, message) = refusal(&ann, &query, variables).await;
        assert_eq!(code, "QUERY_TOO_COMPLEX", "{query}");
        assert!(server.db.statement_count() <= before + 1, "only the viewer is looked up");
        let numbers: Vec<u64> =
            message.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
        assert!(numbers[0] > numbers[1] && numbers[1] == 2_000_000, "{message}");
    }
    // Fields that are not selected do not count.
    ann.get("{ boards(first: 200) { nodes { cards(first: 1000) { totalCount } } } }").await;
    ann.get("{ boards(first: 20) { nodes { cards(first: 1000) { nodes { id } } } } }").await;
}

async fn equal_fields_of_a_mutation_run_once(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let query = "mutation($i: CreateBoardInput!) { createBoard(input: $i) { board { id } } ...F
        ... { createBoard(input: $i) @skip(if: false) { board { title } } }
        other: createBoard(input: $i) { board { title } } }
        fragment F on Mutation { createBoard(input: $i) { board { version } } }";
    let made = ann.ask(query, json!({ "i": { "title": "x" } })).await.ok();
    ann.ask("mutation { __typename ... { __typename } }", json!({})).await.ok();
    assert!(made["createBoard"]["board"]["id"].is_string());
    assert_eq!(made["createBoard"]["board"]["title"], "x");
    assert_eq!(made["createBoard"]["board"]["version"], 1);
    assert_eq!(ann.get("{ boards { totalCount } }").await["boards"]["totalCount"], 2);
}

async fn fields_of_a_mutation_that_differ_are_refused(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let make = r#"createBoard(input: { title: "x" }) { board { id } }"#;
    for query in [
        format!(
            "mutation {{ {make} createBoard(input: {{ title: \"y\" }}) {{ board {{ id }} }} }}"
        ),
        format!(
            "mutation {{ {make} createBoard: deleteBoard(input: {{ boardId: 1 }}) {{ deletedBoardId }} }}"
        ),
    ] {
        let (code, _) = refusal(&ann, &query, json!({})).await;
        assert_eq!(code, "GRAPHQL_VALIDATION_FAILED", "{query}");
    }
    assert_eq!(ann.get("{ boards { totalCount } }").await["boards"]["totalCount"], 0);
}
