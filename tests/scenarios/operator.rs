//! `kanban user …`, closed sign-ups, and secrets in files.

use std::io::Write;
use std::process::Stdio;
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;

use super::cli::output;
use crate::support::{SECRET, Server, checks, kanban, scenarios};

scenarios![
    an_operator_creates_accounts,
    a_disabled_account_cannot_log_in,
    boards_pass_to_enabled_accounts,
    an_operator_sets_a_password,
    a_password_that_cannot_be_shown_is_an_error,
    an_operator_deletes_an_account,
    sign_ups_can_be_closed,
];
checks![secrets_can_be_in_files];

/// Runs `kanban user …` on the database of the server. Returns what it prints, or its error.
fn user(server: &Server, arguments: &[&str], input: &str) -> Result<String, String> {
    let folder = TempDir::new().unwrap();
    let mut command = kanban(folder.path());
    command.env("DATABASE_URL", &server.database_url).env("ARGON2_MEMORY_KIB", "8");
    command.arg("user").args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let read = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(read(output.stdout)) } else { Err(read(output.stderr)) }
}

/// The value after this text in a line of the output.
fn after<'o>(output: &'o str, text: &str) -> &'o str {
    let line = output.lines().find_map(|line| line.strip_prefix(text));
    line.unwrap_or_else(|| panic!("{text:?} is not in {output:?}"))
}

async fn an_operator_creates_accounts(server: Arc<Server>) {
    let made = user(&server, &["create", "Ann@example.com", "--name", "Ann Lee"], "").unwrap();
    let ann = server.log_in_as("ann", after(&made, "The password is ")).await.user(&server);
    assert!(made.contains(&ann.id), "{made}");
    let viewer = ann.get("{ viewer { name email emailVerifiedAt } }").await["viewer"].take();
    assert_eq!(viewer["name"], "Ann Lee");
    assert!(viewer["emailVerifiedAt"].is_string());
    let made = user(&server, &["create", "bob@example.com", "--password-stdin"], "my password\n");
    assert!(!made.unwrap().contains("password"));
    server.log_in("bob", "my password").await;
    for (arguments, input, error) in [
        (&["create", "ann@example.com"][..], "", "EMAIL: There is already an account"),
        (&["create", "nonsense"], "", "EMAIL: "),
        (&["create", "eve@example.com", "--name", ""], "", "--name: "),
        (&["create", "eve@example.com", "--password-stdin"], "short\n", "the password must have"),
    ] {
        let told = user(&server, arguments, input).unwrap_err();
        assert!(
            told.lines().last().is_some_and(|line| line.contains(error)),
            "{arguments:?}: {told}"
        );
    }
    let listed = user(&server, &["list"], "").unwrap();
    let rows: Vec<Vec<&str>> = listed.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows[0], ["id", "email", "name", "created", "verified", "disabled"]);
    assert_eq!(rows[1][..3], [ann.id.as_str(), "Ann@example.com", "Ann Lee"]);
    assert_eq!(rows.len(), 3);
}

async fn a_disabled_account_cannot_log_in(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let log_in = server.log_in_as("ann", "password").await;
    let board = ann.board("Plans").await;
    ann.share(&board, &bob).await;
    // This instance has cached the session, and does not know of the change for five seconds.
    ann.get("{ viewer { id } }").await;
    let told = user(&server, &["disable", "ANN@example.com"], "").unwrap();
    assert_eq!(told, "Disabled ANN@example.com.\n");
    let change = json!({ "password": "new password", "currentPassword": "password" });
    let changed = ann.call("updateViewer", change, "accessToken").await;
    assert!(changed.body["data"]["updateViewer"].is_null(), "{}", changed.body);
    // Its session ended at once.
    let fresh = server.another(&[]).await;
    let seen = fresh.ask_as(Some(&ann.token), "{ viewer { id } }", json!({})).await;
    assert_eq!(seen.code(), "UNAUTHENTICATED");
    assert_eq!(fresh.refresh(&log_in.refresh_token).await.code(), "UNAUTHENTICATED");
    // Like an account that does not exist, for the same work.
    let work = server.services.hashing_work();
    let refused = server.try_log_in("ann@example.com", "password").await;
    let unknown = server.try_log_in("nobody@example.com", "password").await;
    assert_eq!((refused.code(), refused.body), (unknown.code(), unknown.body));
    assert_eq!(server.services.hashing_work() - work, 16);
    // Others still see the boards and the user.
    let query = format!("{{ board(id: {board:?}) {{ members {{ nodes {{ email }} }} }} }}");
    assert_eq!(bob.get(&query).await["board"]["members"]["nodes"].as_array().unwrap().len(), 2);
    let listed = user(&server, &["list"], "").unwrap();
    assert!(!listed.lines().nth(1).unwrap().ends_with('-'), "{listed}");
    let told = user(&server, &["enable", "ann@example.com"], "").unwrap();
    assert_eq!(told, "Enabled ann@example.com.\n");
    server.log_in("ann", "password").await;
    for command in ["disable", "enable", "delete", "reset-password"] {
        let told = user(&server, &[command, "nobody@example.com"], "").unwrap_err();
        assert!(told.contains("EMAIL: there is no account"), "{command}: {told}");
    }
    fresh.stop().await;
}

