//! Bad days of the database: outages of the network, sessions that turn read-only, refused connections.

use std::os::fd::BorrowedFd;
use std::os::unix::fs::FileExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use socket2::SockRef;
use tokio::time::{sleep, timeout};

use super::cli::output;
use crate::support::{
    Answer, Lock, Network, Process, Proxy, Role, SECRET, Server, User, config_with, eventually,
    kanban, postgres, scenarios, text,
};

scenarios![
    connections_have_limits_of_the_kernel,
    a_read_only_session_is_replaced,
    readiness_needs_no_connection_of_the_pool,
    recovers_from_bytes_that_are_held_back,
    recovers_from_lost_bytes,
    locks_from_before_an_outage_are_released,
    recovers_from_resets,
    another_server_takes_over,
    a_server_that_closes_new_connections_is_passed_over,
    the_name_of_a_host_with_an_address_is_not_looked_up,
    connections_are_balanced_if_the_url_says_so,
    a_slow_network_is_only_slow,
    readiness_is_told_in_time_though_a_table_is_locked,
    deadlocks_in_german_are_tried_again,
    a_cancelled_statement_runs_again,
    unavailable_is_503_whatever_the_client_accepts,
    errors_that_may_go_away_are_known_in_any_language,
    a_locked_table_is_unavailable,
    default_isolation_does_not_matter,
    too_few_connections_are_waited_for,
    a_moved_file_is_not_written,
    a_damaged_file_is_not_ready,
    a_damaged_table_makes_the_file_not_ready,
    a_damaged_schema_makes_the_file_not_ready,
    commands_tell_that_a_file_is_damaged,
    a_file_that_cannot_grow_is_unavailable,
    the_log_of_a_file_shrinks,
];

/// The settings of servers behind a proxy.
const LIMITS: [(&str, &str); 3] = [
    ("DATABASE_STATEMENT_SECONDS", "20"),
    ("DATABASE_WAIT_SECONDS", "2"),
    ("DATABASE_POOL_SIZE", "3"),
];

async fn status(server: &Server, path: &str) -> u16 {
    server.http.get(format!("{}{path}", server.url)).send().await.unwrap().status().as_u16()
}

#[allow(unsafe_code)]
async fn connections_have_limits_of_the_kernel(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let proxy = Proxy::to(&server.database_url).await;
    let ann = proxy.user(&server.user("ann").await, &LIMITS).await;
    ann.get("{ viewer { id } }").await;
    let mut found = 0;
    for entry in std::fs::read_dir("/proc/self/fd").unwrap() {
        let fd = entry.unwrap().file_name().to_string_lossy().parse().unwrap();
        // SAFETY: only asks the kernel about a descriptor that may be closed meanwhile, which is an error then.
        let socket = unsafe { BorrowedFd::borrow_raw(fd) };
        let socket = SockRef::from(&socket);
        if socket.peer_addr().ok().and_then(|peer| peer.as_socket()) != Some(proxy.address) {
            continue;
        }
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(5)));
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(10));
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(3));
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 3);
        found += 1;
    }
    assert!(found > 0);
    ann.server.stop().await;
}

/// Sends more requests than there are connections, and then waits for one good response of each kind.
async fn recovers_from(server: &Arc<Server>, network: Network) {
    let near = server.user("ann").await;
    let board = near.board("Plans").await;
    let proxy = Proxy::to(&server.database_url).await;
    let ann = proxy.user(&near, &LIMITS).await;
    let query =
        format!("{{ board(id: {board:?}) {{ labels {{ name }} cards {{ totalCount }} }} }}");
    let input = json!({ "boardId": board, "card": { "title": "x" } });
    for _ in 0..2 {
        // So that all connections are open.
        join_all((0..6).map(|_| ann.ask(&query, json!({})))).await;
        proxy.set(network);
        let reads = join_all((0..4).map(|_| ann.ask(&query, json!({}))));
        // Requests that are under way fail or wait; none may be lost.
        let outage = async {
            eventually!("ready", status(&ann.server, "/readyz").await == 503);
            proxy.set(Network::Up);
        };
        let (reads, ()) = tokio::join!(reads, outage);
        for read in reads {
            assert!(read.body["errors"].is_null() || read.code() == "SERVICE_UNAVAILABLE");
        }
        eventually!("no read succeeds", ann.ask(&query, json!({})).await.body["errors"].is_null());
        eventually!(
            "no write succeeds",
            ann.call("createCard", input.clone(), "card { id }").await.body["errors"].is_null()
        );
        eventually!("not ready", status(&ann.server, "/readyz").await == 200);
    }
    ann.server.stop().await;
}

