//! What the counters of failures, tokens, mails and limits count. Each scenario has a server in a process of its own.

#![allow(clippy::float_cmp, reason = "counts are whole numbers")]

use std::sync::Arc;

use serde_json::json;

use super::sessions::age_spent_tokens;
use crate::support::{LogIn, MailServer, Server, Socket, Watched, eventually, postgres, scenarios};

scenarios![
    a_defect_counts_from_zero,
    alerts_count_what_exists_from_the_start,
    refresh_tokens_that_come_again_are_counted,
    mails_are_counted,
    requests_that_a_limit_refuses_are_counted,
    transactions_that_run_again_are_counted,
];

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

async fn refresh_tokens_that_come_again_are_counted(server: Arc<Server>) {
    let watched = Watched::start(&server, &[]).await;
    let server = &watched.server;
    server.user("ann").await;
    let first = server.log_in_as("ann", "password").await;
    let second = LogIn::of(&server.refresh(&first.refresh_token).await.ok()["refreshSession"]);
    let counts = async || {
        let metrics = watched.metrics().await;
        let of = |what| metrics.sum(&format!("kanban_refresh_tokens_{what}_total"), &[]);
        [of("repeated"), of("reused")]
    };
    assert_eq!(counts().await, [0.0, 0.0]);
    server.refresh(&first.refresh_token).await.ok();
    assert_eq!(counts().await, [1.0, 0.0]);
    server.refresh(&second.refresh_token).await.ok();
    age_spent_tokens(server, 60).await;
    assert_eq!(server.refresh(&first.refresh_token).await.code(), "UNAUTHENTICATED");
    assert_eq!(counts().await, [1.0, 1.0]);
}

async fn mails_are_counted(server: Arc<Server>) {
    let mails = MailServer::start().await;
    let watched = Watched::start(&server, &mails.settings(&[])).await;
    let count = async |result| watched.sum("kanban_mails_total", &[("result", result)]).await;
    for (name, answer, result) in
        [("ann", 0, "sent"), ("bob", 550, "dropped"), ("cyd", 451, "postponed")]
    {
        mails.refuse(answer);
        watched.server.user(name).await;
        eventually!("the mail is counted", count(result).await == 1.0);
    }
    assert_eq!(watched.sum("kanban_mails_total", &[]).await, 3.0);
    let limit = [("limit", "mails")];
    assert_eq!(watched.sum("kanban_limit_refusals_total", &limit).await, 0.0);
    let reset =
        r#"mutation { requestPasswordReset(input: { email: "x@example.com" }) { requested } }"#;
    for _ in 0..4 {
        watched.server.ask(reset, json!({})).await.ok();
    }
    assert_eq!(watched.sum("kanban_limit_refusals_total", &limit).await, 1.0, "three are sent");
}

async fn requests_that_a_limit_refuses_are_counted(server: Arc<Server>) {
    let limits = [
        ("RATE_LIMIT", "on"),
        ("RATE_LIMIT_PER_SESSION", "1"),
        ("LIVE_MAX_STREAMS", "1"),
        ("LIVE_MAX_OPERATIONS", "1"),
    ];
    let watched = Watched::start(&server, &limits).await;
    let ann = watched.server.user("ann").await;
    let board = ann.board("Plans").await;

    let log_in = watched.server.log_in_as("ann", "password").await;
    let next = watched.server.refresh(&log_in.refresh_token).await.ok();
    let next = LogIn::of(&next["refreshSession"]).refresh_token;
    assert_eq!(watched.server.refresh(&next).await.code(), "RATE_LIMITED");

    let look_up = |n| format!("a{n}: userByEmail(email: \"x{n}@example.com\") {{ id }}");
    let look_ups = format!("{{ {} }}", (0..45).map(look_up).collect::<Vec<_>>().join(" "));
    ann.get(&look_ups).await;
    let answer = ann.ask(&look_ups, json!({})).await;
    let errors = answer.body["errors"].as_array().unwrap();
    assert!(errors.iter().all(|error| error["extensions"]["code"] == "RATE_LIMITED"), "{errors:?}");

    let mut socket = Socket::following(&ann, &board, "sequence").await;
    socket.follow("2", &board, None, "sequence").await;
    let refused = socket.message_of("2").await;
    assert_eq!(refused["payload"][0]["extensions"]["code"], "RATE_LIMITED");
    let protocol = [("sec-websocket-protocol", "graphql-transport-ws")];
    assert_eq!(Socket::try_connect(&watched.server, &protocol).await.unwrap_err(), 503);

    let metrics = watched.metrics().await;
    let counts = ["session", "look_ups", "operations", "streams"]
        .map(|limit| metrics.sum("kanban_limit_refusals_total", &[("limit", limit)]));
    let looked_up = f64::from(u32::try_from(errors.len()).unwrap());
    assert_eq!(counts, [1.0, looked_up, 1.0, 1.0]);
}

async fn transactions_that_run_again_are_counted(server: Arc<Server>) {
    // On SQLite, nobody can make a transaction fail for a moment from outside.
    if server.is_sqlite() {
        return;
    }
    let watched = Watched::start(&server, &[]).await;
    let ann = watched.server.user("ann").await;
    let board = ann.board("Plans").await;
    assert_eq!(watched.sum("kanban_database_retries_total", &[]).await, 0.0);
    // The numbers of a sequence are not rolled back: the third attempt succeeds.
    let fail = "CREATE SEQUENCE tries;
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF nextval('tries') <= 2 THEN
                RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01';
            END IF; RETURN NEW; END $$;
        CREATE TRIGGER fail BEFORE INSERT ON cards FOR EACH ROW EXECUTE FUNCTION fail()";
    postgres(&server).await.batch_execute(fail).await.unwrap();
    ann.card(&board, "card").await;
    assert_eq!(watched.sum("kanban_database_retries_total", &[]).await, 2.0);
}
