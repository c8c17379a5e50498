//! Limits on the resources of one request, and of all requests together.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Lock, Server, User, scenarios, text};

scenarios![
    a_search_costs_what_it_reads,
    errors_are_limited,
    a_refusal_says_which_field_costs_how_much,
    a_single_id_costs_as_much_as_a_list_with_one,
    screens_pass_with_the_largest_pages,
    memory_is_bounded_and_comes_back,
    every_string_of_an_answer_is_counted,
    one_viewer_does_not_take_all_connections,
    lists_in_variables_are_cheap_to_refuse,
];

fn repeated(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect::<Vec<_>>().concat()
}

/// Creates `count` cards with descriptions of 20,000 characters.
async fn long_cards(user: &User, board: &str, count: usize) {
    let card = |n| json!({ "title": format!("card {n}"), "description": "x".repeat(20_000) });
    for batch in 0..count / 20 {
        let cards: Vec<Value> = (0..20).map(|n| card(batch * 20 + n)).collect();
        user.done("createCards", json!({ "boardId": board, "cards": cards }), "cards { id }").await;
    }
}

async fn a_search_costs_what_it_reads(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let (large, small) = (ann.board("large").await, ann.board("small").await);
    long_cards(&ann, &large, 60).await;
    ann.card(&small, "a plan").await;
    // One search of the large board reads 1.2 MB.
    let poor = server.another(&[("GRAPHQL_MAX_COMPLEXITY", "40000"), ("CACHE_MIB", "0")]).await;
    let searches = |board: &str, count: usize| {
        let one = |n| format!("a{n}: cards(filter: {{ text: \"zz{n}\" }}) {{ totalCount }} ");
        format!("{{ board(id: {board:?}) {{ {} }} }}", repeated(count, one))
    };
    let ask = async |query: &str| poor.ask_as(Some(&ann.token), query, json!({})).await;
    ask(&searches(&large, 5)).await.ok();
    ask(&searches(&small, 50)).await.ok();
    // The viewer, the board and the size of its cards: the request is refused before the first search.
    let before = poor.db.statement_count();
    assert_eq!(ask(&searches(&large, 50)).await.code(), "QUERY_TOO_COMPLEX");
    assert!(poor.db.statement_count() - before <= 4);
    // Searches in few boards are allowed, however large the requested page of boards is.
    let query = r#"{ boards(first: 200) { nodes { id title cards(first: 5, filter: { text: "plan" }) {
        totalCount nodes { id title column } } } } }"#;
    let found = ann.get(query).await;
    assert_eq!(found["boards"]["nodes"][0]["cards"]["totalCount"], 1);
}

/// Only the first ones are answered. Thousands of them stop a query.
async fn errors_are_limited(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let nodes = |n| format!("a{n}: nodes(ids: $ids) {{ ...F }} ");
    let query = |count| {
        format!(
            "query($ids: [ID!]!) {{\n\n {} }}\nfragment F on Board {{ cards(first: -1) {{ totalCount }} }}",
            repeated(count, nodes)
        )
    };
    let variables = json!({ "ids": vec![board; 200] });
    let answer = ann.ask(&query(3), variables.clone()).await;
    let errors = answer.body["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 101);
    assert_eq!(errors[0]["locations"], json!([{ "line": 4, "column": 23 }]));
    assert_eq!(errors[0]["path"], json!(["a0", 0, "cards"]));
    assert_eq!(errors[100]["message"], "500 more errors were omitted.");
    let answer = ann.ask(&query(44), variables).await;
    assert_eq!(answer.code(), "QUERY_TOO_COMPLEX");
    let message = answer.body["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("more than 1000 errors"), "{message}");
}

async fn a_refusal_says_which_field_costs_how_much(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let query = "{ viewer { id } boards(first: 200) { nodes { labels { name } cards(first: 1000) { nodes { id } } } } }";
    let answer = ann.ask(query, json!({})).await;
    assert_eq!(answer.code(), "QUERY_TOO_COMPLEX");
    let message = text(&answer.body["errors"][0]["message"]);
    for part in ["boards costs 2", "boards.nodes.cards costs 2", "boards.nodes.cards.nodes costs 2"]
    {
        assert!(message.contains(part), "{message}");
    }
}

async fn a_single_id_costs_as_much_as_a_list_with_one(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let query = |ids: &str, fields: &str| format!("{{ nodes(ids: {ids}) {{ id {fields} }} }}");
    let large = "... on Board { cards(first: 1000) { nodes { comments(first: 200) { nodes {
        id body createdAt author { id email } card { id title board { id title } } } } } } }";
    for ids in ["\"board_1\"", "[\"board_1\"]", "1"] {
        assert_eq!(
            ann.ask(&query(ids, large), json!({})).await.code(),
            "QUERY_TOO_COMPLEX",
            "{ids}"
        );
    }
    // A number is an ID here, not a number of entries.
    ann.get(&query("100000000", "")).await;
}