async fn recovers_from_bytes_that_are_held_back(server: Arc<Server>) {
    if !server.is_sqlite() {
        recovers_from(&server, Network::Frozen).await;
    }
}

async fn recovers_from_lost_bytes(server: Arc<Server>) {
    if !server.is_sqlite() {
        recovers_from(&server, Network::Lost).await;
    }
}

/// A transaction of a client that is gone, which PostgreSQL does not know.
async fn locks_from_before_an_outage_are_released(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let near = server.user("ann").await;
    let board = near.board("Plans").await;
    let proxy = Proxy::to(&server.database_url).await;
    // By itself, PostgreSQL ends the transaction after this time.
    let limits = [("DATABASE_STATEMENT_SECONDS", "30")];
    let ann = proxy.user(&near, &limits).await;
    ann.get("{ viewer { id } }").await;
    // The lock of the board is taken, and its answer is lost.
    proxy.lose_answer_to("FOR NO KEY UPDATE");
    let input = json!({ "boardId": board, "card": { "title": "x" } });
    let write = ann.call("createCard", input.clone(), "card { id }");
    let outage = async {
        let client = postgres(&server).await;
        let idle = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND state = 'idle in transaction'";
        let idle = async || client.query_one(idle, &[]).await.unwrap().get::<_, i64>(0);
        eventually!("no transaction waits", idle().await == 1);
        proxy.set(Network::Lost);
        eventually!("ready", status(&ann.server, "/readyz").await == 503);
        // Until a check has failed: /readyz answers so even while one takes long.
        sleep(Duration::from_secs(5)).await;
        proxy.set(Network::Up);
        let began = Instant::now();
        eventually!("the transaction still waits", idle().await == 0);
        assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    };
    let (write, ()) = tokio::join!(write, outage);
    assert_eq!(write.code(), "SERVICE_UNAVAILABLE", "{}", write.body);
    near.done("createCard", input, "card { id }").await;
    ann.server.stop().await;
}

async fn recovers_from_resets(server: Arc<Server>) {
    if !server.is_sqlite() {
        recovers_from(&server, Network::Reset).await;
    }
}

fn url_of_both(first: &Proxy, second: &Proxy) -> String {
    first.url.replace(&first.address.to_string(), &format!("{},{}", first.address, second.address))
}

/// One URL names both servers.
async fn another_server_takes_over(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let near = server.user("ann").await;
    let board = near.board("Plans").await;
    let first = Proxy::to(&server.database_url).await;
    let second = Proxy::to(&server.database_url).await;
    let url = url_of_both(&first, &second) + "&target_session_attrs=read-write";
    let behind = Server::start_with(config_with(&url, &LIMITS), url.clone()).await;
    let ann = User { server: Arc::new(behind), ..near.clone() };
    let writes = async || {
        let input = json!({ "boardId": board, "card": { "title": "x" } });
        ann.call("createCard", input, "card { id }").await.body["errors"].is_null()
    };
    eventually!("the first is not used", writes().await);
    first.set(Network::Reset);
    eventually!("the second is not used", writes().await);
    // New connections to the first are accepted, but get no response.
    first.set(Network::Lost);
    second.set(Network::Reset);
    eventually!("ready", status(&ann.server, "/readyz").await == 503);
    second.set(Network::Up);
    eventually!("the first is waited for", writes().await);
    ann.server.stop().await;
}

/// It closes them after the first statements.
async fn a_server_that_closes_new_connections_is_passed_over(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let first = Proxy::to(&server.database_url).await;
    let second = Proxy::to(&server.database_url).await;
    first.reset_at("lc_messages");
    let url = url_of_both(&first, &second);
    let behind = Arc::new(Server::start_with(config_with(&url, &LIMITS), url.clone()).await);
    behind.user("ann").await.board("Plans").await;
    behind.stop().await;
    assert!(first.resets() > 0);
}

