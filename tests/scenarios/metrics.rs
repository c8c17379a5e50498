//! What Prometheus is told. Each scenario has a server in a process of its own, because metrics belong to the process.

#![allow(clippy::float_cmp, reason = "counts are whole numbers")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use crate::support::{Lock, Server, Socket, Watched, checks, eventually, scenarios, text};

scenarios![
    the_guide_lists_every_metric,
    requests_are_counted_by_operation,
    a_hostile_client_makes_no_endless_series,
    names_of_trusted_documents_are_all_counted,
    the_pool_is_watched,
    caches_and_refused_documents_are_counted,
    streams_and_their_lag_are_counted,
    log_ins_and_limits_are_counted,
    maintenance_is_counted,
    metrics_have_an_address_of_their_own,
];
checks![dashboards_and_alerts_use_metrics_that_exist];

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The head of the table in `docs/metrics.md`.
const HEAD: &str = "| metric | type | labels | meaning |\n|---|---|---|---|\n";

async fn the_guide_lists_every_metric(server: Arc<Server>) {
    let watched = Watched::start(&server, &[]).await;
    let rows = watched.metrics().await.all().into_iter().map(|(name, metric)| {
        let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        format!("| `{name}` | {} | {} | {} |\n", metric.kind, labels.join(", "), metric.help)
    });
    let rows: String = rows.collect();
    let guide = read("docs/metrics.md");
    let (_, table) = guide.split_once(HEAD).unwrap();
    assert!(table.starts_with(&format!("{rows}\n")), "docs/metrics.md needs these rows:\n{rows}");
}

async fn dashboards_and_alerts_use_metrics_that_exist() {
    let guide = read("docs/metrics.md");
    let (_, table) = guide.split_once(HEAD).unwrap();
    let mut known = BTreeSet::new();
    for row in table.lines().take_while(|line| line.starts_with("| `")) {
        let mut cells = row.split('|').map(|cell| cell.trim().trim_matches('`'));
        let (name, kind) = (cells.nth(1).unwrap(), cells.next().unwrap());
        if kind == "histogram" {
            known.extend(["bucket", "sum", "count"].map(|part| format!("{name}_{part}")));
        } else {
            known.insert(name.to_owned());
        }
    }
    let is_part = |char: char| char.is_ascii_alphanumeric() || char == '_';
    for file in ["deploy/grafana/kanban.json", "deploy/prometheus/alerts.yml"] {
        let file_text = read(file);
        let words = file_text.split(|char| !is_part(char));
        let used: BTreeSet<_> = words
            .filter(|word| word.starts_with("kanban_") || word.starts_with("process_"))
            .collect();
        assert!(used.len() > 10, "{file}");
        let unknown: Vec<_> = used.iter().filter(|name| !known.contains(**name)).collect();
        assert!(unknown.is_empty(), "{file} uses {unknown:?}");
    }
}

