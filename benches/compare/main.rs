//! How fast kanban is, beside handlers that were written by hand for nothing but the job, and beside
//! PostGraphile: `cargo bench --bench compare`.
//!
//! TEST_DATABASE_URL names a server of PostgreSQL on this machine, whose databases it may make and drop;
//! without it, SQLite alone is measured. Node.js and npm bring PostGraphile, without which the table has no
//! column for it. What is named behind `--` (reads, writes, log-in, start, growth) is measured alone.
//!
//! Every contestant has the same rows (`rows.rs`), is asked for the same (`work.rs`) by the same clients
//! (`load.rs`), and its answers are checked before time is taken. In each round one is driven after the
//! other; ratios are taken within a round, and their medians and ranges are what is printed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    clippy::too_many_lines,
    missing_docs,
    unreachable_pub
)]

mod by_hand;
mod contestants;
mod load;
mod report;
mod rows;
#[path = "../support/mod.rs"]
mod support;
mod work;

use std::time::Duration;

use contestants::{Contestant, Field, kanban};
use load::{Length, Next, ask, drive};
use report::{Round, Table};
use rows::Size;
use support::{CpuOfPostgres, Database};
use work::{Boards, CLIENTS, Read, Write, held, repeat, titles, writer};

/// What kanban allocates with, so that it makes no difference.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const ROUNDS: usize = 7;

fn main() {
    let mut args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if args.first().is_some_and(|arg| arg == "by-hand") {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(by_hand::serve(&args.remove(1)));
    }
    // One thread, so that the clients leave as much of the machine as they can.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let wanted = |part: &str| args.is_empty() || args.iter().any(|arg| arg == part);
    runtime.block_on(async {
        let server = std::env::var("TEST_DATABASE_URL").ok();
        if server.is_none() {
            eprintln!("TEST_DATABASE_URL is not set: SQLite alone is measured");
        }
        report::about_the_machine(server.as_deref()).await;
        let mut databases = Vec::new();
        if let Some(server) = &server {
            databases.push(Database::postgres(server, "one").await);
        }
        databases.push(Database::sqlite());
        for database in &databases {
            eprintln!("filling {}", database.name());
            contestants::fill(&database.url, Size::ONE).await;
            if wanted("reads") {
                measure_reads(database).await;
            }
            if wanted("writes") {
                measure_writes(database).await;
            }
            if wanted("log-in") {
                measure_log_in(database).await;
            }
            if wanted("start") {
                measure_start(database).await;
            }
        }
        if let ([postgres, sqlite], true) = (&databases[..], wanted("reads")) {
            measure_databases(postgres, sqlite).await;
        }
        if wanted("growth") {
            for small in &databases {
                eprintln!("filling {} with ten times as much", small.name());
                let large = match &server {
                    Some(server) if small.name() == "PostgreSQL" => {
                        Database::postgres(server, "ten").await
                    }
                    _ => Database::sqlite(),
                };
                contestants::fill(&large.url, Size::TEN).await;
                measure_growth(small, &large).await;
                large.remove().await;
            }
        }
        for database in databases {
            database.remove().await;
        }
    });
}

/// Drives one contestant and takes down what it cost.
async fn take(
    contestant: &Contestant,
    clients: Vec<Next>,
    time: Duration,
    length: Length,
) -> Round {
    let cpu = contestant.process.cpu();
    let postgres = CpuOfPostgres::now();
    let rate = drive(&contestant.process.address, clients, time, length).await;
    let requests = rate * time.as_secs_f64();
    Round {
        rate,
        cpu: contestant.process.cpu().saturating_sub(cpu).as_secs_f64() / requests,
        cpu_of_database: CpuOfPostgres::now().since(&postgres).as_secs_f64() / requests,
    }
}

