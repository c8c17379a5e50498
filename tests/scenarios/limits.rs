//! Limits on requests and responses, and the settings for them.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Answer, Lock, Server, config_with, scenarios, text};

scenarios![
    errors_are_few_and_short_and_quote_nothing,
    a_defect_tells_nothing_but_an_id,
    introspection_can_be_turned_off,
    graphiql_can_be_turned_off,
    bodies_are_bounded,
    batches_are_taken_when_allowed,
    a_request_that_takes_too_long_is_answered,
    a_request_that_is_never_sent_is_answered,
    idle_connections_keep_nobody_out,
    a_connection_that_says_nothing_is_closed,
];

async fn with(server: &Server, settings: &[(&str, &str)]) -> Arc<Server> {
    let config = config_with(&server.database_url, settings);
    Arc::new(Server::start_with(config, server.database_url.clone()).await)
}

async fn errors_are_few_and_short_and_quote_nothing(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let long = "x".repeat(200);
    let many = |one: &str| format!("{{ {} }}", one.repeat(1_500));
    let secret = r#"mutation { logIn(input: { email: "a@example.com", password: "hunter2" }) {"#;
    for (query, most) in [
        (many("nothing "), 101),
        (many(&format!("{long} ")), 101),
        (many("boards(fist: 1) { nodes { id } } ").replace("boards", "x"), 101),
        (format!("{{ {} }}", "x".repeat(100_000)), 1),
        (format!("{{ {}: boards {{ nothing }} }}", "x".repeat(100_000)), 1),
        (format!("{{ boards(first: {}) {{ totalCount }} }}", "9".repeat(100_000)), 1),
        (format!("{{ board(id: \"{}\", {long}: 1) {{ id }} }}", "x".repeat(100_000)), 1),
        (secret.to_owned(), 1),
        (format!("{}{secret}", "\n".repeat(12)), 1),
        (format!("{secret} (: }}"), 1),
        ("{ board(id: \"hunter2) { id } }".into(), 1),
        ("{ boards(orderBy: { field: \"hunter2\" }) { totalCount } }".into(), 2),
        ("{ boards(first: \"hunter2\") { totalCount } }".into(), 1),
    ] {
        let answer = ann.ask(&query, json!({})).await;
        let errors = answer.body["errors"].as_array().unwrap();
        assert!((1..=most).contains(&errors.len()), "{query:.80}: {}", errors.len());
        assert!(answer.body.to_string().len() < 100_000, "{query:.80}");
        for error in errors {
            let message = text(&error["message"]);
            assert!(message.chars().count() <= 301 && !message.contains("hunter2"), "{message}");
            assert!(!message.contains('\n'), "{message}");
            assert!(error["extensions"]["code"].is_string());
        }
        if errors.len() == 101 {
            assert_eq!(errors[100]["message"], "1400 more errors were omitted.");
        }
    }
    let request =
        json!({ "query": "query A { __typename }", "operationName": "x".repeat(100_000) });
    let sent = server.http.post(format!("{}/graphql", server.url)).json(&request).send().await;
    assert!(Answer::of(sent.unwrap()).await.body.to_string().len() < 1000);
}

/// Database errors go to the log only.
async fn a_defect_tells_nothing_but_an_id(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let card = ann.card(&board, "x").await;
    server.execute("DROP TABLE comments", "DROP TABLE comments").await;
    let query = format!("{{ card(id: {card:?}) {{ title comments {{ nodes {{ id }} }} }} }}");
    let answer = ann.ask(&query, json!({})).await;
    assert_eq!(answer.code(), "INTERNAL_SERVER_ERROR");
    let error = &answer.body["errors"][0];
    assert_eq!(error["message"], "An internal error occurred. The server log has the details.");
    assert_eq!(text(&error["extensions"]["requestId"]), answer.headers["x-request-id"]);
    assert!(!error.to_string().contains("table"), "{error}");
}