async fn the_name_of_a_host_with_an_address_is_not_looked_up(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let proxy = Proxy::to(&server.database_url).await;
    let host = proxy.address.ip().to_string();
    let url = format!("{}&hostaddr={host}", proxy.url.replace(&host, "no-such-host.invalid"));
    let behind = Arc::new(Server::start_with(config_with(&url, &[]), url.clone()).await);
    behind.user("ann").await.board("Plans").await;
    behind.stop().await;
}

/// Each server gets some of the connections.
async fn connections_are_balanced_if_the_url_says_so(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let (first, second) =
        (Proxy::to(&server.database_url).await, Proxy::to(&server.database_url).await);
    for (option, balanced) in [("", false), ("&load_balance_hosts=random", true)] {
        let url = url_of_both(&first, &second) + option;
        let before = second.connections();
        // By chance, one start may use the first one only.
        for _ in 0..20 {
            let behind = Arc::new(Server::start_with(config_with(&url, &[]), url.clone()).await);
            assert_eq!(status(&behind, "/readyz").await, 200);
            behind.stop().await;
            if !balanced || second.connections() > before {
                break;
            }
        }
        assert_eq!(second.connections() > before, balanced, "{url}");
    }
    assert!(first.connections() > 0);
}

async fn a_slow_network_is_only_slow(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let near = server.user("ann").await;
    let board = near.board("Plans").await;
    let proxy = Proxy::to(&server.database_url).await;
    proxy.set(Network::Delayed);
    let ann = proxy.user(&near, &[]).await;
    let input = json!({ "boardId": board, "card": { "title": "x" } });
    let creates = (0..6).map(|_| ann.done("createCard", input.clone(), "card { id }"));
    join_all(creates).await;
    let query = format!("{{ board(id: {board:?}) {{ cards {{ totalCount }} }} }}");
    assert_eq!(ann.get(&query).await["board"]["cards"]["totalCount"], 6);
    assert_eq!(status(&ann.server, "/readyz").await, 200);
    ann.server.stop().await;
}

async fn readiness_is_told_in_time_though_a_table_is_locked(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    server.user("ann").await;
    let mut lock = Lock::take(&server).await;
    lock.execute("", "ROLLBACK; BEGIN; LOCK TABLE boards IN ACCESS EXCLUSIVE MODE").await;
    // An answer should take less than two seconds, on a machine that is not busy.
    let ready = async || timeout(Duration::from_secs(20), status(&server, "/readyz")).await;
    eventually!("ready", ready().await.expect("no answer") == 503);
    lock.release().await;
    eventually!("not ready", status(&server, "/readyz").await == 200);
}

/// The role of the server may not choose the language of its errors.
async fn deadlocks_in_german_are_tried_again(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let near = server.user("ann").await;
    let board = near.board("Plans").await;
    let card = near.card(&board, "x").await;
    if let Err(reason) = speak_german(&server).await {
        println!("NOT TESTED: errors of PostgreSQL in German: {reason}");
        return;
    }
    let role = Role::create(&server, "german", 10).await;
    let german = Server::start_with(config_with(&role.url, &[]), role.url.clone()).await;
    let ann = User { server: Arc::new(german), ..near.clone() };
    let mut attempts = 0;
    while !is_victim_of_a_deadlock(&ann, &server, &card, &format!("title {attempts}")).await {
        attempts += 1;
        assert!(attempts < 10, "the mutation is never the victim");
    }
    ann.server.stop().await;
    role.remove(&server).await;
}

/// Sets the language of new sessions.
async fn speak_german(server: &Server) -> Result<(), String> {
    let name = server.database_url.rsplit('/').next().unwrap().split('?').next().unwrap();
    let set = format!("ALTER DATABASE {name} SET lc_messages = 'de_DE.UTF-8'");
    let reason = |error: &tokio_postgres::Error| error.as_db_error().unwrap().message().to_owned();
    postgres(server).await.batch_execute(&set).await.map_err(|error| reason(&error))?;
    let error = postgres(server).await.batch_execute("SELECT 1 / 0").await.unwrap_err();
    let message = reason(&error);
    message.contains("Division durch Null").then_some(()).ok_or(message)
}