async fn measure_reads(database: &Database) {
    let field = Field::start(database, true).await;
    let mut table = Table::new(&format!("Reads on {}", database.name()), &field.names());
    for read in work::reads(Size::ONE) {
        let requests = checked(&field, &read).await;
        let mut rounds = field.rounds();
        // The first round fills caches and is not counted.
        for round in 0..=ROUNDS {
            for (contestant, (request, length)) in field.all.iter().zip(&requests) {
                let clients = (0..CLIENTS).map(|_| repeat(request.clone())).collect();
                let time = Duration::from_millis(if round == 0 { 500 } else { 1500 });
                let taken = take(contestant, clients, time, Some(*length)).await;
                if round > 0 {
                    rounds[contestant.place].push(taken);
                }
            }
        }
        table.row(read.name, &rounds);
    }
    table.print();
}

/// The requests for a read, and how long their answers are, after all answers were found to be complete
/// and alike.
async fn checked(field: &Field, read: &Read) -> Vec<(load::Request, usize)> {
    let mut requests = Vec::new();
    let mut first: Option<serde_json::Value> = None;
    for contestant in &field.all {
        let request = contestant.request(read).await;
        let (length, answer) = ask(&contestant.process.address, request.clone()).await;
        assert!(answer.get("errors").is_none(), "{}: {answer}", contestant.name);
        let is_postgraphile = contestant.is_postgraphile();
        let holds = if is_postgraphile { read.postgraphile_holds } else { read.holds };
        assert_eq!(held(&answer), holds, "{}: {}", contestant.name, read.name);
        match &first {
            None => first = Some(without_cursors(answer)),
            Some(first) if is_postgraphile => {
                let sorted = |answer| {
                    let mut titles = titles(answer);
                    titles.sort_unstable();
                    titles
                };
                assert!(read.is_third_page() || sorted(first) == sorted(&answer), "{}", read.name);
            }
            Some(first) => assert_eq!(*first, without_cursors(answer), "{}", read.name),
        }
        requests.push((request, length));
    }
    requests
}

/// Cursors are opaque, and each contestant has its own.
fn without_cursors(mut answer: serde_json::Value) -> serde_json::Value {
    if let Some(cursor) = answer.pointer_mut("/data/board/cards/pageInfo/endCursor") {
        assert!(cursor.is_string());
        *cursor = serde_json::Value::Null;
    }
    answer
}

async fn measure_writes(database: &Database) {
    let field = Field::start(database, false).await;
    let mut table = Table::new(&format!("Writes on {}", database.name()), &field.names());
    for write in Write::ALL {
        for boards in Boards::BOTH {
            let mut rounds = field.rounds();
            for contestant in &field.all {
                check_write(&field, contestant, write, boards.of(0, Size::ONE)).await;
            }
            for round in 0..=ROUNDS {
                for contestant in &field.all {
                    let client = |n| writer(&contestant.asker, write, boards.of(n, Size::ONE));
                    let clients = (0..CLIENTS).map(client).collect();
                    let time = Duration::from_millis(if round == 0 { 300 } else { 1000 });
                    let taken = take(contestant, clients, time, None).await;
                    if round > 0 {
                        rounds[contestant.place].push(taken);
                    }
                }
            }
            table.row(&format!("{}, {}", write.name(), boards.name()), &rounds);
        }
    }
    table.print();
}

/// What a contestant has written is what kanban then shows: the card, the board's version, the event.
async fn check_write(field: &Field, contestant: &Contestant, write: Write, target: (i64, i64)) {
    let kanban = field.kanban();
    let look = async |id: &str| {
        let query = "query($id: ID!, $card: ID!) {
            board(id: $id) { version activity(first: 1) { nodes { sequence } } }
            card(id: $card) { id title column rank version } }";
        let variables = serde_json::json!({ "id": format!("board_{}", target.0), "card": id });
        ask(&kanban.process.address, kanban.asker.graphql(query, &variables)).await.1
    };
    let before = look("card_1").await;
    let request = contestant.asker.write(write, target, 1);
    let (_, answer) = ask(&contestant.process.address, request).await;
    let card = &answer["data"][write.name()]["card"];
    let after = look(card["id"].as_str().unwrap_or_else(|| panic!("{answer}"))).await;
    assert_eq!(after["data"]["card"], *card, "{}: {answer}", contestant.name);
    let version = |answer: &serde_json::Value| answer["data"]["board"]["version"].as_i64().unwrap();
    assert!(version(&after) <= version(&before) + 1, "{}", contestant.name);
    assert_eq!(after["data"]["board"]["activity"]["nodes"][0]["sequence"], version(&after));
}