async fn screens_pass_with_the_largest_pages(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    ann.card(&board, "a plan").await;
    let card = "id title description column rank version createdAt updatedAt labels { id color name } comments(first: 0) { totalCount }";
    for query in [
        "{ boards(first: 200) { totalCount pageInfo { hasNextPage endCursor } nodes { id title description updatedAt
            viewerRole version labels { color name } members(first: 5) { totalCount nodes { id email } }
            columns { column cards(first: 0) { totalCount } } } } }"
            .to_owned(),
        format!("{{ board(id: {board:?}) {{ id title version viewerRole labels {{ id color name }}
            columns {{ column cards(first: 1000) {{ totalCount pageInfo {{ endCursor }} nodes {{ {card} }} }} }} }} }}"),
        format!("{{ card(id: \"card_1\") {{ {card} board {{ id title }}
            all: comments(first: 200) {{ totalCount nodes {{ id body author {{ id email }} createdAt }} }}
            activity(first: 200) {{ nodes {{ __typename sequence createdAt actor {{ email }} }} }} }} }}"),
        format!("{{ board(id: {board:?}) {{ cards(first: 1000, filter: {{ text: \"plan\" }}) {{ totalCount
            edges {{ cursor node {{ {card} }} }} }} }} }}"),
        format!("{{ board(id: {board:?}) {{ activity(first: 200) {{ totalCount nodes {{ __typename id sequence createdAt
            actor {{ id email }} ... on CardUpdatedEvent {{ card {{ {card} }} changes {{ field from to }} }}
            ... on CardCreatedEvent {{ card {{ {card} }} }} ... on CardMovedEvent {{ card {{ {card} }} fromColumn toColumn }}
            ... on CommentAddedEvent {{ card {{ id title }} comment {{ id body author {{ email }} }} }} }} }} }} }}"),
        format!("{{ board(id: {board:?}) {{ members(first: 200) {{ totalCount edges {{ since role node {{ id email }} }} }} }} }}"),
        format!("{{ deletedBoards(first: 200) {{ nodes {{ id title deletedAt }} }}
            board(id: {board:?}) {{ deletedCards(first: 1000) {{ nodes {{ {card} deletedAt }} }} }} }}"),
    ] {
        ann.get(&query).await;
    }
}

async fn memory_is_bounded_and_comes_back(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    long_cards(&ann, &board, 100).await;
    let query =
        format!("{{ board(id: {board:?}) {{ cards(first: 100) {{ nodes {{ description }} }} }} }}");
    let small = server.another(&[("GRAPHQL_MEMORY_MIB", "1"), ("CACHE_MIB", "0")]).await;
    let ask = async |query: &str| small.ask_as(Some(&ann.token), query, json!({})).await;
    for _ in 0..3 {
        assert_eq!(ask(&query).await.code(), "QUERY_TOO_COMPLEX");
        ask("{ viewer { id } }").await.ok();
    }
    // Cards with fields that wait for a loader take more memory.
    let cards = "cards(first: 100) { nodes { title } }";
    let both = format!("{{ board(id: {board:?}) {{ a: {cards} b: {cards} }} }}");
    ask(&both).await.ok();
    let waiting = both.replace("title", "title comments(first: 0) { totalCount }");
    assert_eq!(ask(&waiting).await.code(), "QUERY_TOO_COMPLEX");
    let enough = server.another(&[("GRAPHQL_MEMORY_MIB", "9"), ("CACHE_MIB", "0")]).await;
    // Each waiting field is charged, also in objects of the cards and in connections.
    let fields = repeated(40, |n| format!("a{n}: comments(first: 0) {{ totalCount }} "));
    let totals = repeated(190, |n| format!("a{n}: totalCount "));
    let counts = repeated(40, |n| format!("a{n}: cards(first: {n}) {{ totalCount }} "));
    for (fields, one) in [
        (fields, "comments(first: 0) { totalCount }"),
        (format!("board {{ {counts} }}"), "board { cards(first: 0) { totalCount } }"),
        (
            format!("comments(first: 0) {{ {totals} }}"),
            "comments(first: 0) { totalCount a: totalCount }",
        ),
    ] {
        let [one, many] = [one, &fields].map(|fields| query.replace("description", fields));
        enough.ask_as(Some(&ann.token), &one, json!({})).await.ok();
        let answer = enough.ask_as(Some(&ann.token), &many, json!({})).await;
        assert_eq!(answer.code(), "QUERY_TOO_COMPLEX");
    }
    // A request that fails after it has reserved memory releases all of it.
    let fails = query.replace(
        "description",
        "description activity { totalCount } comments(first: -1) { totalCount }",
    );
    for _ in 0..5 {
        let answer = enough.ask_as(Some(&ann.token), &fails, json!({})).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT");
    }
    // The memory is enough for two of these requests at a time. The others wait.
    let one = || enough.ask_as(Some(&ann.token), &query, json!({}));
    for answer in join_all((0..12).map(|_| one())).await {
        answer.ok();
    }
    // Descriptions that are not selected take no memory.
    let titles = query.replace("description", "title");
    ask(&titles).await.ok();
}

