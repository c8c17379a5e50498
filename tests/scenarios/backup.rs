//! Backups: every row is there, nothing is overwritten, and no session outlives a restore.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use diesel::prelude::*;
use diesel::sql_types::Text;
use serde_json::json;
use tempfile::TempDir;

use super::cli::output;
use crate::support::{Process, SECRET, Server, eventually, execute, kanban, scenarios, text};

scenarios![
    a_backup_has_every_row_though_writes_go_on,
    a_restore_ends_all_sessions,
    a_running_server_is_not_restored,
    what_is_no_whole_backup_is_refused,
    nothing_is_overwritten,
    sessions_end_by_hand,
    no_command_creates_a_database_by_mistake,
    postgres_has_programs_of_its_own,
];

/// Runs a command of the program on a database; returns whether it succeeded, and what it printed.
fn run(database_url: &str, arguments: &[&str]) -> (bool, String) {
    let folder = TempDir::new().unwrap();
    let mut command = kanban(folder.path());
    command.env("DATABASE_URL", database_url).env("JWT_SECRET", SECRET);
    command.env("ARGON2_MEMORY_KIB", "8").env("LOG_LEVEL", "warn");
    let (output, out, err) = output(command.args(arguments));
    (output.status.success(), out + &err)
}

#[track_caller]
fn succeed(database_url: &str, arguments: &[&str]) -> String {
    let (succeeded, told) = run(database_url, arguments);
    assert!(succeeded, "{told}");
    told
}

#[track_caller]
fn fail(database_url: &str, arguments: &[&str]) -> String {
    let (succeeded, told) = run(database_url, arguments);
    assert!(!succeeded && told.lines().count() == 1, "{told}");
    told
}

/// All rows of all tables, as texts.
type Rows = BTreeMap<String, Vec<String>>;

/// The rows of an SQLite file.
fn rows(path: &str) -> Rows {
    let mut conn = SqliteConnection::establish(path).unwrap();
    let mut texts = |query: String| -> Vec<String> {
        diesel::select(diesel::dsl::sql::<Text>(&query)).load(&mut conn).unwrap()
    };
    let tables = texts("name FROM sqlite_master WHERE type = 'table' ORDER BY 1".into());
    let row = |table: &str| {
        format!(
            "(SELECT group_concat('quote(\"' || name || '\")', ' || '','' || ') FROM pragma_table_info('{table}'))"
        )
    };
    let all = tables.into_iter().map(|table| {
        let columns = texts(row(&table)).remove(0);
        let rows = texts(format!("{columns} FROM \"{table}\" ORDER BY 1"));
        (table, rows)
    });
    all.collect()
}

/// The rows of a PostgreSQL database.
async fn postgres_rows(url: &str) -> Rows {
    let config: tokio_postgres::Config = url.parse().unwrap();
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1";
    let mut all = Rows::new();
    for table in client.query(tables, &[]).await.unwrap() {
        let table: String = table.get(0);
        let query = format!("SELECT t::text COLLATE \"C\" FROM \"{table}\" t ORDER BY 1");
        let rows = client.query(&query, &[]).await.unwrap();
        all.insert(table, rows.into_iter().map(|row| row.get(0)).collect());
    }
    all
}

fn path(server: &Server) -> &str {
    server.database_url.strip_prefix("sqlite://").unwrap()
}

/// The path of a file in a folder, as text.
fn in_folder(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).display().to_string()
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

async fn seeded(server: &Server) {
    succeed(&server.database_url, &["seed", "--boards", "5", "--cards", "200"]);
    assert!(server.count("cards").await > 150);
}