async fn introspection_can_be_turned_off(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let closed = with(&server, &[("GRAPHQL_INTROSPECTION", "off")]).await;
    for query in [
        "{ __schema { types { name } } }",
        "{ x: __type(name: \"Board\") { name } }",
        "{ ...F } fragment F on Query { ... { __schema { queryType { name } } } }",
    ] {
        let answer = closed.ask_as(Some(&ann.token), query, json!({})).await;
        assert_eq!(answer.code(), "GRAPHQL_VALIDATION_FAILED", "{query}");
        assert_eq!(answer.body["errors"][0]["message"], "Introspection is disabled.");
        server.ask(query, json!({})).await.ok();
    }
    // `__typename` still works, but errors contain no names from the schema.
    let board = ann.board("Plans").await;
    let query = format!("{{ node(id: {board:?}) {{ __typename }} }}");
    let found = closed.ask_as(Some(&ann.token), &query, json!({})).await.ok();
    assert_eq!(found["node"]["__typename"], "Board");
    for (query, names) in [
        ("{ veiwer { id } }", &["viewer"][..]),
        ("{ viewer { emial } }", &["email"]),
        ("{ board(ib: 1) { id } }", &["(id", "\"id\""]),
        ("{ board { id } }", &[" id", "ID!"]),
        (
            "{ boards(orderBy: { feild: TITLE }) { totalCount } }",
            &["\"field\"", "BoardOrder", ".field"],
        ),
        ("{ boards(orderBy: { direction: ASC }) { totalCount } }", &["field", "BoardOrder"]),
        (
            "{ boards(orderBy: { field: TITEL, direction: ASC }) { totalCount } }",
            &["TITLE", "BoardOrder"],
        ),
        ("{ boards(orderBy: 5) { totalCount } }", &["BoardOrder"]),
        ("query($x: Int) { board(id: $x) { id } }", &["ID!"]),
        ("mutation { logIn(input: {}) { user { id } } }", &["email", "LogIn"]),
        ("mutation { login { user { id } } }", &["logIn"]),
        ("query($x: BoardOrdr) { viewer { id } }", &["BoardOrder"]),
        ("{ viewer { ... on Usr { id } } }", &["\"User\""]),
        ("{ viewer }", &["User"]),
        ("{ viewer { emial } }", &["User"]),
        ("{ boards { nodes { ...F } } } fragment F on Card { id }", &["\"Board\""]),
        ("{ viewer { id { x } } }", &["ID"]),
        ("query($x: Int = \"a\") { boards(first: $x) { totalCount } }", &["BoardOrder"]),
    ] {
        let answer = closed.ask_as(Some(&ann.token), query, json!({})).await;
        let messages: Vec<String> =
            answer.body["errors"].as_array().unwrap().iter().map(|e| text(&e["message"])).collect();
        let messages = messages.join(" ");
        for name in names {
            assert!(!messages.contains(name), "{query}: {messages}");
        }
        let open = server.ask_as(Some(&ann.token), query, json!({})).await;
        assert!(open.body["errors"].is_array());
    }
    // Operations that are not executed do not reveal names either.
    let two = "query A { viewer { id } } mutation B { logIn(input: { a: 1 }) { user { id } } }";
    let body = json!({ "query": two, "operationName": "A" });
    let request = closed.http.post(format!("{}/graphql", closed.url)).json(&body);
    let answer = Answer::of(request.send().await.unwrap()).await;
    assert!(!answer.body.to_string().contains("email"), "{}", answer.body);
    closed.stop().await;
}

async fn graphiql_can_be_turned_off(server: Arc<Server>) {
    let without = with(&server, &[("GRAPHIQL", "off")]).await;
    for path in ["/graphiql", "/graphiql/assets/main.js"] {
        let get = |server: &Server| server.http.get(format!("{}{path}", server.url)).send();
        assert_eq!(get(&server).await.unwrap().status(), 200, "{path}");
        assert_eq!(get(&without).await.unwrap().status(), 404, "{path}");
    }
    without.ask("{ __typename }", json!({})).await.ok();
    without.stop().await;
}

async fn bodies_are_bounded(server: Arc<Server>) {
    let small = with(&server, &[("HTTP_MAX_BODY_KIB", "4")]).await;
    for (server, length, kib) in [(&small, 4 * 1024, 4), (&server, 1024 * 1024, 1024)] {
        let ask = async |length: usize| {
            let head = r#"{"query":"{ __typename }","variables":{"x":""#;
            let padding = "x".repeat(length - head.len() - 3);
            let request = server
                .http
                .post(format!("{}/graphql", server.url))
                .header("content-type", "application/json")
                .body(format!("{head}{padding}\"}}}}"));
            Answer::of(request.send().await.unwrap()).await
        };
        ask(length).await.ok();
        let refused = ask(length + 1).await;
        assert_eq!((refused.status, refused.code().as_str()), (413, "BAD_REQUEST"));
        assert_eq!(
            refused.body["errors"][0]["message"],
            format!("The body is larger than {kib} KiB.")
        );
    }
    small.stop().await;
}