/// Texts of about 1 KB in each place of a response that can hold a text, with a limit of 1 KB.
async fn every_string_of_an_answer_is_counted(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let log_in = r#"mutation { logIn(input: { email: "ann@example.com", password: "password" }) { tokenType } }"#;
    let request =
        server.http.post(format!("{}/graphql", server.url)).header("user-agent", "u".repeat(200));
    assert_eq!(request.json(&json!({ "query": log_in })).send().await.unwrap().status(), 200);
    let board = ann.board("Plans").await;
    let label = "ä".repeat(100);
    let changes = json!({ "boardId": board, "labels": [{ "color": "RED", "name": label }], "title": "t".repeat(500) });
    ann.done("updateBoard", changes, "board { id }").await;
    let card = ann.card(&board, &"c".repeat(500)).await;
    ann.done(
        "updateCard",
        json!({ "cardId": card, "description": "d".repeat(5000) }),
        "card { id }",
    )
    .await;
    ann.comment(&card, &"b".repeat(5000)).await;
    let strict = server.another(&[("GRAPHQL_MAX_TEXT_KIB", "1")]).await;
    for (name, field) in [
        (
            "title",
            format!("board(id: {board:?}) {{ cards {{ nodes {{ FIELD }} }} title }}")
                .replace("FIELD", "title a: title b: title"),
        ),
        ("description", format!("card(id: {card:?}) {{ description }}")),
        ("body", format!("card(id: {card:?}) {{ comments {{ nodes {{ body }} }} }}")),
        (
            "label",
            format!(
                "board(id: {board:?}) {{ a: labels {{ name }} b: labels {{ name }} c: labels {{ name }} d: labels {{ name }} e: labels {{ name }} f: labels {{ name }} }}"
            ),
        ),
        (
            "cursor",
            format!(
                "board(id: {board:?}) {{ cards(orderBy: {{ field: TITLE, direction: ASC }}) {{ edges {{ cursor a: cursor }} }} }}"
            ),
        ),
        (
            "page",
            format!(
                "board(id: {board:?}) {{ cards(orderBy: {{ field: TITLE, direction: ASC }}) {{ pageInfo {{ startCursor endCursor }} }} }}"
            ),
        ),
        (
            "event",
            format!(
                "board(id: {board:?}) {{ activity {{ nodes {{ ... on CardUpdatedEvent {{ changes {{ field from to a: from b: to c: to d: to e: to f: to }} }} ... on BoardUpdatedEvent {{ changes {{ from to a: to b: to c: to d: to }} }} }} }} }}"
            ),
        ),
        ("email", format!("viewer {{ {} }}", repeated(90, |n| format!("a{n}: email ")))),
        (
            "user agent",
            format!("sessions {{ nodes {{ {} }} }}", repeated(6, |n| format!("a{n}: userAgent "))),
        ),
    ] {
        let query = format!("{{ {field} }}");
        ann.get(&query).await;
        let answer = strict.ask_as(Some(&ann.token), &query, json!({})).await;
        let code = &answer.body["errors"][0]["extensions"]["code"];
        assert_eq!(code, "QUERY_TOO_COMPLEX", "{name}: {}", answer.body);
    }
}

async fn one_viewer_does_not_take_all_connections(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    let cards = ann.cards(&board, 20).await;
    let mut lock = Lock::take(&server).await;
    let writes: Vec<_> = cards
        .into_iter()
        .map(|card| {
            let (server, token) = (Arc::clone(&server), ann.token.clone());
            tokio::spawn(async move {
                let query =
                    "mutation($i: UpdateCardInput!) { updateCard(input: $i) { card { id } } }";
                server
                    .ask_as(Some(&token), query, json!({ "i": { "cardId": card, "title": "new" } }))
                    .await
            })
        })
        .collect();
    lock.wait_until_others_queue().await;
    assert_eq!(bob.get("{ boards { totalCount } }").await["boards"]["totalCount"], 0);
    lock.release().await;
    for write in writes {
        write.await.unwrap().ok();
    }
}

async fn lists_in_variables_are_cheap_to_refuse(server: Arc<Server>) {
    let ask = async |query: &str, count: u32| {
        let ids: Vec<u32> = (0..count).collect();
        server.ask(query, json!({ "x": ids })).await.code()
    };
    let many = repeated(50, |n| format!("a{n}: nodes(ids: $x) {{ id }} "));
    let many = format!("query($x: [ID!]!) {{ {many} }}");
    assert_eq!(ask(&many, 4_900).await, "QUERY_TOO_COMPLEX");
    assert_eq!(ask(&many, 100).await, "UNAUTHENTICATED");
    assert_eq!(
        ask("query($x: [ID!]!) { nodes(ids: $x) { id } }", 5_100).await,
        "QUERY_TOO_COMPLEX"
    );
}
