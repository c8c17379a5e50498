//! Automatic persisted queries: clients send the hash of a document, and its text only if the server asks for it.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::persisted::{
    JSON, MEDIA_TYPES, VIEWER, by_hash, extensions, hash_of, with_text, with_variables,
};
use crate::support::{Answer, Server, User, eventually, scenarios, text};

scenarios![
    a_document_is_sent_once,
    a_hash_must_be_that_of_its_text,
    only_valid_documents_are_registered,
    documents_with_secrets_are_not_registered,
    limits_hold_for_registered_documents,
    a_link_changes_nothing,
    sockets_and_event_streams_know_hashes,
    registration_can_be_turned_off,
    each_instance_has_its_own_documents,
    registered_documents_are_bounded,
    many_clients_register_at_once,
];

fn not_found() -> Value {
    json!({ "errors": [{
        "message": "PersistedQueryNotFound",
        "extensions": { "code": "PERSISTED_QUERY_NOT_FOUND" },
    }] })
}

/// As clients do: sends the hash, and the text if the server does not know it. Returns the number of requests, too.
async fn ask(user: &User, server: &Server, text: &str, variables: Value) -> (Answer, usize) {
    let request = with_variables(by_hash(text), variables.clone());
    let first = user.post(server, JSON, &request).await;
    if first.body != not_found() {
        return (first, 1);
    }
    assert_eq!(first.status, 200);
    (user.post(server, JSON, &with_variables(with_text(text), variables)).await, 2)
}

async fn a_document_is_sent_once(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let email = json!({ "viewer": { "email": "ann@example.com" } });
    for (n, accept) in MEDIA_TYPES.into_iter().enumerate() {
        let (in_body, in_url) = (format!("{VIEWER} # {n}"), format!("{VIEWER} # {n} in a URL"));
        let found = ann.post(&server, accept, &by_hash(&in_body)).await;
        assert_eq!((found.status, found.body), (200, not_found()), "{accept}");
        assert_eq!(ann.post(&server, accept, &with_text(&in_body)).await.ok(), email);
        assert_eq!(ann.post(&server, accept, &by_hash(&in_body)).await.ok(), email);
        // What was registered in a body can be asked for in a URL, and the other way round.
        assert_eq!(ann.get_by_url(&server, accept, &by_hash(&in_body)).await.ok(), email);
        let found = ann.get_by_url(&server, accept, &by_hash(&in_url)).await;
        assert_eq!((found.status, found.body), (200, not_found()), "{accept}");
        assert_eq!(ann.get_by_url(&server, accept, &with_text(&in_url)).await.ok(), email);
        assert_eq!(ann.post(&server, accept, &by_hash(&in_url)).await.ok(), email);
    }
    // A text without a hash is not registered.
    let text = "{ viewer { id } }";
    ann.get(text).await;
    assert_eq!(ann.post(&server, JSON, &by_hash(text)).await.body, not_found());
}

async fn a_hash_must_be_that_of_its_text(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let other = hash_of("{ viewer { id } }");
    for accept in MEDIA_TYPES {
        for hash in [other.clone(), hash_of(VIEWER).to_uppercase(), String::new()] {
            let request = json!({ "query": VIEWER, "extensions": extensions(&hash) });
            let answer = ann.post(&server, accept, &request).await;
            assert_eq!((answer.status, &*answer.code()), (400, "BAD_REQUEST"), "{accept}: {hash}");
        }
        for persisted in [
            json!({ "version": 2, "sha256Hash": other }),
            json!({ "sha256Hash": other }),
            json!({ "version": 1 }),
            json!({ "version": 1, "sha256Hash": 1 }),
            json!("x"),
        ] {
            let request = json!({ "query": VIEWER, "extensions": { "persistedQuery": persisted } });
            let answer = ann.post(&server, accept, &request).await;
            assert_eq!((answer.status, &*answer.code()), (400, "BAD_REQUEST"), "{request}");
        }
        let answer = ann.post(&server, accept, &json!({ "documentId": "x" })).await;
        assert_eq!((answer.status, &*answer.code()), (400, "BAD_REQUEST"), "{accept}");
        assert!(text(&answer.body["errors"][0]["message"]).contains("TRUSTED_DOCUMENTS"));
    }
    assert_eq!(ann.post(&server, JSON, &by_hash(VIEWER)).await.body, not_found());
    for extensions in [json!({}), json!({ "persistedQuery": null }), json!([]), json!("x")] {
        let answer = ann.post(&server, JSON, &json!({ "extensions": extensions })).await;
        assert_eq!(answer.status, 400);
    }
}

