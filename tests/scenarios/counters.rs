//! What the counters of failures, tokens, mails and limits count. Each scenario has a server in a process of its own.

#![allow(clippy::float_cmp, reason = "counts are whole numbers")]

use std::sync::Arc;

use serde_json::json;

use crate::support::{Server, Watched, scenarios};

scenarios![a_defect_counts_from_zero, alerts_count_what_exists_from_the_start];

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

/// A metric, and values of its labels.
type Selector<'t> = (&'t str, Vec<(&'t str, &'t str)>);

/// What the rules take the increase of.
fn increases(rules: &str) -> Vec<Selector<'_>> {
    let calls = ["rate(", "increase("].map(|function| rules.split(function).skip(1));
    let selectors = calls.into_iter().flatten().map(|call| call.split('[').next().unwrap().trim());
    let parsed = selectors.map(|selector| {
        let (name, labels) = selector.split_once('{').unwrap_or((selector, ""));
        let labels = labels.trim_end_matches('}').split(',').filter_map(|label| {
            let (name, values) = label.split_once('=').filter(|(name, _)| !name.ends_with('!'))?;
            let values = values.trim_start_matches('~').trim_matches('"');
            Some(values.split('|').map(move |value| (name, value)))
        });
        (name, labels.flatten().collect())
    });
    parsed.collect()
}

/// Prometheus sees no increase in a series that begins at 1, and no sum with one that does not exist.
async fn alerts_count_what_exists_from_the_start(server: Arc<Server>) {
    let watched = Watched::start(&server, &[]).await;
    let metrics = watched.metrics().await;
    let rules = include_str!("../../deploy/prometheus/alerts.yml");
    let increases = increases(rules);
    assert!(increases.len() > 8, "{increases:?}");
    for (name, labels) in increases {
        assert!(metrics.samples(name).next().is_some(), "{name} has no series at the start");
        for (label, value) in labels {
            let text = format!("{label}=\"{value}\"");
            let exists = metrics.samples(name).any(|(labels, _)| labels.contains(&text.as_str()));
            assert!(exists, "{name}{{{text}}} does not exist at the start");
        }
    }
}
