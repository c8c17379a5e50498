//! What the counters of failures, tokens, mails and limits count. Each scenario has a server in a process of its own.

#![allow(clippy::float_cmp, reason = "counts are whole numbers")]

use std::sync::Arc;

use serde_json::json;

use crate::support::{Server, Watched, scenarios};

scenarios![a_defect_counts_from_zero];

async fn a_defect_counts_from_zero(server: Arc<Server>) {
    let watched = Watched::start(&server, &[]).await;
    let ann = watched.server.user("ann").await;
    let board = ann.board("Plans").await;
    let card = ann.card(&board, "x").await;
    let before = watched.metrics().await;
    let counted: Vec<_> = before.samples("kanban_internal_errors_total").collect();
    assert_eq!(counted, [(vec![], 0.0)], "without labels, before the first error");
    server.execute("DROP TABLE comments", "DROP TABLE comments").await;
    let query = format!("query Broken {{ card(id: {card:?}) {{ comments {{ totalCount }} }} }}");
    assert_eq!(ann.ask(&query, json!({})).await.code(), "INTERNAL_SERVER_ERROR");
    let after = watched.metrics().await;
    assert_eq!(after.sum("kanban_internal_errors_total", &[]), 1.0);
    let broken = [("operation", "Broken"), ("code", "INTERNAL_SERVER_ERROR")];
    assert_eq!(after.sum("kanban_requests_total", &broken), 1.0);
    assert_eq!(after.sum("kanban_unavailable_errors_total", &[]), 0.0);
}
