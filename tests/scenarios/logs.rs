//! The log of a server. Each scenario has a server in a process of its own.

#![allow(clippy::float_cmp, reason = "counts are whole numbers")]

use std::sync::Arc;
use std::time::Duration;

use argon2::PasswordHasher;
use serde_json::{Value, json};

use crate::support::persisted::hash_of;
use crate::support::{
    Lock, LogIn, Network, Process, Proxy, Role, Server, Socket, User, Watched, ask_for_events,
    eventually, scenarios, text,
};

scenarios![
    each_request_is_one_line,
    operations_of_streams_are_lines,
    refusals_of_sockets_are_lines,
    a_client_cannot_forge_or_fill_the_log,
    slow_requests_and_statements_are_told,
    a_slow_read_is_told_with_its_document,
    a_password_hash_that_cannot_be_used_is_told,
    an_outage_is_told_at_its_begin_and_its_end,
    a_connection_that_cannot_listen_is_told,
    repeated_refresh_tokens_are_told,
    an_internal_error_is_told,
];

const AS_JSON: (&str, &str) = ("LOG_FORMAT", "json");

/// The lines of a log in JSON.
fn lines(process: &Process) -> Vec<Value> {
    let log = process.log();
    // The last line may be incomplete.
    let complete = log.rsplit_once('\n').map_or("", |(lines, _)| lines);
    complete.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The lines about the request with this ID.
fn lines_of(process: &Process, id: &str) -> Vec<Value> {
    lines(process).into_iter().filter(|line| line["span"]["id"] == id).collect()
}

/// Sends a request with an ID, and returns the one line about it.
async fn line_of(watched: &Watched, id: &str, token: &str, body: &Value) -> Value {
    let request = watched.server.http.post(format!("{}/graphql", watched.server.url)).json(body);
    let request = request.header("x-request-id", id).bearer_auth(token);
    let _ = request.send().await.unwrap().text().await.unwrap();
    eventually!("the request is in the log", !lines_of(&watched.process, id).is_empty());
    let mut found = lines_of(&watched.process, id);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

async fn each_request_is_one_line(server: Arc<Server>) {
    let watched = Watched::start(&server, &[AS_JSON, ("LOG_SLOW_REQUEST_MS", "0")]).await;
    let ann = watched.server.user("ann").await;
    let board = ann.board("Plans").await;
    ann.cards(&board, 5).await;
    let query = "query Cards($id: ID!) { board(id: $id) { cards { nodes { title } } } }";
    let body = json!({ "query": query, "variables": { "id": board } });
    let line = line_of(&watched, "cards-1", &ann.token, &body).await;
    let fields = &line["fields"];
    assert_eq!((&line["level"], &fields["message"]), (&json!("INFO"), &json!("request")), "{line}");
    assert_eq!((&fields["operation"], &fields["type"]), (&json!("Cards"), &json!("query")));
    assert_eq!((&fields["viewer"], &fields["errors"]), (&json!(ann.id), &Value::Null));
    assert_eq!(
        (&line["span"]["client"], &line["span"]["method"]),
        (&json!("127.0.0.1"), &json!("POST"))
    );
    assert!(fields["duration_ms"].as_f64().unwrap() > 0.0, "{line}");
    assert_eq!(
        (&fields["statements"], &fields["rows"]),
        (&json!(2), &json!(6)),
        "a board and 5 cards"
    );

    let change = format!(
        "mutation Rename {{ updateBoard(input: {{ boardId: {board:?}, title: \"\" }}) {{ board {{ id }} }} }}"
    );
    let line = line_of(&watched, "change-1", &ann.token, &json!({ "query": change })).await;
    assert_eq!(
        (&line["fields"]["operation"], &line["fields"]["errors"]),
        (&json!("Rename"), &json!("BAD_USER_INPUT"))
    );
    let bad_token = line_of(&watched, "token-1", "hush", &body).await;
    assert_eq!(
        (&bad_token["fields"]["operation"], &bad_token["fields"]["errors"]),
        (&json!("Cards"), &json!("UNAUTHENTICATED"))
    );
    let syntax =
        line_of(&watched, "syntax-1", &ann.token, &json!({ "query": "query Cards {" })).await;
    assert_eq!(
        (&syntax["fields"]["operation"], &syntax["fields"]["errors"]),
        (&json!("unknown"), &json!("GRAPHQL_PARSE_FAILED"))
    );
    let not_json = line_of(&watched, "shape-1", &ann.token, &json!([1])).await;
    assert_eq!(
        (&not_json["fields"]["status"], &not_json["fields"]["errors"]),
        (&json!(400), &json!("BAD_REQUEST"))
    );
    assert_eq!(not_json["span"]["client"], "127.0.0.1");
}

async fn operations_of_streams_are_lines(server: Arc<Server>) {
    let watched = Watched::start(&server, &[AS_JSON]).await;
    let ann = watched.server.user("ann").await;
    let board = ann.board("Plans").await;
    let mut socket = Socket::of(&ann).await;
    socket.subscribe("1", "query OverSocket { boards { totalCount } }", json!({})).await;
    socket.next("1").await;
    let follow =
        format!("subscription Follow {{ boardEvents(boardId: {board:?}) {{ sequence }} }}");
    let mut events = crate::support::Events::of(ask_for_events(&ann, &follow, json!({})).await);
    events.next().await.unwrap();
    for operation in ["OverSocket", "Follow"] {
        let found = || {
            lines(&watched.process)
                .into_iter()
                .filter(|line| line["fields"]["operation"] == operation)
                .collect::<Vec<_>>()
        };
        eventually!("the operation is in the log", !found().is_empty());
        let found = found();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (&found[0]["fields"]["viewer"], &found[0]["span"]["client"]),
            (&json!(ann.id), &json!("127.0.0.1"))
        );
        assert!(!text(&found[0]["span"]["id"]).is_empty());
    }
}

async fn refusals_of_sockets_are_lines(server: Arc<Server>) {
    let watched = Watched::start(&server, &[AS_JSON, ("LIVE_MAX_OPERATIONS", "1")]).await;
    let ann = watched.server.user("ann").await;
    let mut socket = Socket::of(&ann).await;
    for id in ["1", "2"] {
        socket.subscribe(id, "subscription { viewerBoards { reset } }", json!({})).await;
        socket.message_of(id).await;
    }
    let mut refused = Socket::with_protocol(&watched.server).await;
    let payload = json!({ "authorization": "Bearer x" });
    refused.send(json!({ "type": "connection_init", "payload": payload })).await;
    assert_eq!(refused.receive().await.code(), 4403);
    for (field, value) in [("errors", json!("RATE_LIMITED")), ("code", json!(4403))] {
        let found = || {
            let lines = lines(&watched.process).into_iter();
            lines.filter(|line| line["fields"][field] == value).collect::<Vec<_>>()
        };
        eventually!("the refusal is in the log", !found().is_empty());
        assert_eq!(found()[0]["span"]["client"], "127.0.0.1");
        if field == "errors" {
            assert_eq!(found()[0]["fields"]["viewer"], ann.id.as_str());
        }
    }
    let limits = [("limit", "operations")];
    assert_eq!(watched.sum("kanban_limit_refusals_total", &limits).await.to_string(), "1");
}

async fn a_client_cannot_forge_or_fill_the_log(server: Arc<Server>) {
    let watched =
        Watched::start(&server, &[("LOG_SLOW_REQUEST_MS", "1"), ("LOG_SLOW_STATEMENT_MS", "1")])
            .await;
    let ann = watched.server.user("hushann").await;
    let (long, url) = ("x".repeat(200), format!("{}/graphql", watched.server.url));
    let forged = "A\n2026-01-01T00:00:00Z ERROR hush";
    for body in [
        json!({ "query": format!("query {long} {{ __typename }}") }),
        json!({ "query": "query A { __typename }", "operationName": forged }),
        json!({ "query": "query($hush: String) { boards(filter: { text: $hush }) { totalCount } }", "variables": { "hush": "hush" } }),
        json!({ "query": "mutation { createBoard(input: { title: \"hush\" }) { board { id } } }" }),
        json!({ "query": "{ hush }" }),
    ] {
        let request = watched.server.http.post(&url).json(&body).bearer_auth(&ann.token);
        request
            .header("x-request-id", "hush hush")
            .header("user-agent", "hush")
            .send()
            .await
            .unwrap();
    }
    watched.server.http.get(format!("{url}?hush=hush")).send().await.unwrap();
    watched.server.http.get(format!("{url}/{}hush", "y".repeat(4000))).send().await.unwrap();
    let log = watched.process.stop().await;
    assert!(log.contains(&"x".repeat(100)) && !log.contains(&"x".repeat(101)), "{log}");
    assert!(!log.contains("hush"), "{log}");
    assert!(!log.contains(&ann.token));
}

/// A write waits for a lock, which is longer than the limits.
async fn slow_requests_and_statements_are_told(server: Arc<Server>) {
    let limits = [AS_JSON, ("LOG_SLOW_REQUEST_MS", "200"), ("LOG_SLOW_STATEMENT_MS", "200")];
    let watched = Watched::start(&server, &limits).await;
    let ann = watched.server.user("ann").await;
    let board = ann.board("Plans").await;
    let change =
        "mutation Slow($input: CreateCardInput!) { createCard(input: $input) { card { id } } }";
    let input = json!({ "boardId": board, "card": { "title": "hush" } });
    let mut lock = Lock::take(&server).await;
    let write = tokio::spawn({
        let ann = ann.clone();
        async move { ann.ask(change, json!({ "input": input })).await.ok() }
    });
    lock.wait_for_others(1).await;
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    lock.release().await;
    write.await.unwrap();
    let warnings = || lines(&watched.process).into_iter().filter(|line| line["level"] == "WARN");
    eventually!(
        "the request is told",
        warnings().any(|line| line["fields"]["message"] == "slow request")
    );
    let request = warnings().find(|line| line["fields"]["operation"] == "Slow").unwrap();
    assert_eq!(request["fields"]["document"], hash_of(change));
    let duration = request["fields"]["duration_ms"].as_f64().unwrap();
    assert!(duration >= 200.0, "{request}");
    let id = &request["span"]["id"];
    let statement = warnings()
        .find(|line| line["span"]["id"] == *id && line["fields"]["message"] == "a slow statement")
        .unwrap();
    let sql = text(&statement["fields"]["statement"]);
    assert!(
        sql.contains(if server.is_sqlite() { "BEGIN IMMEDIATE" } else { "FOR NO KEY UPDATE" }),
        "{sql}"
    );
    assert!(statement["fields"]["duration_ms"].as_f64().unwrap() >= 200.0, "{statement}");
    assert_eq!(statement["fields"]["document"], hash_of(change), "{statement}");
    assert!(!watched.process.log().contains("hush"));
}

/// Each search reads all cards, which takes longer than a millisecond.
async fn a_slow_read_is_told_with_its_document(server: Arc<Server>) {
    let watched = Watched::start(&server, &[AS_JSON, ("LOG_SLOW_STATEMENT_MS", "1")]).await;
    let ann = watched.server.user("ann").await;
    let board = ann.board("Plans").await;
    ann.card(&board, "x").await;
    let columns = "board_id, title, title_key, description, search_text, \"column\", created_at, updated_at, rank, version";
    let double = format!("INSERT INTO cards ({columns}) SELECT {columns} FROM cards;").repeat(14);
    server.execute(&double, &double).await;
    let search = |word: &str| {
        format!(
            "query Search {{ board(id: {board:?}) {{ cards(filter: {{ text: {word:?} }}) {{ totalCount }} }} }}"
        )
    };
    for word in ["first", "second"] {
        ann.get(&search(word)).await;
    }
    let told = |word: &str| {
        lines(&watched.process).into_iter().any(|line| {
            line["fields"]["message"] == "a slow statement"
                && text(&line["fields"]["statement"]).starts_with("SELECT")
                && line["fields"]["document"] == hash_of(&search(word))
        })
    };
    eventually!("the statements are told", told("first") && told("second"));
}

/// Another program has made it, or it is damaged. For clients, the password is wrong.
async fn a_password_hash_that_cannot_be_used_is_told(server: Arc<Server>) {
    let watched = Watched::start(&server, &[AS_JSON]).await;
    server.user("ann").await;
    let params = argon2::Params::new(8, 1001, 1, None).unwrap();
    let (kind, version) = (argon2::Algorithm::Argon2id, argon2::Version::V0x13);
    let costly = argon2::Argon2::new(kind, version, params).hash_password(b"password").unwrap();
    let costly = costly.to_string();
    let cut = costly.replace("t=1001", "t=1").rsplit_once('$').unwrap().0.to_owned();
    let scrypt = "$scrypt$ln=4,r=8,p=1$c29tZXNhbHQ$c29tZWhhc2hzb21laGFzaA";
    let bcrypt = "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW";
    let salt = "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$c29tZWhhc2hzb21laGFzaA";
    for (hash, reason) in [
        (scrypt, "unsupported algorithm"),
        (&*costly, "more than the settings"),
        (&*cut, "incomplete"),
        (bcrypt, ""),
        (salt, ""),
        ("", ""),
    ] {
        let update = format!("UPDATE users SET password_hash = '{hash}'");
        server.execute(&update, &update).await;
        let told = || {
            let lines = lines(&watched.process).into_iter();
            let message = "a stored password hash cannot be used";
            let lines = lines.filter(|line| line["fields"]["message"] == message);
            lines.filter(|line| line["fields"].to_string().contains(reason)).count()
        };
        let before = told();
        let refused = watched.server.try_log_in("ann@example.com", "password").await;
        assert_eq!(refused.code(), "INVALID_CREDENTIALS", "{hash}");
        eventually!("the operator is told", told() == before + 1);
        // It takes the time of an unknown account.
        let work = server.services.hashing_work();
        server.try_log_in("ann@example.com", "password").await;
        assert_eq!(server.services.hashing_work() - work, 8, "{hash}");
    }
    assert!(!watched.process.log().contains("c29tZ"));
}

/// The database fails for a while, on SQLite because its file is gone.
struct Outage {
    proxy: Option<Proxy>,
    file: Option<String>,
}

impl Outage {
    async fn prepare(server: &Server) -> (Self, Server) {
        if let Some(file) = server.database_url.strip_prefix("sqlite://") {
            return (Self { proxy: None, file: Some(file.to_owned()) }, server.at(&server.url));
        }
        let proxy = Proxy::to(&server.database_url).await;
        let mut behind = server.at(&server.url);
        behind.database_url.clone_from(&proxy.url);
        (Self { proxy: Some(proxy), file: None }, behind)
    }

    fn begin(&self) {
        self.proxy.iter().for_each(|proxy| proxy.set(Network::Reset));
        self.file.iter().for_each(|file| std::fs::rename(file, format!("{file}.gone")).unwrap());
    }

    fn end(&self) {
        self.proxy.iter().for_each(|proxy| proxy.set(Network::Up));
        self.file.iter().for_each(|file| std::fs::rename(format!("{file}.gone"), file).unwrap());
    }
}

async fn an_outage_is_told_at_its_begin_and_its_end(server: Arc<Server>) {
    let (outage, behind) = Outage::prepare(&server).await;
    let watched = Watched::start(&behind, &[AS_JSON]).await;
    let ann: User = watched.server.user("ann").await;
    let told = |message: &'static str| {
        let lines = lines(&watched.process).into_iter();
        lines
            .filter(move |line| text(&line["fields"]["message"]).contains(message))
            .collect::<Vec<_>>()
    };
    let before = ["NOTIFY fails", "LISTEN fails"].map(|message| told(message).len());
    outage.begin();
    let create = "mutation Create { createBoard(input: { title: \"Plans\" }) { board { id } } }";
    for _ in 0..20 {
        assert_eq!(ann.ask(create, json!({})).await.code(), "SERVICE_UNAVAILABLE");
    }
    eventually!("the outage is seen", watched.sum("kanban_database_up", &[]).await == 0.0);
    assert!(watched.sum("kanban_database_errors_total", &[]).await >= 20.0);
    let failed = [("operation", "Create"), ("code", "SERVICE_UNAVAILABLE")];
    assert_eq!(watched.sum("kanban_requests_total", &failed).await, 20.0);
    assert_eq!(watched.sum("kanban_unavailable_errors_total", &[]).await, 20.0);
    let ready = watched.server.http.get(format!("{}/readyz", watched.server.url)).send().await;
    assert_eq!(ready.unwrap().text().await.unwrap(), "the database is not ready");
    if !server.is_sqlite() {
        let checked = &told("the database is not ready")[0]["fields"]["error"];
        assert!(text(checked).contains("onnection"), "{checked}");
        eventually!("it is not told", told("NOTIFY fails").len() > before[0]);
        eventually!("it is not told", told("LISTEN fails").len() > before[1]);
    }
    // One line for each text of an error.
    let begun = told("the database is unavailable").len();
    assert!((1..=5).contains(&begun), "{begun}");
    // Also if nobody asks.
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!(told("the database is available again").len(), 0);
    outage.end();
    eventually!("the end is told", told("the database is available again").len() == 1);
    if !server.is_sqlite() {
        eventually!("it is not told", !told("NOTIFY works again").is_empty());
        eventually!("it is not told", !told("LISTEN works again").is_empty());
    }
    assert!(told("the database is available again")[0]["fields"]["errors"].as_u64().unwrap() >= 20);
    assert_eq!(told("the database is unavailable").len(), begun);
    eventually!(
        "the database is used again",
        ann.ask(create, json!({})).await.status == 200
            && watched.sum("kanban_database_up", &[]).await == 1.0
    );
}

