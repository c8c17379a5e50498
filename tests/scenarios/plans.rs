//! The query plans of the statements that the program sends: each uses indexes, on both databases.

use std::sync::Arc;

use diesel::deserialize::QueryableByName;
use diesel::sql_types::Text;
use diesel::{Connection, RunQueryDsl, SqliteConnection};
use kanban::service::{backfill, mail_tokens, once, sessions, trash};
use serde_json::json;

use super::events::Fixture;
use crate::support::{
    List, MailServer, Server, Socket, User, column, eventually, postgres, scenarios,
};

scenarios![every_statement_uses_indexes];

/// The tables that grow.
const TABLES: [&str; 14] = [
    "board_events",
    "boards",
    "cards",
    "cards_labels",
    "comments",
    "known_networks",
    "labels",
    "mail_tokens",
    "mutation_receipts",
    "outbox",
    "refresh_tokens",
    "sessions",
    "users",
    "users_boards",
];

/// The scenario sends about 240 different statements. With pages of cards by each filter and order, which it does not all
/// send, there are less than a thousand (ADR 9).
const MOST_TEXTS: usize = 500;

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

async fn every_statement_uses_indexes(server: Arc<Server>) {
    let fixture = Fixture::new(&server).await;
    let board = fixture.board.clone();
    send_reads(&fixture).await;
    for (mutation, input, _) in fixture.changes() {
        fixture.ann.call(mutation, input, "__typename").await;
    }
    fixture.ann.call("restoreBoard", json!({ "boardId": board }), "__typename").await;
    maintain(&server, &fixture.ann).await;
    follow(&server).await;
    let mut texts = server.db.statement_texts();
    texts.extend(recover(&server).await);
    texts.sort_unstable();
    texts.dedup();
    assert!((121..MOST_TEXTS).contains(&texts.len()), "{} statements", texts.len());
    let plans = if server.is_sqlite() {
        sqlite_plans(&server, &texts)
    } else {
        postgres_plans(&server, &texts).await
    };
    let bad: Vec<_> =
        texts.iter().zip(plans).filter_map(|(text, plan)| fault(text, &plan?)).collect();
    assert!(bad.is_empty(), "{} of {}:\n{}", bad.len(), texts.len(), bad.join("\n\n"));
}

/// Replaces a forgotten password by mail. Returns the statements of the server that sends it.
async fn recover(server: &Arc<Server>) -> Vec<String> {
    let mails = MailServer::start().await;
    let mailing = server.another(&mails.settings(&[])).await;
    server.user("forgetful").await;
    let address = json!({ "email": "forgetful@example.com" });
    let query = "mutation($i: RequestPasswordResetInput!) { requestPasswordReset(input: $i) { requested } }";
    mailing.ask(query, json!({ "i": address })).await.ok();
    let token = mails.take("forgetful@example.com", "new password").await.token();
    let query = "mutation($i: ResetPasswordInput!) { resetPassword(input: $i) { user { id } } }";
    let input = json!({ "token": token, "newPassword": "another password" });
    mailing.ask(query, json!({ "i": input })).await.ok();
    mails.take("forgetful@example.com", "was changed").await;
    mailing.log_in_as("forgetful", "another password").await;
    mail_tokens::erase_expired(&mailing.services).await.unwrap();
    let texts = mailing.db.statement_texts();
    mailing.stop().await;
    texts
}

/// Follows a board and a list of boards, until the sweep has looked at them.
async fn follow(server: &Arc<Server>) {
    let (ann, bob) = (server.user_again("ann").await, server.user_again("bob").await);
    let board = ann.board("Followed").await;
    ann.share(&board, &bob).await;
    let mut socket = Socket::of(&bob).await;
    socket.follow("board", &board, Some(0), "sequence events { sequence }").await;
    socket.news("board").await;
    socket.subscribe("list", "subscription { viewerBoards { reset } }", json!({})).await;
    socket.next("list").await;
    ann.done("updateBoard", json!({ "boardId": board, "title": "Renamed" }), "board { id }").await;
    socket.next("list").await;
    let is_swept = |text: &String| text.contains("sum(boards.version)");
    eventually!("the sweep looks", server.db.statement_texts().iter().any(is_swept));
    let removal = json!({ "boardId": board, "userId": bob.id });
    ann.done("unshareBoard", removal, "removedUserId").await;
    while socket.message_of("board").await["type"] != "complete" {}
}

