//! What a server finds when it starts: newer schemas, silent servers, held locks.

use std::sync::Arc;
use std::time::Duration;

use kanban::app;
use kanban::config::Config;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::support::{
    Process, Role, SECRET, Server, User, config_with, eventually, kanban, postgres, scenarios,
};

scenarios![
    an_older_program_refuses_a_newer_schema,
    every_new_migration_records_what_it_requires,
    a_silent_server_stops_the_start,
    a_role_without_rights_is_told_who_migrates,
    a_connection_that_nobody_answers_is_given_up,
    a_start_tells_what_it_waits_for,
    a_held_migration_lock_delays_nobody_without_need,
    a_migration_that_waits_for_a_table_lets_others_pass,
    time_does_not_run_backwards_on_a_board,
    sessions_expire_by_the_clock_of_the_program,
    a_clock_that_steps_back_ends_no_session,
    a_time_after_the_year_9999_is_an_error,
];

/// The reason why no server starts.
async fn refusal(config: Config) -> String {
    let Err(error) = app::build(config).await else { panic!("it started") };
    error.to_string()
}

async fn an_older_program_refuses_a_newer_schema(server: Arc<Server>) {
    let applied = |version: &str| {
        format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}')")
    };
    let requires = |version: &str, program: &str| {
        format!("INSERT INTO schema_compatibility VALUES ('{version}', '{program}')")
    };
    let run = async |statement: String| server.execute(&statement, &statement).await;
    // A rolling upgrade: this program still works.
    run(applied("29990101000000")).await;
    run(requires("29990101000000", "0.1.0")).await;
    app::build(server.config()).await.unwrap();
    run(applied("29990102000000")).await;
    run(requires("29990102000000", "0.10.0")).await;
    let reason = refusal(server.config()).await;
    assert!(reason.contains("migration 29990102000000 requires version 0.10.0"), "{reason}");
    run("DELETE FROM schema_compatibility WHERE migration = '29990102000000'".into()).await;
    let reason = refusal(server.config()).await;
    assert!(reason.contains("does not know migration 29990102000000"), "{reason}");
}

async fn every_new_migration_records_what_it_requires(server: Arc<Server>) {
    server
        .execute(
            "DELETE FROM __diesel_schema_migrations WHERE version < '20261126120000'",
            "DELETE FROM __diesel_schema_migrations WHERE version < '20261126120000'",
        )
        .await;
    let (migrations, recorded) = (
        server.count("__diesel_schema_migrations").await,
        server.count("schema_compatibility").await,
    );
    assert_eq!(migrations, recorded);
}

async fn a_silent_server_stops_the_start(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    // It accepts, by the kernel, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://u@{}/d?sslmode=disable", silent.local_addr().unwrap());
    let refusal = timeout(Duration::from_secs(20), refusal(config_with(&url, &[])));
    let reason = refusal.await.expect("the start has a time limit");
    assert!(reason.contains("did not begin a session"), "{reason}");
}

/// PostgreSQL would name only the table of the first statement.
async fn a_role_without_rights_is_told_who_migrates(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let role = Role::create(&server, "reader", 10).await;
    app::build(config_with(&role.url, &[])).await.expect("nothing is pending");
    let client = postgres(&server).await;
    revert_last_migration(&client).await;
    // Since version 15, PostgreSQL lets only the owner create tables.
    for grant in
        ["REVOKE CREATE ON SCHEMA public FROM PUBLIC", "GRANT CREATE ON SCHEMA public TO PUBLIC"]
    {
        client.batch_execute(grant).await.unwrap();
        let reason = refusal(config_with(&role.url, &[])).await;
        assert!(reason.contains("20261201000000"), "{reason}");
        assert!(reason.contains("run `kanban migrate` with the role that owns them"), "{reason}");
    }
    app::build(server.config()).await.unwrap();
    role.remove(&server).await;
}

/// The kernel drops the packets of new connections while a listener's queue is full.
async fn a_connection_that_nobody_answers_is_given_up(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let silent = TcpSocket::new_v4().unwrap();
    silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let silent = silent.listen(0).unwrap();
    let address = silent.local_addr().unwrap();
    let _full = TcpStream::connect(address).await.unwrap();
    let attempt = timeout(Duration::from_millis(300), TcpStream::connect(address)).await;
    assert!(attempt.is_err(), "the queue is full");
    let url = format!("postgres://u@{address}/d?sslmode=disable");
    let refusal = timeout(Duration::from_secs(20), refusal(config_with(&url, &[])));
    let reason = refusal.await.expect("the start has a time limit");
    assert!(reason.contains("timed out"), "{reason}");
}

/// Operators see in the log what a start waits for.
async fn a_start_tells_what_it_waits_for(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let client = postgres(&server).await;
    hold_pending_migration(&client).await;
    let folder = TempDir::new().unwrap();
    let mut command = kanban(folder.path());
    command.env("DATABASE_URL", &server.database_url).env("JWT_SECRET", SECRET);
    let mut process = Process::spawn(command);
    eventually!("it is not told", process.log().contains("waiting for the migration lock"));
    let log = process.log();
    let (before, _) = log.split_once("waiting for the migration lock").unwrap();
    assert!(before.contains("connecting to PostgreSQL"), "{log}");
    assert!(!log.contains("listening on"), "{log}");
    client.batch_execute("COMMIT").await.unwrap();
    process.listens().await;
    process.stop().await;
}