/// A disabled account gets a board only if nobody else is there.
async fn boards_pass_to_enabled_accounts(server: Arc<Server>) {
    let (ann, bob, vic) =
        (server.user("ann").await, server.user("bob").await, server.user("vic").await);
    let board = ann.board("Plans").await;
    ann.share(&board, &bob).await;
    ann.share_as(&board, &vic, "VIEWER").await;
    user(&server, &["disable", "bob@example.com"], "").unwrap();
    ann.done("deleteViewer", json!({ "currentPassword": "password" }), "deletedUserId").await;
    let left = vic.get("{ boards { nodes { viewerRole } } }").await;
    assert_eq!(left["boards"]["nodes"], json!([{ "viewerRole": "ADMIN" }]));
}

async fn an_operator_sets_a_password(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let told = user(&server, &["reset-password", "ann@example.com"], "").unwrap();
    let fresh = server.another(&[]).await;
    let seen = fresh.ask_as(Some(&ann.token), "{ viewer { id } }", json!({})).await;
    assert_eq!(seen.code(), "UNAUTHENTICATED");
    let old = server.try_log_in("ann@example.com", "password").await;
    assert_eq!(old.code(), "INVALID_CREDENTIALS");
    server.log_in("ann", after(&told, "The password is ")).await;
    fresh.stop().await;
}

async fn a_password_that_cannot_be_shown_is_an_error(server: Arc<Server>) {
    server.user("ann").await;
    let folder = TempDir::new().unwrap();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = kanban(folder.path());
    command.env("DATABASE_URL", &server.database_url).env("ARGON2_MEMORY_KIB", "8");
    let (told, _, err) =
        output(command.args(["user", "reset-password", "ann@example.com"]).stdout(full));
    assert!(!told.status.success());
    assert!(err.contains("has done its work, but its output cannot be written"), "{err}");
    let former = server.try_log_in("ann@example.com", "password").await;
    assert_eq!(former.code(), "INVALID_CREDENTIALS");
}

async fn an_operator_deletes_an_account(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let (own, shared) = (ann.board("Own").await, ann.board("Shared").await);
    ann.cards(&own, 3).await;
    ann.share(&shared, &bob).await;
    let told = user(&server, &["delete", "ann@example.com"], "").unwrap();
    assert_eq!(told, "Deleted ann@example.com.\n");
    assert_eq!((server.count("users").await, server.count("boards").await), (1, 1));
    let left = bob.get("{ boards { nodes { title viewerRole } } }").await;
    assert_eq!(left["boards"]["nodes"], json!([{ "title": "Shared", "viewerRole": "ADMIN" }]));
}

async fn sign_ups_can_be_closed(server: Arc<Server>) {
    let closed = server.another(&[("SIGNUPS", "closed")]).await;
    let query = r#"mutation { signUp(input: { email: "ann@example.com", password: "password" }) { user { id } } }"#;
    let work = closed.services.hashing_work();
    assert_eq!(closed.ask(query, json!({})).await.code(), "FORBIDDEN");
    assert_eq!(closed.services.hashing_work(), work);
    assert_eq!(server.count("users").await, 0);
    server.ask(query, json!({})).await.ok();
    // Log-ins work as before.
    closed.log_in("ann", "password").await;
    closed.stop().await;
}

async fn secrets_can_be_in_files() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("url", "sqlite://in-file.db\n");
    write("secret", &format!("{SECRET}\n"));
    write("empty", "\n");
    let run = |settings: &[(&str, &str)]| {
        let mut command = kanban(folder.path());
        command.arg("migrate").envs(settings.iter().copied());
        let (output, _, error) = output(&mut command);
        if output.status.success() { Ok(()) } else { Err(error) }
    };
    run(&[("DATABASE_URL_FILE", "url"), ("JWT_SECRET_FILE", "secret")]).unwrap();
    assert!(folder.path().join("in-file.db").exists());
    for (settings, error) in [
        (&[("JWT_SECRET_FILE", "missing")][..], "JWT_SECRET_FILE: cannot be read"),
        (&[("JWT_SECRET_FILE", "empty")], "JWT_SECRET_FILE: the file is empty"),
        (
            &[("JWT_SECRET_FILE", "secret"), ("JWT_SECRET", SECRET)],
            "JWT_SECRET_FILE: JWT_SECRET is set too",
        ),
        (&[("SMTP_URL_FILE", "secret")], "SMTP_URL: must be a URL"),
        (&[("DATABASE_LISTEN_URL_FILE", "url")], "DATABASE_LISTEN_URL: must begin with postgres"),
    ] {
        let told = run(settings).unwrap_err();
        assert!(told.contains(error) && !told.contains(SECRET), "{told}");
    }
    // In .env too.
    write(".env", "JWT_SECRET_FILE=missing\n");
    assert!(run(&[]).unwrap_err().contains("JWT_SECRET_FILE: cannot be read"));
}