async fn only_valid_documents_are_registered(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let deep = format!("{{ {}id{} }}", "a { ".repeat(40), " }".repeat(40));
    for (text, code) in [
        ("{ viewer {", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        (&deep, "QUERY_TOO_COMPLEX"),
    ] {
        assert_eq!(ann.post(&server, JSON, &with_text(text)).await.code(), code, "{text}");
        assert_eq!(ann.post(&server, JSON, &by_hash(text)).await.body, not_found(), "{text}");
    }
}

async fn documents_with_secrets_are_not_registered(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let literal = r#"mutation { logIn(input: { email: "ann@example.com", password: "password" }) { user { id } } }"#;
    for (document, variables, requests) in [
        (literal, json!({}), [2, 2]),
        (
            "mutation($input: LogInInput!) { logIn(input: $input) { user { id } } }",
            json!({ "input": { "email": "ann@example.com", "password": "password" } }),
            [2, 1],
        ),
    ] {
        for expected in requests {
            let (answer, count) = ask(&ann, &server, document, variables.clone()).await;
            assert_eq!(answer.ok()["logIn"]["user"]["id"], json!(ann.id));
            assert_eq!(count, expected, "{document}");
        }
    }
}

async fn limits_hold_for_registered_documents(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let cards = "query($n: Int!) { boards(first: $n) { nodes { cards(first: $n) { nodes { labels { id } comments(first: $n) { totalCount } activity(first: $n) { totalCount } } } } } }";
    let variables = |n: usize| json!({ "n": n });
    assert_eq!(ask(&ann, &server, cards, variables(1)).await.1, 2);
    let (answer, requests) = ask(&ann, &server, cards, variables(200)).await;
    assert_eq!((&*answer.code(), requests), ("QUERY_TOO_COMPLEX", 1));
    let nobody = User { token: "none".into(), ..ann.clone() };
    let (answer, _) = ask(&nobody, &server, cards, variables(1)).await;
    assert_eq!(answer.code(), "UNAUTHENTICATED");
}

async fn a_link_changes_nothing(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let create = "mutation($t: String!) { createBoard(input: { title: $t }) { board { title } } }";
    let variables = json!({ "t": "Plans" });
    for request in [with_text(create), by_hash(create)] {
        let request = with_variables(request, variables.clone());
        let answer = ann.get_by_url(&server, JSON, &request).await;
        assert_eq!((answer.status, &*answer.code()), (405, "BAD_REQUEST"));
    }
    assert_eq!(server.count("boards").await, 0);
    let request = with_variables(by_hash(create), variables);
    assert_eq!(
        ann.post(&server, JSON, &request).await.ok()["createBoard"]["board"]["title"],
        "Plans"
    );
}

async fn sockets_and_event_streams_know_hashes(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let events =
        |n| format!("subscription($b: ID!) {{ boardEvents(boardId: $b) {{ reset }} }} # {n}");
    let variables = json!({ "b": board });
    let (over_socket, as_stream) = (events(1), events(2));
    let request = |request: Value| with_variables(request, variables.clone());
    let unknown = ann.over_socket(&server, &request(by_hash(&over_socket))).await;
    assert_eq!(unknown, ("error".to_owned(), not_found()["errors"].clone()));
    let news = json!({ "data": { "boardEvents": { "reset": false } } });
    for request in [request(with_text(&over_socket)), request(by_hash(&over_socket))] {
        assert_eq!(ann.over_socket(&server, &request).await, ("next".to_owned(), news.clone()));
    }
    let mut unknown = ann.stream(&server, "text/event-stream", &request(by_hash(&as_stream))).await;
    assert_eq!(unknown.next().await, Some(("next".to_owned(), not_found())));
    assert_eq!(unknown.next().await.unwrap().0, "complete");
    // Some clients accept JSON as well, and get a stream for a subscription only.
    for accept in ["text/event-stream", "application/json, text/event-stream"] {
        for request in [request(with_text(&as_stream)), request(by_hash(&as_stream))] {
            let mut stream = ann.stream(&server, accept, &request).await;
            assert_eq!(stream.next().await, Some(("next".to_owned(), news.clone())), "{accept}");
        }
    }
}

async fn registration_can_be_turned_off(server: Arc<Server>) {
    let settings = [("AUTOMATIC_PERSISTED_QUERIES", "off"), ("GRAPHQL_MAX_BATCH", "2")];
    let (off, ann) = (server.another(&settings).await, server.user("ann").await);
    let expected = json!({ "errors": [{
        "message": "PersistedQueryNotSupported",
        "extensions": { "code": "PERSISTED_QUERY_NOT_SUPPORTED" },
    }] });
    let email = json!({ "viewer": { "email": "ann@example.com" } });
    for accept in MEDIA_TYPES {
        assert_eq!(ann.post(&off, accept, &with_text(VIEWER)).await.ok(), email);
        // The error makes clients send the text instead. Some read it only with this status, as Apollo Server sends it.
        let in_body = ann.post(&off, accept, &by_hash(VIEWER)).await;
        let in_url = ann.get_by_url(&off, accept, &by_hash(VIEWER)).await;
        for answer in [in_body, in_url] {
            assert_eq!((answer.status, &answer.body), (200, &expected), "{accept}");
        }
    }
    let told = ann.over_socket(&off, &by_hash(VIEWER)).await;
    assert_eq!(told, ("error".to_owned(), expected["errors"].clone()));
    let batch = json!([by_hash(VIEWER), with_text(VIEWER)]);
    let answer = ann.post(&off, JSON, &batch).await;
    assert_eq!(answer.body, json!([expected, { "data": email }]));
    off.stop().await;
}

async fn each_instance_has_its_own_documents(server: Arc<Server>) {
    let (other, ann) =
        (server.another(&[("GRAPHQL_MAX_BATCH", "3")]).await, server.user("ann").await);
    assert_eq!(ask(&ann, &server, VIEWER, json!({})).await.1, 2);
    let batch = json!([by_hash(VIEWER), with_text(VIEWER), by_hash(VIEWER)]);
    let found = json!({ "data": { "viewer": { "email": "ann@example.com" } } });
    assert_eq!(ann.post(&other, JSON, &batch).await.body, json!([not_found(), found, found]));
    other.stop().await;
}

/// The texts of registered documents take at most 8 MiB.
async fn registered_documents_are_bounded(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let long = |n: usize| format!("{VIEWER} #{n}{}", "x".repeat(900 << 10));
    for n in 0..12 {
        assert!(ann.post(&server, JSON, &with_text(&long(n))).await.ok()["viewer"].is_object());
    }
    let known = async || {
        let mut known = 0;
        for n in 0..12 {
            known +=
                usize::from(ann.post(&server, JSON, &by_hash(&long(n))).await.body != not_found());
        }
        known
    };
    eventually!("too many documents are kept", known().await <= 9);
    assert!(known().await > 0);
}

async fn many_clients_register_at_once(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let documents = |n: usize| format!("query($b: ID!) {{ title{n}: board(id: $b) {{ title }} }}");
    let clients = (0..32).map(|client| {
        let (ann, server, board) = (ann.clone(), Arc::clone(&server), board.clone());
        async move {
            for n in 0..8 {
                let n = (client + n) % 8;
                let (answer, _) = ask(&ann, &server, &documents(n), json!({ "b": board })).await;
                assert_eq!(answer.ok(), json!({ format!("title{n}"): { "title": "Plans" } }));
            }
        }
    });
    join_all(clients).await;
    for n in 0..8 {
        assert_eq!(ask(&ann, &server, &documents(n), json!({ "b": board })).await.1, 1);
    }
}