async fn a_held_migration_lock_delays_nobody_without_need(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let client = postgres(&server).await;
    client.batch_execute("SELECT pg_advisory_lock(118066207940974)").await.unwrap();
    let started = timeout(Duration::from_secs(20), app::build(server.config()));
    started.await.expect("nothing is pending").unwrap();
    // Another instance has the lock, and has not yet run the last migration.
    let later = "__diesel_schema_migrations WHERE version > '20261201000000'";
    assert_eq!(server.count(later).await, 0, "name the new migration here");
    client.batch_execute("SELECT pg_advisory_unlock_all()").await.unwrap();
    hold_pending_migration(&client).await;
    let mut starts: Vec<_> = (0..2).map(|_| tokio::spawn(app::build(server.config()))).collect();
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    eventually!(
        "nobody waits for the lock",
        client.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 2
    );
    client.batch_execute("COMMIT").await.unwrap();
    for start in &mut starts {
        start.await.unwrap().unwrap();
    }
    let migration = "schema_compatibility WHERE migration = '20261201000000'";
    assert_eq!(server.count(migration).await, 1);
}

/// As if another instance were about to run the last migration, until COMMIT.
async fn hold_pending_migration(client: &tokio_postgres::Client) {
    revert_last_migration(client).await;
    client.batch_execute("BEGIN; SELECT pg_advisory_xact_lock(118066207940974)").await.unwrap();
}

async fn revert_last_migration(client: &tokio_postgres::Client) {
    let last = include_str!("../../migrations/postgres/2026-12-01-000000_stale_texts/down.sql");
    let forget = "DELETE FROM __diesel_schema_migrations WHERE version = '20261201000000'";
    client.batch_execute(&format!("{last}; {forget}")).await.unwrap();
}

/// The migration waits for somebody who reads or writes for long; writes of other instances must not wait behind it.
async fn a_migration_that_waits_for_a_table_lets_others_pass(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let ann = server.user("ann").await;
    let client = postgres(&server).await;
    revert_last_migration(&client).await;
    client.batch_execute("BEGIN; LOCK TABLE boards IN ROW EXCLUSIVE MODE").await.unwrap();
    let start = tokio::spawn(app::build(server.config()));
    let waiting =
        "SELECT count(*) FROM pg_locks WHERE relation = 'boards'::regclass AND NOT granted";
    eventually!(
        "the migration does not wait",
        client.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 1
    );
    for title in ["one", "two", "three"] {
        ann.board(title).await;
    }
    client.batch_execute("COMMIT").await.unwrap();
    start.await.unwrap().unwrap();
}

async fn time_does_not_run_backwards_on_a_board(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    ann.card(&board, "first").await;
    server.db.clock().advance(-3600);
    ann.card(&board, "second").await;
    let query = format!(
        "{{ board(id: {board:?}) {{ updatedAt activity(first: 10) {{ nodes {{ createdAt }} }} }} }}"
    );
    let found = ann.get(&query).await;
    let times: Vec<_> = found["board"]["activity"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["createdAt"].as_str().unwrap().to_owned())
        .collect();
    // The latest event comes first.
    assert!(times.is_sorted_by(|newer, older| newer >= older), "{times:?}");
    assert_eq!(found["board"]["updatedAt"], json!(times[0]));
}

async fn sessions_expire_by_the_clock_of_the_program(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let refused = async |ann: &User| {
        ann.ask("{ viewer { id } }", json!({})).await.code() == "UNAUTHENTICATED"
    };
    assert!(!ann.ask("{ viewer { id } }", json!({})).await.body["data"].is_null());
    // Access tokens are good for an hour.
    server.db.clock().advance(2 * 3600);
    assert!(refused(&ann).await);
    server.db.clock().advance(-2 * 3600);
    assert!(!ann.ask("{ viewer { id } }", json!({})).await.body["data"].is_null());
}

/// Nor does an instance whose clock is behind.
async fn a_clock_that_steps_back_ends_no_session(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let behind = Arc::new(server.another(&[]).await);
    behind.db.clock().advance(-1800);
    let there = User { server: Arc::clone(&behind), ..ann.clone() };
    there.get("{ viewer { id } }").await;
    let logged_in = server.log_in_as("ann", "password").await;
    let answer = behind.refresh(&logged_in.refresh_token).await.ok();
    let token = answer["refreshSession"]["accessToken"].as_str().unwrap().to_owned();
    User { token, ..there }.get("{ viewer { id } }").await;
    behind.stop().await;
}

/// Somebody else has written it. As part of a cursor it would be refused.
async fn a_time_after_the_year_9999_is_an_error(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    ann.card(&board, "x").await;
    let sqlite = "UPDATE cards SET created_at = 568971820800000000";
    server.execute(sqlite, "UPDATE cards SET created_at = '20000-01-01'").await;
    let other = Arc::new(server.another(&[]).await);
    let there = User { server: Arc::clone(&other), ..ann };
    let query = format!("{{ board(id: {board:?}) {{ cards {{ nodes {{ createdAt }} }} }} }}");
    assert_eq!(there.ask(&query, json!({})).await.code(), "INTERNAL_SERVER_ERROR");
    other.stop().await;
}
