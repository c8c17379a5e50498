//! The program: its commands and log.

use std::fs::File;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use kanban::service::trash;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{Process, SECRET, Server, checks, column, kanban, scenarios, text};

scenarios![
    demo_data_fills_an_empty_database_only,
    demo_data_has_a_history,
    the_trash_is_emptied_by_hand,
    no_secret_gets_into_the_log,
];
checks![
    a_server_keeps_its_data_over_a_restart,
    an_output_that_cannot_be_written_is_an_error,
    too_much_demo_data_is_refused,
];

pub(super) fn output(command: &mut Command) -> (Output, String, String) {
    let output = command.output().unwrap();
    let read = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (read(&output.stdout), read(&output.stderr));
    (output, out, err)
}

const SIGN_UP: &str = r#"mutation { signUp(input: { email: "ann@example.com", password: "hush hush" }) { user { id } } }"#;
const LOG_IN: &str = r#"mutation { logIn(input: { email: "ann@example.com", password: "hush hush" }) { accessToken } }"#;

async fn a_server_keeps_its_data_over_a_restart() {
    let folder = TempDir::new().unwrap();
    let first = Process::start(kanban(folder.path())).await;
    first.ask("", SIGN_UP).await.ok();
    let token = text(&first.ask("", LOG_IN).await.ok()["logIn"]["accessToken"]);
    first
        .ask(&token, r#"mutation { createBoard(input: { title: "Plans" }) { board { id } } }"#)
        .await
        .ok();
    first.stop().await;

    // The token is still valid, because the signing key is stored beside the database.
    let second = Process::start(kanban(folder.path())).await;
    let found = second.ask(&token, "{ boards { nodes { title } } }").await.ok();
    assert_eq!(found["boards"]["nodes"], json!([{ "title": "Plans" }]));
    second.stop().await;
    #[cfg(unix)]
    for file in ["kanban.db", "kanban.db.jwt-secret"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

async fn an_output_that_cannot_be_written_is_an_error() {
    let folder = TempDir::new().unwrap();
    let run = |command: &str, out: Stdio| {
        let run = kanban(folder.path()).arg(command).stdout(out).stderr(Stdio::piped()).spawn();
        let output = run.unwrap().wait_with_output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    for command in ["schema", "migrate"] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let (is_done, err) = run(command, full.into());
        assert!(!is_done && err.contains("its output cannot be written: No space left"), "{err}");
    }
    // Whoever reads only the beginning has closed the pipe.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(run("schema", writer.into()), (true, String::new()));
}

async fn too_much_demo_data_is_refused() {
    let folder = TempDir::new().unwrap();
    for (option, number) in [
        ("--cards", "100000000000000"),
        ("--cards", "18446744073709551615"),
        ("--boards", "18446744073709551615"),
        ("--users", "18446744073709551615"),
        ("--users", "0"),
    ] {
        let mut command = kanban(folder.path());
        let (output, _, err) = output(command.args(["seed", option, number]));
        assert_eq!(output.status.code(), Some(2), "{err}");
        assert!(err.contains(option) && err.contains(" is not in "), "{err}");
    }
}

/// Runs `kanban seed` on the scenario's database.
fn seed(server: &Server, arguments: &[&str]) -> (Output, String, String) {
    let folder = TempDir::new().unwrap();
    let mut command = kanban(folder.path());
    command.env("DATABASE_URL", &server.database_url).env("JWT_SECRET", SECRET);
    command.env("ARGON2_MEMORY_KIB", "8").env("LOG_LEVEL", "warn");
    output(command.arg("seed").args(arguments))
}

async fn demo_data_fills_an_empty_database_only(server: Arc<Server>) {
    let (made, out, err) = seed(&server, &[]);
    assert!(made.status.success(), "{err}");
    assert!(out.contains("7 users, 28 boards and 600 cards"), "{out}");
    let boards = demo_boards(&server).await;
    let all = boards.as_array().unwrap();
    assert_eq!(all.len(), 28);
    let of = |list: &str| {
        all.iter().map(|board| board[list]["totalCount"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(of("cards").iter().sum::<i64>(), 600);
    assert!(of("members").iter().all(|count| (1..=3).contains(count)));
    let cards = all.iter().flat_map(|board| board["cards"]["nodes"].as_array().unwrap());
    let labels: Vec<usize> = cards.map(|card| card["labels"].as_array().unwrap().len()).collect();
    assert!(labels.iter().all(|count| *count <= 4) && labels.contains(&0) && labels.contains(&3));

    let (refused, _, err) = seed(&server, &[]);
    assert!(!refused.status.success() && err.contains("already has users"), "{err}");
    assert_eq!(demo_boards(&server).await, boards);

    // The same seed produces the same data, another seed produces other data.
    assert!(seed(&server, &["--reset"]).0.status.success());
    assert_eq!(without_ids(demo_boards(&server).await), without_ids(boards.clone()));
    assert!(seed(&server, &["--reset", "--seed", "2"]).0.status.success());
    assert_ne!(without_ids(demo_boards(&server).await), without_ids(boards));

    let (more, out, err) =
        seed(&server, &["--append", "--users", "2", "--boards", "3", "--cards", "7"]);
    assert!(more.status.success() && out.contains("2 users, 3 boards and 7 cards"), "{out}{err}");
    assert!(out.contains("Log in as user8@example.com"), "{out}");
    server.log_in("user9", "password").await;
}

/// Demo boards have an ADMIN and a complete history, like other boards.
async fn demo_data_has_a_history(server: Arc<Server>) {
    let (made, _, err) = seed(&server, &["--boards", "3", "--cards", "160"]);
    assert!(made.status.success(), "{err}");
    let query = "{ viewer { name createdAt } deletedBoards { totalCount } boards(first: 10) { nodes { version viewerRole members { edges { role } } activity(first: 200) { totalCount
        nodes { __typename sequence createdAt } } deletedCards { totalCount } cards(first: 200) { totalCount nodes { version rank comments { totalCount } } }
        columns { cards(first: 200) { nodes { rank } } } } } }";
    let (mut seen, mut moves, mut edits, mut deleted_boards) = (0, 0, 0, 0);
    for n in 1..=7 {
        let token = server.log_in(&format!("user{n}"), "password").await;
        let found = server.ask_as(Some(&token), query, json!({})).await.ok();
        assert!(text(&found["viewer"]["name"]).contains(' '), "{}", found["viewer"]);
        let joined = text(&found["viewer"]["createdAt"]);
        deleted_boards += found["deletedBoards"]["totalCount"].as_u64().unwrap();
        for board in found["boards"]["nodes"].as_array().unwrap() {
            seen += 1;
            let roles = column(&board["members"]["edges"], "role");
            assert_eq!(roles[0], "ADMIN");
            assert_eq!(board["activity"]["totalCount"], board["version"]);
            // The trash is empty for a VIEWER.
            if board["viewerRole"] == "VIEWER" {
                continue;
            }
            let cards = board["cards"]["nodes"].as_array().unwrap();
            let of = |kind: &str| {
                let events = board["activity"]["nodes"].as_array().unwrap();
                events.iter().filter(|event| event["__typename"] == kind).count()
            };
            let deleted = board["deletedCards"]["totalCount"].as_u64().unwrap();
            let deleted = usize::try_from(deleted).unwrap();
            assert!(deleted > 0, "the trash is empty");
            assert_eq!(of("CardCreatedEvent"), cards.len() + deleted);
            assert_eq!(of("CardDeletedEvent"), deleted);
            assert_eq!(of("LabelUpdatedEvent"), 3);
            let times = column(&board["activity"]["nodes"], "createdAt");
            assert!(times.is_sorted_by(|one, other| one >= other), "{times:?}");
            assert!(times.iter().all(|time| *time > joined), "people are older than boards");
            moves += of("CardMovedEvent");
            edits += of("CardUpdatedEvent");
            assert_eq!(of("MemberAddedEvent"), roles.len() - 1);
            let comments: i64 =
                cards.iter().map(|card| card["comments"]["totalCount"].as_i64().unwrap()).sum();
            assert!(comments > 0 && usize::try_from(comments).unwrap() == of("CommentAddedEvent"));
            for list in board["columns"].as_array().unwrap() {
                let ranks = column(&list["cards"]["nodes"], "rank");
                assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
            }
        }
    }
    assert!(seen >= 3 && moves > 0 && edits > 0 && deleted_boards > 0);
    // A server that empties the trash keeps them.
    let purged = trash::purge(&server.services, Some(30)).await.unwrap();
    assert_eq!((purged.boards, purged.cards), (0, 0));
}

/// `kanban purge` reports what it has erased.
async fn the_trash_is_emptied_by_hand(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let (board, past) = (ann.board("Plans").await, ann.board("Past").await);
    let ids = ann.cards(&board, 3).await;
    ann.delete_card(&ids[0]).await;
    ann.done("deleteBoard", json!({ "boardId": past }), "deletedBoardId").await;
    let purge = |days: &str| {
        let folder = TempDir::new().unwrap();
        let mut command = kanban(folder.path());
        command.env("DATABASE_URL", &server.database_url).env("JWT_SECRET", SECRET);
        command.env("TRASH_RETENTION_DAYS", days).env("LOG_LEVEL", "warn");
        let (output, out, err) = output(command.arg("purge"));
        assert!(output.status.success(), "{err}");
        out
    };
    assert_eq!(purge("30"), "Erased 0 boards, and 0 cards of other boards.\n");
    server.age_trash(31).await;
    assert_eq!(
        purge("0"),
        "TRASH_RETENTION_DAYS is 0: deleted boards and cards are kept for ever.\n"
    );
    assert_eq!(purge("30"), "Erased 1 boards, and 1 cards of other boards.\n");
    assert_eq!(purge("30"), "Erased 0 boards, and 0 cards of other boards.\n");
    assert_eq!(ann.columns(&board).await[0], ids[1..]);
}

/// All boards of the seven demo users, in order of creation.
async fn demo_boards(server: &Server) -> serde_json::Value {
    let query = "{ boards(first: 30) { nodes { id title description members { totalCount }
        cards(first: 100) { totalCount nodes { title description column labels { color } } } } } }";
    let mut boards = std::collections::BTreeMap::new();
    for n in 1..=7 {
        let token = server.log_in(&format!("user{n}"), "password").await;
        let found = server.ask_as(Some(&token), query, json!({})).await.ok();
        for board in found["boards"]["nodes"].as_array().unwrap() {
            let number: u64 = text(&board["id"]).trim_start_matches("board_").parse().unwrap();
            boards.insert(number, board.clone());
        }
    }
    boards.into_values().collect()
}