async fn batches_are_taken_when_allowed(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let batching = with(&server, &[("GRAPHQL_MAX_BATCH", "3")]).await;
    let send = async |server: &Server, body: Value| {
        let request = server.http.post(format!("{}/graphql", server.url)).bearer_auth(&ann.token);
        Answer::of(request.json(&body).send().await.unwrap()).await
    };
    let query = |query: &str| json!({ "query": query });
    let make = r#"mutation { createBoard(input: { title: "x" }) { board { title } } }"#;
    let batch = json!([query(make), query("{ boards { totalCount } }"), query("{ nothing }")]);
    let answer = send(&batching, batch.clone()).await;
    assert_eq!(answer.status, 200);
    let answers = answer.body.as_array().unwrap();
    assert_eq!(answers[0], json!({ "data": { "createBoard": { "board": { "title": "x" } } } }));
    assert_eq!(answers[1], json!({ "data": { "boards": { "totalCount": 1 } } }));
    assert_eq!(answers[2]["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    assert!(answers[2].get("data").is_none());

    let refused = send(&server, batch).await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "BAD_REQUEST"));
    let one = query("{ __typename }");
    for bad in [
        json!([]),
        json!([one, one, one, one]),
        json!([[one]]),
        json!([one, 5]),
        json!([one, ["{ __typename }"]]),
    ] {
        let refused = send(&batching, bad.clone()).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, "BAD_REQUEST"), "{bad}");
    }
    assert_eq!(ann.get("{ boards { totalCount } }").await["boards"]["totalCount"], 1);
    // A session that one request of a batch ends is invalid for the next.
    let leave = query("mutation { logOut { revokedSessionId } }");
    let answer = send(&batching, json!([leave, query(make), query("{ viewer { id } }")])).await;
    let answers = answer.body.as_array().unwrap();
    assert!(answers[0]["data"]["logOut"].is_object());
    for later in &answers[1..] {
        assert_eq!(later["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{later}");
    }
    batching.stop().await;
}

async fn a_request_that_takes_too_long_is_answered(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let hasty = with(&server, &[("HTTP_REQUEST_SECONDS", "1")]).await;
    let lock = Lock::take(&server).await;
    let query = format!(
        r#"mutation {{ updateBoard(input: {{ boardId: {board:?}, title: "late" }}) {{ board {{ id }} }} }}"#
    );
    let answer = hasty.ask_as(Some(&ann.token), &query, json!({})).await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "SERVICE_UNAVAILABLE"));
    let message = text(&answer.body["errors"][0]["message"]);
    assert!(message.starts_with("The request took longer than 1 seconds."), "{message}");
    lock.release().await;
    // The server works as before.
    hasty.ask_as(Some(&ann.token), &query, json!({})).await.ok();
    hasty.stop().await;
}

async fn a_request_that_is_never_sent_is_answered(server: Arc<Server>) {
    let hasty = with(&server, &[("HTTP_REQUEST_SECONDS", "1")]).await;
    let address = hasty.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 503");
    hasty.stop().await;
}

async fn idle_connections_keep_nobody_out(server: Arc<Server>) {
    let small = with(&server, &[("HTTP_MAX_CONNECTIONS", "32")]).await;
    let address = small.url.trim_start_matches("http://");
    let mut open = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.unwrap();
        assert_eq!(&start, b"HTTP/1.1 200");
        open.push(stream);
    }
    // The oldest was closed, and what it had asked for was answered before.
    let mut rest = String::new();
    open[0].read_to_string(&mut rest).await.unwrap();
    assert!(rest.ends_with("ok"), "{rest}");
    small.stop().await;
}

async fn a_connection_that_says_nothing_is_closed(server: Arc<Server>) {
    let hasty = with(&server, &[("HTTP_REQUEST_SECONDS", "1")]).await;
    let address = hasty.url.trim_start_matches("http://");
    let answered = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";
    for start in ["", "GET /livez HTTP/1.1\r\nhost: ", answered] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(start.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer.starts_with("HTTP/1.1 200"), start == answered, "{start}: {answer}");
    }
    hasty.stop().await;
}