async fn requests_are_counted_by_operation(server: Arc<Server>) {
    let watched = Watched::start(&server, &[("GRAPHQL_MAX_BATCH", "3")]).await;
    let ann = watched.server.user("ann").await;
    for _ in 0..3 {
        ann.get("query Boards { boards { totalCount } }").await;
    }
    watched.server.ask("query Boards { boards { totalCount } }", json!({})).await;
    watched.server.ask("{ __typename }", json!({})).await.ok();
    watched.server.ask("query Wrong { nothing }", json!({})).await;
    let batch =
        json!([{ "query": "query One { __typename }" }, { "query": "query Two { __typename }" }]);
    let graphql = format!("{}/graphql", watched.server.url);
    ann.server.http.post(&graphql).json(&batch).send().await.unwrap();
    ann.server.http.post(&graphql).json(&json!(7)).send().await.unwrap();
    ann.server.http.put(&graphql).send().await.unwrap();
    ann.server.http.get(format!("{}/livez", watched.server.url)).send().await.unwrap();
    let metrics = watched.metrics().await;
    let count = |operation: &str, kind: &str, code: &str| {
        metrics.sum(
            "kanban_requests_total",
            &[("operation", operation), ("type", kind), ("code", code)],
        )
    };
    assert_eq!(count("Boards", "query", "OK"), 3.0);
    assert_eq!(count("Boards", "query", "UNAUTHENTICATED"), 1.0);
    assert_eq!(count("anonymous", "query", "OK"), 1.0);
    assert_eq!(count("anonymous", "mutation", "OK"), 2.0, "sign-up and log-in");
    assert_eq!(count("unknown", "unknown", "GRAPHQL_VALIDATION_FAILED"), 1.0);
    assert_eq!(count("unknown", "unknown", "BAD_REQUEST"), 2.0);
    assert_eq!((count("One", "query", "OK"), count("Two", "query", "OK")), (1.0, 1.0));
    assert_eq!(metrics.sum("kanban_requests_total", &[]), 12.0, "each request counts once");
    let took = "kanban_request_duration_seconds";
    let boards = [("operation", "Boards"), ("type", "query")];
    assert_eq!(metrics.sum(&format!("{took}_count"), &boards), 4.0);
    assert!(metrics.sum(&format!("{took}_sum"), &boards) > 0.0);
}

async fn a_hostile_client_makes_no_endless_series(server: Arc<Server>) {
    let watched = Watched::start(&server, &[]).await;
    for n in 0..230 {
        let query = format!("query Q{n} {{ __typename }}");
        watched.server.ask(&query, json!({})).await.ok();
    }
    let long = "x".repeat(200);
    watched.server.ask(&format!("query {long} {{ __typename }}"), json!({})).await.ok();
    let body = json!({ "query": "{ __typename }", "operationName": "a\"b\nc" });
    let request = watched.server.http.post(format!("{}/graphql", watched.server.url));
    request.json(&body).send().await.unwrap();
    let metrics = watched.metrics().await;
    let names: BTreeSet<_> = metrics
        .samples("kanban_requests_total")
        .map(|(labels, _)| {
            text(&json!(labels.iter().find(|label| label.starts_with("operation=")).unwrap()))
        })
        .collect();
    assert_eq!(names.len(), 200 + 2, "200 names, other and unknown: {names:?}");
    assert_eq!(metrics.sum("kanban_requests_total", &[("operation", "other")]), 31.0);
    assert!(names.iter().all(|name| name.len() < 120), "{names:?}");
}

async fn names_of_trusted_documents_are_all_counted(server: Arc<Server>) {
    let folder = tempfile::TempDir::new().unwrap();
    let list = folder.path().join("documents.json");
    let documents =
        (0..210).map(|n| (format!("id{n}"), json!(format!("query T{n} {{ __typename }}"))));
    let documents: serde_json::Map<_, _> = documents.collect();
    std::fs::write(&list, json!(documents).to_string()).unwrap();
    let watched = Watched::start(&server, &[("TRUSTED_DOCUMENTS", list.to_str().unwrap())]).await;
    let url = format!("{}/graphql", watched.server.url);
    for n in 0..210 {
        let body = json!({ "documentId": format!("id{n}") });
        watched.server.http.post(&url).json(&body).send().await.unwrap();
    }
    let metrics = watched.metrics().await;
    assert_eq!(metrics.sum("kanban_requests_total", &[("operation", "T209"), ("code", "OK")]), 1.0);
    assert_eq!(metrics.sum("kanban_requests_total", &[("operation", "other")]), 0.0);
}

