//! Trusted documents: only those in the list of the operator run.

use std::path::Path;
use std::sync::Arc;

use kanban::app;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::persisted::{
    JSON, MEDIA_TYPES, VIEWER, by_hash, extensions, hash_of, with_text, with_variables,
};
use crate::support::{Server, config_with, scenarios, text};

scenarios![
    listed_documents_run_by_id_and_by_hash,
    nothing_else_runs,
    limits_hold_for_listed_documents,
    a_list_that_cannot_be_used_stops_the_start,
];

const CREATE: &str =
    "mutation Create($t: String!) { createBoard(input: { title: $t }) { board { title } } }";
const EVENTS: &str = "subscription($b: ID!) { boardEvents(boardId: $b) { reset } }";
const BOARDS: &str = "query($n: Int!) { boards(first: $n) { nodes { cards(first: $n) { nodes { labels { id } comments(first: $n) { totalCount } activity(first: $n) { totalCount } } } } } }";

/// The documents as Relay and graphql-codegen list them.
fn map() -> Value {
    json!({ "viewer/1": VIEWER, "create.v2": CREATE, "x-app:events": EVENTS, "boards": BOARDS })
}

/// The documents as Apollo lists them.
fn manifest() -> Value {
    let operation = |(id, body): (&String, &Value)| json!({ "id": id, "name": "Any", "type": "query", "body": body });
    let operations: Vec<_> = map().as_object().unwrap().iter().map(operation).collect();
    json!({ "format": "apollo-persisted-query-manifest", "version": 1, "operations": operations })
}

fn write(folder: &Path, list: impl AsRef<[u8]>) -> String {
    let path = folder.join("list.json");
    std::fs::write(&path, list).unwrap();
    path.display().to_string()
}

/// An instance that runs only the listed documents.
async fn trusting(server: &Server, list: &Value) -> Server {
    let folder = TempDir::new().unwrap();
    let path = write(folder.path(), list.to_string());
    server.another(&[("TRUSTED_DOCUMENTS", &path), ("GRAPHQL_MAX_BATCH", "2")]).await
}

async fn listed_documents_run_by_id_and_by_hash(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let email = json!({ "viewer": { "email": "ann@example.com" } });
    let news = json!({ "data": { "boardEvents": { "reset": false } } });
    for list in [map(), manifest()] {
        let trusted = trusting(&server, &list).await;
        for request in [
            json!({ "documentId": "viewer/1" }),
            json!({ "documentId": "viewer/1", "operationName": "Viewer" }),
            json!({ "documentId": "viewer/1", "query": "" }),
            json!({ "extensions": extensions("viewer/1") }),
            json!({ "extensions": extensions("viewer/1"), "query": "" }),
            json!({ "documentId": format!("sha256:{}", hash_of(VIEWER)) }),
            json!({ "documentId": hash_of(VIEWER) }),
            by_hash(VIEWER),
        ] {
            for accept in MEDIA_TYPES {
                assert_eq!(ann.post(&trusted, accept, &request).await.ok(), email, "{request}");
                let answer = ann.get_by_url(&trusted, accept, &request).await;
                assert_eq!(answer.ok(), email, "{request}");
            }
            let (kind, result) = ann.over_socket(&trusted, &request).await;
            assert_eq!((&*kind, &result["data"]), ("next", &email), "{request}");
            let mut stream = ann.stream(&trusted, "text/event-stream", &request).await;
            assert_eq!(stream.next().await, Some(("next".to_owned(), json!({ "data": email }))));
        }
        for request in [json!({ "documentId": "x-app:events" }), by_hash(EVENTS)] {
            let request = with_variables(request, json!({ "b": board }));
            assert_eq!(
                ann.over_socket(&trusted, &request).await,
                ("next".to_owned(), news.clone())
            );
            for accept in ["text/event-stream", "application/json, text/event-stream"] {
                let mut stream = ann.stream(&trusted, accept, &request).await;
                assert_eq!(stream.next().await, Some(("next".to_owned(), news.clone())));
            }
        }
        let create = with_variables(json!({ "documentId": "create.v2" }), json!({ "t": "New" }));
        let answer = ann.post(&trusted, JSON, &create).await;
        assert_eq!(answer.ok()["createBoard"]["board"]["title"], "New");
        let answer = ann.get_by_url(&trusted, JSON, &create).await;
        assert_eq!((answer.status, &*answer.code()), (405, "BAD_REQUEST"));
        trusted.stop().await;
    }
}