async fn a_backup_has_every_row_though_writes_go_on(server: Arc<Server>) {
    seeded(&server).await;
    let ann = server.user("ann").await;
    let board = ann.board("Busy").await;
    if !server.is_sqlite() {
        return dumped_and_restored(&server).await;
    }
    let folder = TempDir::new().unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let before = rows(path(&server));
    let writer = {
        let (ann, board, is_over) = (ann.clone(), board.clone(), Arc::clone(&is_over));
        tokio::spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                ann.card(&board, "more").await;
            }
        })
    };
    let mut copies = Vec::new();
    for name in ["one.db", "two.db", "three.db"] {
        let file = in_folder(&folder, name);
        let acknowledged = ann.version(&board).await;
        let (url, copy) = (server.database_url.clone(), file.clone());
        tokio::task::spawn_blocking(move || succeed(&url, &["backup", &copy])).await.unwrap();
        copies.push((acknowledged, rows(&file)));
    }
    is_over.store(true, Ordering::Relaxed);
    writer.await.unwrap();
    let after = rows(path(&server));
    // The writer only adds rows, except for the version of its board.
    for (table, old) in &before {
        for (acknowledged, copy) in &copies {
            let copied = &copy[table];
            if ["boards", "sqlite_sequence"].contains(&table.as_str()) {
                assert_eq!(copied.len(), old.len(), "{table}");
                continue;
            }
            assert!(old.iter().all(|row| copied.contains(row)), "{table}");
            assert!(copied.iter().all(|row| after[table].contains(row)), "{table}");
            let more = i64::try_from(copied.len() - old.len()).unwrap();
            if table == "board_events" {
                assert!(
                    more >= acknowledged - 1,
                    "{more} events, {acknowledged} before the backup"
                );
            }
        }
    }
    // Nobody writes any more.
    let file = in_folder(&folder, "last.db");
    succeed(&server.database_url, &["backup", &file]);
    assert_eq!(rows(&file), after);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // One file each: no drafts, and no write-ahead log.
    assert_eq!(names_in(folder.path()).len(), 4, "{:?}", names_in(folder.path()));
    assert_eq!(std::fs::read(&file).unwrap()[18..20], [1, 1]);
}