/// While a lock holds the only connection, another request waits for it, and one of the same user for that user's first.
async fn the_pool_is_watched(server: Arc<Server>) {
    let watched = Watched::start(&server, &[("DATABASE_POOL_SIZE", "1")]).await;
    let (ann, bob) = (watched.server.user("ann").await, watched.server.user("bob").await);
    let boards = [ann.board("Plans").await, bob.board("Plans").await];
    let pool = [("pool", if server.is_sqlite() { "write" } else { "all" })];
    let before = watched.metrics().await;
    assert_eq!(before.sum("kanban_database_connections_max", &pool), 1.0);
    assert_eq!(before.sum("kanban_database_up", &[]), 1.0);
    let lock = Lock::take(&server).await;
    let writes = [(&ann, 0), (&ann, 0), (&bob, 1)].map(|(user, board)| {
        let (user, board) = (user.clone(), boards[board].clone());
        tokio::spawn(async move { user.card(&board, "card").await })
    });
    let in_use = [pool[0], ("state", "in_use")];
    eventually!("a request waits", {
        let now = watched.metrics().await;
        now.sum("kanban_database_waiting", &pool) >= 1.0
            && now.sum("kanban_requests_waiting_for_user", &[]) == 1.0
            && now.sum("kanban_database_connections", &in_use) == 1.0
    });
    lock.release().await;
    for write in writes {
        write.await.unwrap();
    }
    let after = watched.metrics().await;
    let grew =
        |name: &str, labels: &[(&str, &str)]| after.sum(name, labels) - before.sum(name, labels);
    assert!(grew("kanban_database_wait_seconds_count", &pool) >= 2.0);
    assert!(grew("kanban_database_wait_seconds_sum", &pool) > 0.0);
    assert!(grew("kanban_database_statement_seconds_count", &[("access", "write")]) >= 4.0);
    assert_eq!(after.sum("kanban_database_waiting", &pool), 0.0);
    assert_eq!(after.sum("kanban_requests_waiting_for_user", &[]), 0.0);
}

async fn caches_and_refused_documents_are_counted(server: Arc<Server>) {
    let watched = Watched::start(&server, &[("GRAPHQL_MAX_ALIASES", "3")]).await;
    let ann = watched.server.user("ann").await;
    let board = ann.board("Plans").await;
    ann.cards(&board, 3).await;
    let cards = format!("{{ board(id: {board:?}) {{ cards {{ nodes {{ title }} }} }} }}");
    let before = watched.metrics().await;
    for _ in 0..3 {
        ann.get(&cards).await;
    }
    for query in ["{ a: __typename b: __typename c: __typename d: __typename }", "{ nothing }", "{"]
    {
        ann.ask(query, json!({})).await;
    }
    let after = watched.metrics().await;
    let grew =
        |name: &str, labels: &[(&str, &str)]| after.sum(name, labels) - before.sum(name, labels);
    let (hit, miss) = ([("result", "hit")], [("result", "miss")]);
    let first = grew("kanban_cache_lookups_total", &miss);
    assert!(first > 0.0);
    assert_eq!(grew("kanban_cache_lookups_total", &hit), 2.0 * first);
    assert_eq!(grew("kanban_document_lookups_total", &hit), 2.0);
    assert_eq!(grew("kanban_document_lookups_total", &miss), 4.0);
    for reason in ["limit", "invalid", "syntax"] {
        assert_eq!(grew("kanban_document_refusals_total", &[("reason", reason)]), 1.0, "{reason}");
    }
    eventually!("the cache tells its size", {
        ann.get(&cards).await;
        watched.sum("kanban_cache_entries", &[]).await > 0.0
    });
    assert!(watched.sum("kanban_cache_bytes", &[]).await > 0.0);
}