async fn nothing_else_runs(server: Arc<Server>) {
    let (trusted, ann) = (trusting(&server, &map()).await, server.user("ann").await);
    let introspection = "{ __schema { queryType { name } } }";
    let log_in = r#"mutation { logIn(input: { email: "ann@example.com", password: "password" }) { user { id } } }"#;
    let (text_sent, unknown) = ("PERSISTED_QUERY_ID_REQUIRED", "PERSISTED_QUERY_NOT_IN_LIST");
    for (request, code) in [
        (json!({ "query": VIEWER }), text_sent),
        (json!({ "query": VIEWER, "documentId": "viewer/1" }), text_sent),
        (with_text(VIEWER), text_sent),
        (with_text("{ viewer { id } }"), text_sent),
        (json!({ "query": introspection }), text_sent),
        (json!({ "query": "{ __typename }" }), text_sent),
        (json!({ "query": log_in }), text_sent),
        (json!({ "query": EVENTS, "variables": { "b": "board_1" } }), text_sent),
        (json!({ "query": "{ no document" }), text_sent),
        (by_hash("{ viewer { id } }"), unknown),
        (by_hash(introspection), unknown),
        (json!({ "documentId": "viewer" }), unknown),
        (json!({ "documentId": "" }), unknown),
        (json!({ "documentId": "sha256:" }), unknown),
        (json!({ "documentId": VIEWER }), unknown),
    ] {
        for (accept, status) in MEDIA_TYPES.into_iter().zip([200, 400]) {
            let in_body = ann.post(&trusted, accept, &request).await;
            let in_url = ann.get_by_url(&trusted, accept, &request).await;
            for answer in [in_body, in_url] {
                assert_eq!((answer.status, &*answer.code()), (status, code), "{request}");
                let message = text(&answer.body["errors"][0]["message"]);
                assert!(message.contains("TRUSTED_DOCUMENTS"), "{message}");
                assert!(answer.body.get("data").is_none());
            }
        }
        let (kind, errors) = ann.over_socket(&trusted, &request).await;
        assert_eq!((&*kind, &errors[0]["extensions"]["code"]), ("error", &json!(code)));
        for accept in ["text/event-stream", "text/event-stream, application/json;q=0"] {
            let (_, result) = ann.stream(&trusted, accept, &request).await.next().await.unwrap();
            assert_eq!(result["errors"][0]["extensions"]["code"], code, "{request}");
        }
    }
    let batch = json!([{ "query": VIEWER }, { "documentId": "viewer/1" }]);
    let answer = ann.post(&trusted, JSON, &batch).await.body;
    assert_eq!(answer[0]["errors"][0]["extensions"]["code"], text_sent);
    assert_eq!(answer[1]["data"]["viewer"]["email"], "ann@example.com");
    trusted.stop().await;
}

async fn limits_hold_for_listed_documents(server: Arc<Server>) {
    let (trusted, ann) = (trusting(&server, &map()).await, server.user("ann").await);
    let boards = |n: i32| with_variables(json!({ "documentId": "boards" }), json!({ "n": n }));
    assert!(ann.post(&trusted, JSON, &boards(1)).await.ok()["boards"].is_object());
    assert_eq!(ann.post(&trusted, JSON, &boards(200)).await.code(), "QUERY_TOO_COMPLEX");
    let nobody = crate::support::User { token: "none".into(), ..ann };
    assert_eq!(nobody.post(&trusted, JSON, &boards(1)).await.code(), "UNAUTHENTICATED");
    trusted.stop().await;
}

async fn a_list_that_cannot_be_used_stops_the_start(server: Arc<Server>) {
    let folder = TempDir::new().unwrap();
    let one = |body: &str| json!({ "good": VIEWER, "bad one": body }).to_string();
    let format = |format: &str, version: Value| {
        let mut list = manifest();
        (list["format"], list["version"]) = (json!(format), version);
        list.to_string()
    };
    let mut twice = manifest();
    let first = twice["operations"][0].clone();
    twice["operations"].as_array_mut().unwrap().push(first);
    let apollo = "apollo-persisted-query-manifest";
    let deep = format!("{{ {}id{} }}", "a { ".repeat(40), " }".repeat(40));
    for (list, reason) in [
        (one("{ viewer { nothing } }"), "the document \"bad one\" is not valid: "),
        (one("{ viewer {"), "the document \"bad one\" is not valid: Syntax error: "),
        (one(&deep), "the document \"bad one\" is not valid: "),
        (one(""), "the document \"bad one\" is not valid: "),
        (format(apollo, json!(2)), "is neither "),
        (format("other", json!(1)), "is neither "),
        (format(apollo, json!("1")), "is neither "),
        (json!([VIEWER]).to_string(), "is neither "),
        (json!({ "id": { "text": VIEWER } }).to_string(), "is neither "),
        ("{".to_owned(), "is neither "),
        (String::new(), "is neither "),
        ("{}".to_owned(), "has no documents"),
        (twice.to_string(), "the ID \"boards\" is listed twice"),
        (" ".repeat((16 << 20) + 1), "is larger than 16 MiB"),
    ] {
        let path = write(folder.path(), &list);
        let config = config_with(&server.database_url, &[("TRUSTED_DOCUMENTS", &path)]);
        let Err(error) = app::build(config).await else { panic!("it started with {list:.100}") };
        let (error, expected) = (error.to_string(), format!("TRUSTED_DOCUMENTS: {path}: {reason}"));
        assert!(error.starts_with(&expected), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
    let missing = folder.path().join("missing.json").display().to_string();
    let config = config_with(&server.database_url, &[("TRUSTED_DOCUMENTS", &missing)]);
    let Err(error) = app::build(config).await else { panic!("it started") };
    assert!(error.to_string().starts_with(&format!("TRUSTED_DOCUMENTS: {missing}: ")), "{error}");
}