/// Only the connection that listens fails.
async fn a_connection_that_cannot_listen_is_told(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let role = Role::create(&server, "listener", 10).await;
    let proxy = Proxy::to(&role.url).await;
    assert!(proxy.url.contains(":limited@"), "it has a password");
    proxy.set(Network::Reset);
    let watched = Watched::start(&server, &[("DATABASE_LISTEN_URL", &proxy.url)]).await;
    let told = |message: &str| watched.process.log().matches(message).count();
    eventually!("it is not told", told("LISTEN fails") > 0);
    proxy.set(Network::Up);
    eventually!("it is not told", told("LISTEN works again") > 0);
    let log = watched.process.log();
    assert_eq!(told("NOTIFY fails"), 0, "{log}");
    assert!(!log.contains("limited"), "{log}");
    drop(watched);
    role.remove(&server).await;
}

async fn repeated_refresh_tokens_are_told(server: Arc<Server>) {
    let watched = Watched::start(&server, &[AS_JSON]).await;
    watched.server.user("ann").await;
    let first = watched.server.log_in_as("ann", "password").await;
    let told = |message: &str| {
        lines(&watched.process).iter().filter(|line| line["fields"]["message"] == message).count()
    };
    let again = "a refresh token was presented again";
    let mut successors = Vec::new();
    for repeats in 0..3 {
        successors.push(LogIn::of(
            &watched.server.refresh(&first.refresh_token).await.ok()["refreshSession"],
        ));
        assert_eq!(told(again), repeats);
    }
    watched.server.refresh(&successors[0].refresh_token).await.ok();
    let refused = watched.server.refresh(&successors[1].refresh_token).await;
    assert_eq!(refused.code(), "UNAUTHENTICATED");
    assert_eq!(told("a refresh token was reused; the session was revoked"), 1);
    for token in [first, successors.remove(2)].map(|one| one.refresh_token) {
        assert!(!watched.process.log().contains(&token));
    }
}

async fn an_internal_error_is_told(server: Arc<Server>) {
    let watched = Watched::start(&server, &[AS_JSON]).await;
    let ann = watched.server.user("ann").await;
    let board = ann.board("Plans").await;
    let card = json!({ "title": "x" });
    let input = json!({ "boardId": board, "card": card, "clientMutationId": "one" });
    ann.done("createCard", input.clone(), "card { id }").await;
    let change = "UPDATE mutation_receipts SET subject = '\"BOARD\"'";
    server.execute(change, change).await;
    let answer = ann.call("createCard", input, "card { id }").await;
    assert_eq!(answer.code(), "INTERNAL_SERVER_ERROR");
    let what = "the receipt of a mutation has the subject of another one";
    assert!(!answer.body.to_string().contains(what));
    let told = lines(&watched.process).into_iter().filter(|line| line["fields"]["what"] == what);
    assert_eq!(told.count(), 1);
}