async fn streams_and_their_lag_are_counted(server: Arc<Server>) {
    let watched = Watched::start(&server, &[]).await;
    let ann = watched.server.user("ann").await;
    let board = ann.board("Plans").await;
    let mut socket = Socket::following(&ann, &board, "events { sequence }").await;
    socket.subscribe("2", "subscription Lists { viewerBoards { __typename } }", json!({})).await;
    socket.next("2").await;
    let open = watched.metrics().await;
    assert_eq!(open.sum("kanban_live_streams", &[("transport", "websocket")]), 1.0);
    assert_eq!(open.sum("kanban_live_subscriptions", &[("field", "boardEvents")]), 1.0);
    assert_eq!(open.sum("kanban_live_subscriptions", &[("field", "viewerBoards")]), 1.0);
    assert_eq!(open.sum("kanban_live_payloads_total", &[]), 2.0);
    assert_eq!(open.sum("kanban_live_lag_seconds_count", &[]), 0.0, "nothing has changed");
    let lists = [("operation", "Lists"), ("type", "subscription"), ("code", "OK")];
    assert_eq!(open.sum("kanban_requests_total", &lists), 1.0);
    ann.card(&board, "card").await;
    socket.news("1").await;
    let told = watched.metrics().await;
    assert_eq!(told.sum("kanban_live_lag_seconds_count", &[]), 1.0);
    assert!(told.sum("kanban_live_lag_seconds_sum", &[]) > 0.0);
    drop(socket);
    eventually!("the stream has ended", watched.sum("kanban_live_streams", &[]).await == 0.0);
    assert_eq!(watched.sum("kanban_live_subscriptions", &[]).await, 0.0);
    assert_eq!(watched.sum("kanban_live_ends_total", &[]).await, 1.0);
}

async fn log_ins_and_limits_are_counted(server: Arc<Server>) {
    let limits =
        [("RATE_LIMIT", "on"), ("RATE_LIMIT_PER_ACCOUNT", "2"), ("LIVE_MAX_STREAMS_PER_USER", "1")];
    let watched = Watched::start(&server, &limits).await;
    let ann = watched.server.user("ann").await;
    assert_eq!(
        watched.server.try_log_in("ann@example.com", "wrong").await.code(),
        "INVALID_CREDENTIALS"
    );
    assert_eq!(watched.server.try_log_in("ann@example.com", "wrong").await.code(), "RATE_LIMITED");
    let _first = Socket::of(&ann).await;
    let mut second = Socket::with_protocol(&watched.server).await;
    let init = json!({ "authorization": format!("Bearer {}", ann.token) });
    second.send(json!({ "type": "connection_init", "payload": init })).await;
    assert_eq!(second.receive().await.code(), 1013);
    let metrics = watched.metrics().await;
    for (result, count) in [("ok", 1.0), ("wrong", 1.0), ("limited", 1.0), ("failed", 0.0)] {
        assert_eq!(metrics.sum("kanban_log_ins_total", &[("result", result)]), count, "{result}");
    }
    for (limit, count) in [("account", 1.0), ("address", 0.0), ("streams_per_user", 1.0)] {
        assert_eq!(
            metrics.sum("kanban_limit_refusals_total", &[("limit", limit)]),
            count,
            "{limit}"
        );
    }
    assert_eq!(metrics.sum("kanban_live_ends_total", &[("reason", "unavailable")]), 1.0);
}

async fn maintenance_is_counted(server: Arc<Server>) {
    let watched = Watched::start(&server, &[]).await;
    let sweeps = [("task", "sweep"), ("result", "ok")];
    eventually!("a sweep has run", watched.sum("kanban_task_runs_total", &sweeps).await != 0.0);
    let metrics = watched.metrics().await;
    assert!(metrics.sum("kanban_task_last_success_timestamp_seconds", &[("task", "sweep")]) > 1e9);
    assert!(metrics.sum("kanban_task_duration_seconds_count", &[("task", "sweep")]) >= 1.0);
    assert_eq!(metrics.sum("kanban_task_runs_total", &[("task", "purge")]), 0.0);
}

async fn metrics_have_an_address_of_their_own(server: Arc<Server>) {
    let watched = Watched::start(&server, &[]).await;
    let status = async |url: String| reqwest::get(url).await.unwrap().status().as_u16();
    assert_eq!(status(format!("{}/metrics", watched.server.url)).await, 404);
    for path in ["/", "/graphql", "/readyz"] {
        assert_eq!(status(watched.url(path)).await, 404, "{path}");
    }
}