/// Changes a card while another transaction, which has locked it, asks for its board. Returns whether PostgreSQL has
/// ended the mutation's transaction, and not the other one, because of the deadlock.
async fn is_victim_of_a_deadlock(ann: &User, server: &Server, card: &str, title: &str) -> bool {
    let (mut other, observer) = (postgres(server).await, postgres(server).await);
    let lock = other.transaction().await.unwrap();
    lock.batch_execute("SELECT id FROM cards FOR UPDATE").await.unwrap();
    let input = json!({ "cardId": card, "title": title });
    let (answer, is_victim) =
        tokio::join!(ann.call("updateCard", input, "card { title }"), async {
            let waiting = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
            eventually!(
                "nobody waits for the card",
                observer.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) > 0
            );
            // The one that has waited for a second first is the victim.
            tokio::time::sleep(Duration::from_millis(300)).await;
            let is_victim = lock.batch_execute("SELECT id FROM boards FOR UPDATE").await.is_ok();
            lock.rollback().await.unwrap();
            is_victim
        });
    assert_eq!(answer.ok()["updateCard"]["card"]["title"], title);
    is_victim
}

/// Runs a statement about the database itself.
async fn alter(server: &Arc<Server>, change: &str) {
    let name = server.database_url.rsplit('/').next().unwrap().split('?').next().unwrap();
    let client = postgres(server).await;
    client.batch_execute("SET default_transaction_read_only = off").await.unwrap();
    client.batch_execute(&format!("ALTER DATABASE {name} {change}")).await.unwrap();
}

async fn a_read_only_session_is_replaced(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let near = server.user("ann").await;
    let board = near.board("Plans").await;
    alter(&server, "SET default_transaction_read_only = on").await;
    // Its sessions stay read-only for as long as they live.
    let ann = User { server: Arc::new(server.another(&LIMITS).await), ..near.clone() };
    let input = json!({ "boardId": board, "card": { "title": "x" } });
    let answer = ann.call("createCard", input.clone(), "card { id }").await;
    assert_eq!(answer.code(), "SERVICE_UNAVAILABLE", "{}", answer.body);
    assert_eq!(status(&ann.server, "/readyz").await, 503);
    // Reads open more sessions.
    let read = format!("{{ board(id: {board:?}) {{ title }} }}");
    join_all((0..20).map(|_| ann.get(&read))).await;
    alter(&server, "RESET default_transaction_read_only").await;
    eventually!("not ready", status(&ann.server, "/readyz").await == 200);
    let write = || ann.call("createCard", input.clone(), "card { id }");
    for answer in join_all((0..20).map(|_| write())).await {
        assert!(answer.body["errors"].is_null(), "{}", answer.body);
    }
    ann.server.stop().await;
}

async fn readiness_needs_no_connection_of_the_pool(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let near = server.user("ann").await;
    let board = near.board("Plans").await;
    let small =
        server.another(&[("DATABASE_POOL_SIZE", "1"), ("DATABASE_WAIT_SECONDS", "5")]).await;
    let ann = User { server: Arc::new(small), ..near.clone() };
    ann.get("{ viewer { id } }").await;
    let mut lock = Lock::take(&server).await;
    let input = json!({ "boardId": board, "card": { "title": "x" } });
    let write = ann.call("createCard", input, "card { id }");
    let (answer, ready) = tokio::join!(write, async {
        lock.wait_for_others(1).await;
        let ready = status(&ann.server, "/readyz").await;
        lock.release().await;
        ready
    });
    assert_eq!(ready, 200);
    assert!(answer.body["errors"].is_null(), "{}", answer.body);
    ann.server.stop().await;
}

async fn a_cancelled_statement_runs_again(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let (lock, other) = (Lock::take(&server).await, postgres(&server).await);
    let input = json!({ "boardId": board, "card": { "title": "x" } });
    let write = ann.call("createCard", input, "card { id }");
    let cancel = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let (answer, ()) = tokio::join!(write, async {
        eventually!(
            "nobody waits for the lock",
            other.query_one(cancel, &[]).await.unwrap().get::<_, i64>(0) > 0
        );
        lock.release().await;
    });
    assert!(answer.body["errors"].is_null(), "{}", answer.body);
    assert_eq!(server.count("cards").await, 1);
}

async fn default_isolation_does_not_matter(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let near = server.user("ann").await;
    for isolation in ["repeatable read", "serializable"] {
        alter(&server, &format!("SET default_transaction_isolation = '{isolation}'")).await;
        let board = near.board("Plans").await;
        // 120 at once wait longer on a machine that is busy.
        let patient = server.another(&[("DATABASE_WAIT_SECONDS", "60")]).await;
        let ann = User { server: Arc::new(patient), ..near.clone() };
        let cards = ann.cards(&board, 120).await;
        let moves = cards.iter().map(|card| {
            let input = json!({ "cardId": card, "column": "DOING" });
            ann.call("moveCard", input, "card { id }")
        });
        for answer in join_all(moves).await {
            assert!(answer.body["errors"].is_null(), "{isolation}: {}", answer.body);
        }
        ann.server.stop().await;
    }
}