fn without_ids(mut boards: serde_json::Value) -> serde_json::Value {
    for board in boards.as_array_mut().unwrap() {
        board.as_object_mut().unwrap().remove("id");
    }
    boards
}

async fn no_secret_gets_into_the_log(server: Arc<Server>) {
    let folder = TempDir::new().unwrap();
    let mut command = kanban(folder.path());
    command.env("DATABASE_URL", &server.database_url).env("JWT_SECRET", SECRET);
    command.env("LOG_LEVEL", "trace").env("LOG_FORMAT", "json");
    let process = Process::start(command).await;
    process.ask("", SIGN_UP).await.ok();
    let token = text(&process.ask("", LOG_IN).await.ok()["logIn"]["accessToken"]);
    let wrong = LOG_IN.replace("hush hush", "hush wrong");
    assert_eq!(process.ask("", &wrong).await.code(), "INVALID_CREDENTIALS");
    process.ask(&token, "{ viewer { email } }").await.ok();
    let change = r#"mutation { updateViewer(input: { currentPassword: "hush hush", password: "hush again" }) { user { id } } }"#;
    process.ask(&token, change).await.ok();
    let url = format!("{}/graphql?token={token}", process.url);
    let _ = reqwest::get(url).await.unwrap();
    let log = process.stop().await;
    assert!(log.contains("/graphql") && log.contains("duration_ms"), "{log}");
    // Password hashes too: as text, and as the list of bytes that debug logging would print.
    let bytes = format!("{:?}", b"$argon2id$").trim_matches(['[', ']']).to_owned();
    for secret in ["hush", SECRET, &token, "$argon2", &bytes] {
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret:?} in the log: {line:?}");
    }
}