/// With the commands of docs/hosting.md.
async fn dumped_and_restored(server: &Server) {
    let folder = TempDir::new().unwrap();
    let dump = in_folder(&folder, "kanban.dump");
    let execute_program = |program: &str, arguments: &[&str]| {
        let done = Command::new(program).args(arguments).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let url = server.database_url.split('?').next().unwrap().to_owned();
    let (host, name) = url.rsplit_once('/').unwrap();
    let (copy, copy_url) = (format!("{name}_restored"), format!("{host}/{name}_restored"));
    execute_program("pg_dump", &["--format=custom", "--no-owner", "--file", &dump, &url]);
    execute(&url, "", &format!("CREATE DATABASE \"{copy}\"")).await;
    execute_program(
        "pg_restore",
        &["--no-owner", "--exit-on-error", "--single-transaction", "--dbname", &copy_url, &dump],
    );
    let (before, after) = (postgres_rows(&url).await, postgres_rows(&copy_url).await);
    let told = succeed(&copy_url, &["end-sessions"]);
    let ended = postgres_rows(&copy_url).await;
    execute(&url, "", &format!("DROP DATABASE \"{copy}\" WITH (FORCE)")).await;
    assert!(before["cards"].len() > 150);
    assert_eq!(before, after);
    assert_eq!(told, "Ended 1 sessions.\n");
    assert!(ended["sessions"].is_empty() && ended["refresh_tokens"].is_empty());
}

async fn a_restore_ends_all_sessions(server: Arc<Server>) {
    if !server.is_sqlite() {
        return;
    }
    seeded(&server).await;
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let folder = TempDir::new().unwrap();
    let file = in_folder(&folder, "copy.db");
    succeed(&server.database_url, &["backup", &file]);
    let original = rows(&file);
    ann.card(&board, "later").await;

    // On a machine without a database, and in the place of a database.
    let database = in_folder(&folder, "kanban.db");
    let url = format!("sqlite://{database}");
    let told = succeed(&url, &["restore", &file]);
    assert_eq!(told, format!("Restored {file} to {database}. Ended 1 sessions.\n"));
    let mut command = kanban(folder.path());
    command.env("DATABASE_URL", &url).env("JWT_SECRET", SECRET);
    let process = Process::start(command).await;
    let query = "{ viewer { id } }";
    assert_eq!(process.ask(&ann.token, query).await.code(), "UNAUTHENTICATED");
    let log_in = r#"mutation { logIn(input: { email: "ann@example.com", password: "password" }) { accessToken } }"#;
    let token = text(&process.ask("", log_in).await.ok()["logIn"]["accessToken"]);
    let delete =
        format!("mutation {{ deleteBoard(input: {{ boardId: {board:?} }}) {{ deletedBoardId }} }}");
    process.ask(&token, &delete).await.ok();
    process.stop().await;
    let told = succeed(&url, &["restore", &file]);
    assert!(told.contains("Ended 1 sessions.\nThe former database is "), "{told}");
    let former = told.trim_end().trim_end_matches('.').rsplit_once(' ').unwrap().1;
    let restored = rows(&database);
    for (table, old) in &original {
        match table.as_str() {
            "sessions" | "refresh_tokens" => assert!(restored[table].is_empty() && !old.is_empty()),
            _ => assert_eq!(&restored[table], old, "{table}"),
        }
    }
    assert_ne!(rows(former)["boards"], restored["boards"]);
    // Again, before the clock shows another second.
    succeed(&url, &["restore", &file]);
    let told = fail(&url, &["restore", &database]);
    assert_eq!(told, format!("kanban: {database}: is the database itself\n"));
    let names = names_in(folder.path());
    assert!(!names.iter().any(|name| name.contains(".part") || name.contains("-wal")), "{names:?}");
}

async fn a_running_server_is_not_restored(server: Arc<Server>) {
    if !server.is_sqlite() {
        return;
    }
    // It has not had a request yet.
    let folder = TempDir::new().unwrap();
    let file = in_folder(&folder, "copy.db");
    succeed(&server.database_url, &["backup", &file]);
    let before = rows(path(&server));
    let told = fail(&server.database_url, &["restore", &file]);
    assert_eq!(told, format!("kanban: {}: is in use: stop the server first\n", path(&server)));
    assert_eq!(rows(path(&server)), before);
    let ann = server.user("ann").await;
    ann.board("still there").await;
    assert_eq!(
        server.http.get(format!("{}/readyz", server.url)).send().await.unwrap().status(),
        200
    );
}

async fn what_is_no_whole_backup_is_refused(server: Arc<Server>) {
    if !server.is_sqlite() {
        return;
    }
    seeded(&server).await;
    let folder = TempDir::new().unwrap();
    let (file, database) = (in_folder(&folder, "copy.db"), in_folder(&folder, "kanban.db"));
    let url = format!("sqlite://{database}");
    succeed(&server.database_url, &["backup", &file]);
    let whole = std::fs::read(&file).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        in_folder(&folder, name)
    };
    let refused = |file: &str, named: &str, reason: &str| {
        let told = fail(&url, &["restore", file]);
        assert!(told.contains(named) && told.contains(reason), "{told}");
        assert!(!Path::new(&database).exists());
    };
    let refuse = |file: &str, reason: &str| refused(file, file, reason);
    refuse(&in_folder(&folder, "missing.db"), "unable to open");
    refuse(&write("empty.db", b""), "is not a kanban database");
    refuse(&write("text.db", &b"text ".repeat(1000)), "file is not a database");
    refuse(&write("half.db", &whole[..whole.len() / 2]), "malformed");
    let other = write("other.db", b"");
    execute(&format!("sqlite://{other}"), "CREATE TABLE cards (id INTEGER)", "").await;
    refuse(&other, "is not a kanban database");
    let newer = write("newer.db", &whole);
    let change = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')";
    execute(&format!("sqlite://{newer}"), change, "").await;
    refuse(&newer, "the database is newer than this program");
    let broken = write("broken.db", &whole);
    execute(
        &format!("sqlite://{broken}"),
        "PRAGMA foreign_keys = OFF; DELETE FROM boards WHERE id = 1",
        "",
    )
    .await;
    refuse(&broken, "rows violate a foreign key");
    // Neither is a copy of it made.
    let told = fail(&format!("sqlite://{broken}"), &["backup", &in_folder(&folder, "more.db")]);
    assert!(told.contains("rows violate a foreign key"), "{told}");
    // The log of another database would be applied to the restored one.
    let stray = write("kanban.db-wal", b"old");
    refused(&file, &stray, "move it away");
    std::fs::remove_file(stray).unwrap();
    std::fs::write(&database, b"text ".repeat(1000)).unwrap();
    let told = fail(&url, &["restore", &file]);
    assert!(told.contains("file is not a database; move it away"), "{told}");
    std::fs::remove_file(&database).unwrap();
    succeed(&url, &["restore", &file]);
    assert_eq!(names_in(folder.path()).iter().filter(|name| name.contains(".part")).count(), 0);
}