async fn measure_log_in(database: &Database) {
    let field = Field::start(database, false).await;
    let mut table = Table::new(&format!("Log-in on {}", database.name()), &field.names());
    let mut rounds = field.rounds();
    for round in 0..=ROUNDS {
        for contestant in &field.all {
            let clients = (0..CLIENTS).map(|_| repeat(contestant.asker.log_in())).collect();
            let taken = take(contestant, clients, Duration::from_millis(1500), None).await;
            if round > 0 {
                rounds[contestant.place].push(taken);
            }
        }
    }
    table.row("log-in", &rounds);
    table.print();
}

/// How long it takes to start, and how much memory it has when idle and with 64 clients on the board of
/// 1,000 cards.
async fn measure_start(database: &Database) {
    let (mut starts, mut idle, mut loaded) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let contestant = kanban("kanban", database, &[]).await;
        starts.push(contestant.process.start_up.as_secs_f64() * 1000.0);
        tokio::time::sleep(Duration::from_secs(1)).await;
        idle.push(contestant.process.memory("VmRSS"));
    }
    let reads = work::reads(Size::ONE);
    let whole = reads.iter().find(|read| read.holds.cards == 1000).unwrap();
    for _ in 0..3 {
        let contestant = kanban("kanban", database, &[]).await;
        let request = contestant.request(whole).await;
        let clients = (0..64).map(|_| repeat(request.clone())).collect();
        drive(&contestant.process.address, clients, Duration::from_secs(5), None).await;
        loaded.push(contestant.process.memory("VmHWM"));
    }
    println!("\n### Start and memory on {}\n", database.name());
    println!("- start-up on an existing database: {}", report::figures(&starts, "ms"));
    println!("- memory, idle: {}", report::figures(&idle, "MB"));
    println!(
        "- memory at most, 64 clients on the board of 1,000 cards: {}",
        report::figures(&loaded, "MB")
    );
}

/// What the two databases are to a client.
async fn measure_databases(postgres: &Database, sqlite: &Database) {
    let contestants = [
        (Size::ONE, kanban("PostgreSQL", postgres, &[]).await),
        (Size::ONE, kanban("SQLite", sqlite, &[]).await),
    ];
    let names = ["board: id, title", "whole board of 1,000 cards"];
    measure_beside("SQLite beside PostgreSQL", &contestants, names).await;
}

/// What a point query and a page cost with ten times the boards, cards and members.
async fn measure_growth(small: &Database, large: &Database) {
    let contestants = [
        (Size::ONE, kanban("1,000 boards", small, &[("CACHE_MIB", "0")]).await),
        (Size::TEN, kanban("10,000 boards", large, &[("CACHE_MIB", "0")]).await),
    ];
    let title = format!("Growth on {}, without the cache", small.name());
    let names = ["board: id, title", "third page of 100 of 10,000 cards"];
    measure_beside(&title, &contestants, names).await;
}

/// The reads of these names from two databases.
async fn measure_beside(title: &str, contestants: &[(Size, Contestant); 2], names: [&str; 2]) {
    let mut table = Table::new(title, &[contestants[0].1.name, contestants[1].1.name]);
    for name in names {
        let mut rounds = vec![Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for (place, (size, contestant)) in contestants.iter().enumerate() {
                let reads = work::reads(*size);
                let read = reads.iter().find(|read| read.name == name).unwrap();
                let address = &contestant.process.address;
                let request = contestant.request(read).await;
                let answer = ask(address, request.clone()).await.1;
                assert_eq!(held(&answer), read.holds, "{name}");
                let clients = (0..CLIENTS).map(|_| repeat(request.clone())).collect();
                rounds[place].push(take(contestant, clients, Duration::from_secs(1), None).await);
            }
        }
        table.row(name, &rounds);
    }
    table.print();
}