/// Reads all lists in all orders, page by page from both ends, and all objects by their IDs.
async fn send_reads(Fixture { ann, bob, board, cards, .. }: &Fixture) {
    let field = "columns { id cards { totalCount nodes { labels { name } } } } labels { id } activity { nodes { id } }";
    let found = ann.get(&format!("{{ board(id: {board:?}) {{ {field} }} viewer {{ id }} }}")).await
        ["board"]
        .take();
    let columns = column(&found["columns"], "id");
    let mut ids = vec![board.clone(), ann.id.clone(), bob.id.clone()];
    ids.extend(cards.iter().cloned());
    ids.extend(column(&found["labels"], "id"));
    ids.extend(column(&found["activity"]["nodes"], "id"));
    ann.ask("query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", json!({ "ids": ids }))
        .await
        .ok();
    let mut lists = vec![
        List::column(ann, &columns[0]),
        List::members(ann, board),
        List::comments(ann, &cards[0]),
        List::activity(ann, board, None),
        List::activity(ann, board, Some(3)),
        List::card_activity(ann, &cards[0]),
        List::deleted_cards(ann, board),
        List::deleted_boards(ann),
        List::sessions(ann),
    ];
    for title in ["b", "c", "d"] {
        ann.board(title).await;
    }
    lists.push(List::found_boards(ann, "b"));
    let input = json!({ "boardId": board, "title": "x", "clientMutationId": "x" });
    for _ in 0..2 {
        ann.done("updateBoard", input.clone(), "board { id }").await;
    }
    for direction in ["ASC", "DESC"] {
        let order = |field: &str| json!({ "field": field, "direction": direction });
        let fields = ["RANK", "CREATED_AT", "UPDATED_AT", "TITLE"];
        lists.extend(fields.map(|field| List::cards(ann, board, &order(field))));
        lists.extend(fields[1..].iter().map(|field| List::boards(ann, &order(field))));
        for boards in [json!(null), json!([board])] {
            let of_boards = |field: &&str| List::viewer_cards(ann, &boards, &order(field));
            lists.extend(fields[1..].iter().map(of_boards));
        }
    }
    for list in lists {
        for backward in [false, true] {
            list.walk(2, backward).await;
        }
        list.ask(&json!({ "filter": { "text": "x", "labels": ["RED"], "columns": ["TODO"] } }))
            .await;
    }
}

/// Runs the periodic maintenance, and what ends sessions and accounts.
async fn maintain(server: &Arc<Server>, ann: &User) {
    server.age_trash(31).await;
    trash::purge(&server.services, Some(30)).await.unwrap();
    sessions::erase_expired(&server.services).await.unwrap();
    backfill::run(&server.services).await.unwrap();
    once::forget_old(&server.services).await.unwrap();
    ann.ask("mutation { revokeOtherSessions { __typename } }", json!({})).await.ok();
    let gone = server.user("leaving").await;
    gone.done("deleteViewer", json!({ "currentPassword": "password" }), "__typename").await;
}

/// What is wrong with a plan.
fn fault(text: &str, plan: &str) -> Option<String> {
    let scans = TABLES.iter().any(|table| {
        [format!("Seq Scan on {table}"), format!("SCAN {table}")].iter().any(|scan| {
            plan.lines().any(|line| {
                line.split(scan.as_str()).nth(1).is_some_and(|rest| !rest.starts_with('_'))
            })
        })
    });
    let is_page = text.contains(" ORDER BY ") && text.contains(" LIMIT ");
    let sorts = is_page && count_sorts(plan) > allowed_sorts(text);
    (scans || sorts).then(|| format!("{text}\n{plan}"))
}

/// How often a plan may sort.
fn allowed_sorts(text: &str) -> usize {
    match text {
        // All boards of a user are read and sorted for each page of them. For cards of all boards, the first ones of each
        // board come from an index, and are sorted once.
        _ if text.contains(" FROM users_boards JOIN boards ") => 1,
        // New rows are sorted as they are given.
        _ if text.ends_with(" AS new ORDER BY ord") => 1,
        _ => 0,
    }
}

fn count_sorts(plan: &str) -> usize {
    plan.matches("Sort Key: ").count() + plan.matches("TEMP B-TREE FOR ORDER BY").count()
}

fn sqlite_plans(server: &Server, texts: &[String]) -> Vec<Option<String>> {
    let path = server.database_url.strip_prefix("sqlite://").unwrap();
    let mut conn = SqliteConnection::establish(path).unwrap();
    let plan = |text: &String| {
        let steps: Vec<Step> =
            diesel::sql_query(format!("EXPLAIN QUERY PLAN {text}")).load(&mut conn).unwrap();
        Some(steps.into_iter().map(|step| step.detail + "\n").collect())
    };
    texts.iter().map(plan).collect()
}

/// The generic plans, as PostgreSQL uses them for prepared statements.
async fn postgres_plans(server: &Server, texts: &[String]) -> Vec<Option<String>> {
    let client = postgres(server).await;
    // For small tables, PostgreSQL prefers to read all rows. This is about which indexes can be used.
    let settings =
        "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_sort = off;
        SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";
    client.batch_execute(settings).await.unwrap();
    let mut plans = Vec::new();
    for text in texts {
        let is_insert = text.starts_with("INSERT") && !text.contains("SELECT");
        plans.push(if is_insert { None } else { Some(postgres_plan(&client, text).await) });
    }
    plans
}

async fn postgres_plan(client: &tokio_postgres::Client, text: &str) -> String {
    let count = (1..100).take_while(|n| text.contains(&format!("${n}"))).count();
    let nulls = vec!["NULL"; count].join(", ");
    let nulls = if count == 0 { String::new() } else { format!("({nulls})") };
    let made = client.batch_execute(&format!("DEALLOCATE ALL; PREPARE p AS {text}")).await;
    made.unwrap_or_else(|error| panic!("{text}: {error:?}"));
    let rows = client.query(&format!("EXPLAIN EXECUTE p{nulls}"), &[]).await.unwrap();
    rows.iter().map(|row| row.get::<_, String>(0) + "\n").collect()
}