async fn nothing_is_overwritten(server: Arc<Server>) {
    if !server.is_sqlite() {
        return;
    }
    server.user("ann").await;
    let folder = TempDir::new().unwrap();
    let file = in_folder(&folder, "copy.db");
    std::fs::write(&file, "precious").unwrap();
    let told = fail(&server.database_url, &["backup", &file]);
    assert_eq!(told, format!("kanban: {file}: already exists\n"));
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");
    let told = fail(&server.database_url, &["backup", "/no/such/folder/copy.db"]);
    assert!(told.starts_with("kanban: /no/such/folder/copy.db: No such file"), "{told}");
    let missing = in_folder(&folder, "missing.db");
    let told = fail(&format!("sqlite://{missing}"), &["backup", &in_folder(&folder, "new.db")]);
    assert!(told.contains(&missing) && !Path::new(&missing).exists(), "{told}");
}

async fn sessions_end_by_hand(server: Arc<Server>) {
    let ann = server.user("ann").await;
    server.user("bob").await;
    let mails = "INSERT INTO outbox (email, content, created_at, due_at)
            SELECT email, '{}', created_at, created_at FROM users;
        INSERT INTO mail_tokens (hash, user_id, purpose, email_key, expires_at)
            SELECT email, id, 'RESET_PASSWORD', email_key, created_at FROM users";
    server.execute(mails, mails).await;
    assert_eq!(succeed(&server.database_url, &["end-sessions"]), "Ended 2 sessions.\n");
    for table in ["sessions", "refresh_tokens", "outbox", "mail_tokens"] {
        assert_eq!(server.count(table).await, 0, "{table}");
    }
    // A server that runs notices it.
    let is_refused = async || ann.ask("{ viewer { id } }", json!({})).await.body["data"].is_null();
    eventually!("the session goes on", is_refused().await);
}

/// A command with the URL of another database would tell the operator that there is nothing to do.
async fn no_command_creates_a_database_by_mistake(server: Arc<Server>) {
    let folder = TempDir::new().unwrap();
    let missing = in_folder(&folder, "missing.db");
    let (url, reason) = if server.is_sqlite() {
        (format!("sqlite://{missing}"), "does not exist")
    } else {
        let nowhere = "options=-c%20search_path%3Dnowhere";
        let sign = if server.database_url.contains('?') { '&' } else { '?' };
        (format!("{}{sign}{nowhere}", server.database_url), "is not a kanban database")
    };
    for command in [&["user", "list"][..], &["end-sessions"], &["purge"]] {
        let told = fail(&url, command);
        assert!(told.contains(reason), "{command:?}: {told}");
        assert!(!Path::new(&missing).exists(), "{command:?}");
    }
}

async fn postgres_has_programs_of_its_own(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    for (command, instead) in [("backup", "pg_dump"), ("restore", "pg_restore")] {
        let told = fail(&server.database_url, &[command, "file"]);
        assert!(told.contains(instead) && told.contains("docs/hosting.md"), "{told}");
    }
}