async fn too_few_connections_are_waited_for(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let near = server.user("ann").await;
    let board = near.board("Plans").await;
    // Limits do not apply to superusers. A role that owns nothing can start the server, as nothing is to be migrated.
    let role = Role::create(&server, "few", 3).await;
    let config = config_with(&role.url, &[("DATABASE_POOL_SIZE", "10")]);
    let limited = Server::start_with(config, role.url.clone()).await;
    let ann = User { server: Arc::new(limited), ..near.clone() };
    let creates = (0..20).map(|number| {
        let input = json!({ "boardId": board, "card": { "title": format!("{number}") } });
        ann.call("createCard", input, "card { id }")
    });
    for answer in join_all(creates).await {
        assert!(answer.body["errors"].is_null(), "{}", answer.body);
    }
    ann.server.stop().await;
    role.remove(&server).await;
}

fn file(server: &Server) -> String {
    server.database_url.strip_prefix("sqlite://").unwrap().to_owned()
}

async fn a_moved_file_is_not_written(server: Arc<Server>) {
    if !server.is_sqlite() {
        return;
    }
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    assert_eq!(status(&server, "/readyz").await, 200);
    let (path, moved) = (file(&server), format!("{}.moved", file(&server)));
    std::fs::rename(&path, &moved).unwrap();
    let input = json!({ "boardId": board, "card": { "title": "x" } });
    let answer = ann.call("createCard", input.clone(), "card { id }").await;
    assert_eq!(answer.code(), "SERVICE_UNAVAILABLE", "{}", answer.body);
    assert_eq!(status(&server, "/readyz").await, 503);
    assert!(!std::fs::exists(&path).unwrap(), "the file was created again");
    std::fs::rename(&moved, &path).unwrap();
    ann.done("createCard", input, "card { id }").await;
    assert_eq!(status(&server, "/readyz").await, 200);
}

/// The size of a page of a file.
const PAGE: u64 = 4096;

/// A user with a board of 50 cards, all of which is in the file and not in its log.
async fn board_in_the_file(server: &Arc<Server>) -> (User, String) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    ann.cards(&board, 50).await;
    server.execute("PRAGMA wal_checkpoint(TRUNCATE)", "").await;
    (ann, board)
}

/// Overwrites so many pages, from this one on.
fn damage(path: &str, first: u64, pages: u64) {
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    let bytes = vec![0xff; usize::try_from(pages * PAGE).unwrap()];
    file.write_all_at(&bytes, first * PAGE).unwrap();
}

async fn a_damaged_file_is_not_ready(server: Arc<Server>) {
    if !server.is_sqlite() {
        return;
    }
    board_in_the_file(&server).await;
    // All pages but the first, which has the schema.
    let path = file(&server);
    let pages = std::fs::metadata(&path).unwrap().len() / PAGE;
    damage(&path, 1, pages - 1);
    for _ in 0..2 {
        assert_eq!(status(&server, "/readyz").await, 503);
    }
}

async fn a_damaged_table_makes_the_file_not_ready(server: Arc<Server>) {
    if !server.is_sqlite() {
        return;
    }
    let (ann, board) = board_in_the_file(&server).await;
    let path = file(&server);
    let page: i64 = {
        let conn = rusqlite::Connection::open(&path).unwrap();
        let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'cards'";
        conn.query_row(root, [], |row| row.get(0)).unwrap()
    };
    damage(&path, u64::try_from(page - 1).unwrap(), 1);
    let other = Arc::new(server.another(&[]).await);
    // Readiness reads another table.
    assert_eq!(status(&other, "/readyz").await, 200);
    let ann = User { server: other, ..ann };
    let query = format!("{{ board(id: {board:?}) {{ cards {{ nodes {{ title }} }} }} }}");
    for _ in 0..2 {
        assert_eq!(ann.ask(&query, json!({})).await.code(), "SERVICE_UNAVAILABLE");
        assert_eq!(status(&ann.server, "/readyz").await, 503);
    }
    ann.server.stop().await;
}

/// Each connection reads the schema again after it has changed, and finds a table that it cannot read.
async fn a_damaged_schema_makes_the_file_not_ready(server: Arc<Server>) {
    if !server.is_sqlite() {
        return;
    }
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let conn = rusqlite::Connection::open(file(&server)).unwrap();
    let damage = "PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = 'CREATE TABLE cards(' WHERE name = 'cards';
        PRAGMA schema_version = 1000";
    conn.execute_batch(damage).unwrap();
    let query = format!("{{ board(id: {board:?}) {{ cards {{ nodes {{ title }} }} }} }}");
    for _ in 0..2 {
        assert_eq!(ann.ask(&query, json!({})).await.code(), "SERVICE_UNAVAILABLE");
        assert_eq!(status(&server, "/readyz").await, 503);
    }
}

/// And not that it is no database of this program.
async fn commands_tell_that_a_file_is_damaged(server: Arc<Server>) {
    if !server.is_sqlite() {
        return;
    }
    board_in_the_file(&server).await;
    let path = file(&server);
    let pages: Vec<i64> = {
        let conn = rusqlite::Connection::open(&path).unwrap();
        let roots =
            "SELECT rootpage FROM sqlite_schema WHERE tbl_name = '__diesel_schema_migrations'";
        let mut roots = conn.prepare(roots).unwrap();
        roots.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    for page in pages {
        damage(&path, u64::try_from(page - 1).unwrap(), 1);
    }
    let folder = tempfile::TempDir::new().unwrap();
    for command in [&["user", "list"][..], &["end-sessions"], &["purge"], &["migrate"]] {
        let mut program = kanban(folder.path());
        program.env("DATABASE_URL", &server.database_url).args(command);
        let (_, _, told) = output(&mut program);
        assert!(told.contains("database disk image is malformed"), "{command:?}: {told}");
    }
}

/// Writes fail with an I/O error, as on some full disks.
async fn a_file_that_cannot_grow_is_unavailable(server: Arc<Server>) {
    if !server.is_sqlite() {
        return;
    }
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let folder = tempfile::TempDir::new().unwrap();
    let settings = [("DATABASE_URL", &*server.database_url), ("JWT_SECRET", SECRET)];
    let limited = Process::start(with_file_limit(kanban(folder.path()).envs(settings), 4096)).await;
    let limited_ann = User { server: Arc::new(server.at(&limited.url)), ..ann.clone() };
    let card = json!({ "title": "x", "description": "x".repeat(20_000) });
    let input = json!({ "boardId": board, "cards": vec![card; 20] });
    let mut stored = 0;
    let refused = loop {
        let answer = limited_ann.call("createCards", input.clone(), "cards { id }").await;
        if !answer.body["errors"].is_null() {
            break answer;
        }
        stored += 20;
        assert!(stored < 1000, "the limit has no effect");
    };
    assert!(stored > 0, "nothing was stored");
    assert_eq!(refused.code(), "SERVICE_UNAVAILABLE", "{}", refused.body);
    let query = format!("{{ board(id: {board:?}) {{ cards {{ totalCount }} }} }}");
    assert_eq!(limited_ann.get(&query).await["board"]["cards"]["totalCount"], stored);
    limited.stop().await;
    // Nothing was lost, and nothing is half done.
    assert_eq!(ann.get(&query).await["board"]["cards"]["totalCount"], stored);
    ann.done("createCards", input, "cards { id }").await;
}

/// The command with a limit on the size of files, in blocks of 512 bytes. Its signal is ignored, so that writes fail.
fn with_file_limit(command: &Command, blocks: u32) -> Command {
    let mut limited = Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\"");
    limited.arg("-c").arg(script).arg(command.get_program()).env_clear();
    limited.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    limited.current_dir(command.get_current_dir().unwrap()).stdin(Stdio::null());
    limited
}

async fn the_log_of_a_file_shrinks(server: Arc<Server>) {
    if !server.is_sqlite() {
        return;
    }
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let log = format!("{}-wal", file(&server));
    let size = || std::fs::metadata(&log).unwrap().len();
    {
        // A reader keeps the log from starting again at its beginning.
        let reader = rusqlite::Connection::open(file(&server)).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM boards").unwrap();
        let card = json!({ "title": "x", "description": "x".repeat(20_000) });
        let mut count = 0;
        while size() < 24 << 20 {
            let input = json!({ "boardId": board, "cards": vec![card.clone(); 50] });
            let made = ann.done("createCards", input, "cards { id }").await;
            assert!(!text(&made["cards"][0]["id"]).is_empty());
            count += 1;
            assert!(count < 100, "the log has {} bytes", size());
        }
        reader.execute_batch("COMMIT").unwrap();
    }
    for _ in 0..3 {
        ann.card(&board, "y").await;
    }
    assert!(size() <= 16 << 20, "the log has {} bytes", size());
}

/// SQLSTATEs of PostgreSQL that are no defects: a full disk, an I/O error, too little memory, a deadlock, a lock that is not
/// available, a cancelled statement. Their messages depend on the language of the server.
const PASSING: [&str; 6] = ["53100", "58030", "53200", "40P01", "55P03", "57014"];

async fn unavailable_is_503_whatever_the_client_accepts(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let proxy = Proxy::to(&server.database_url).await;
    let ann = proxy.user(&server.user("ann").await, &LIMITS).await;
    proxy.set(Network::Reset);
    let body = json!({ "query": "{ viewer { id } }" });
    for accept in
        ["application/json", "application/graphql-response+json", "*/*", "text/event-stream"]
    {
        let request = ann.server.http.post(format!("{}/graphql", ann.server.url)).json(&body);
        let request = request.bearer_auth(&ann.token).header("accept", accept);
        let answer = Answer::of(request.send().await.unwrap()).await;
        // An event stream has begun by then.
        let status = if accept == "text/event-stream" { 200 } else { 503 };
        assert_eq!(answer.status, status, "{accept}");
        assert!(answer.body.to_string().contains("SERVICE_UNAVAILABLE"), "{accept}");
    }
    ann.server.stop().await;
}

/// Somebody changes a table. A new connection waits for its lock while PostgreSQL parses the statement.
async fn a_locked_table_is_unavailable(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let limits = [("DATABASE_WAIT_SECONDS", "1"), ("HTTP_REQUEST_SECONDS", "20")];
    let strict = Arc::new(server.another(&limits).await);
    let other = User { server: strict, id: ann.id.clone(), token: ann.token.clone() };
    other.get("{ viewer { id } }").await;
    let mut lock = Lock::take(&server).await;
    lock.execute("", "ROLLBACK; BEGIN; LOCK TABLE cards IN ACCESS EXCLUSIVE MODE").await;
    let query = format!("{{ board(id: {board:?}) {{ cards {{ totalCount }} }} }}");
    assert_eq!(other.ask(&query, json!({})).await.code(), "SERVICE_UNAVAILABLE");
    let input = json!({ "boardId": board, "card": { "title": "x" } });
    let write = other.call("createCard", input, "card { id }").await;
    assert_eq!(write.code(), "SERVICE_UNAVAILABLE");
    lock.release().await;
    assert_eq!(other.get(&query).await["board"]["cards"]["totalCount"], 0);
    other.server.stop().await;
}

async fn errors_that_may_go_away_are_known_in_any_language(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let client = postgres(&server).await;
    for (index, code) in PASSING.into_iter().enumerate() {
        // The numbers of a sequence are not rolled back.
        let fail = |times: u32| {
            format!(
                "DROP SEQUENCE IF EXISTS tries CASCADE; CREATE SEQUENCE tries;
                CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    IF nextval('tries') <= {times} THEN
                        RAISE EXCEPTION 'Vorgang nicht möglich' USING ERRCODE = '{code}';
                    END IF; RETURN NEW; END $$;
                CREATE OR REPLACE TRIGGER fail BEFORE INSERT ON cards
                    FOR EACH ROW EXECUTE FUNCTION fail()"
            )
        };
        let input = json!({ "boardId": board, "card": { "title": "x" } });
        client.batch_execute(&fail(2)).await.unwrap();
        ann.done("createCard", input.clone(), "card { id }").await;
        client.batch_execute(&fail(1000)).await.unwrap();
        let answer = ann.call("createCard", input, "card { id }").await;
        assert_eq!(answer.code(), "SERVICE_UNAVAILABLE", "{code}: {}", answer.body);
        assert!(answer.body["errors"][0]["extensions"]["outcome"].is_null(), "{code}");
        assert_eq!(ann.version(&board).await, i64::try_from(index).unwrap() + 2);
    }
}
