//! Subscriptions under load: `cargo bench --bench live`.
//!
//! TEST_DATABASE_URL names a local PostgreSQL server and a role that may create databases; they are dropped at the end.
//! Without it, everything runs on SQLite, and there are no two instances. Arguments after `--` (idle, spread, board, slow,
//! instances) select the parts.
//!
//! The time of a delivery is the time from `createdAt` of the event, which is before its commit, to the arrival at the
//! client. "By hand" is a broadcast of prepared JSON over axum's WebSockets (`by_hand.rs`). Clients, server and database
//! share the machine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::unchecked_time_subtraction,
    missing_docs,
    unreachable_pub
)]

mod by_hand;
mod client;
mod followers;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "other benches use the rest")]
mod support;

use std::process::Command;
use std::time::Duration;

use client::Client;
use followers::Followers;
use support::{Database, Process};
use tokio::time::{interval, sleep};

/// The allocator of kanban, so that it makes no difference.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const SETTINGS: [(&str, &str); 5] = [
    ("RATE_LIMIT", "off"),
    ("ARGON2_MEMORY_KIB", "8"),
    ("LIVE_MAX_STREAMS", "20000"),
    ("LIVE_MAX_STREAMS_PER_ADDRESS", "20000"),
    ("LIVE_MAX_STREAMS_PER_USER", "20000"),
];

/// How long each part is measured.
const TIME: Duration = Duration::from_secs(15);

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    if args.first().is_some_and(|arg| arg == "by-hand") {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(by_hand::serve());
    }
    let wanted = |part: &str| args.is_empty() || args.iter().any(|arg| arg == part);
    runtime.block_on(async {
        let server = std::env::var("TEST_DATABASE_URL").ok();
        let database = match &server {
            Some(server) => Database::postgres(server, "live").await,
            None => Database::sqlite(),
        };
        println!("On {}.", database.name());
        let process = Process::kanban(&database.url, &SETTINGS);
        let client = Client::sign_up(&process.address).await;
        if wanted("idle") {
            idle(&process, &client).await;
        }
        if wanted("spread") {
            spread(&process, &client).await;
        }
        if wanted("board") {
            one_board(&process, &client).await;
        }
        if wanted("slow") {
            slow_readers(&process, &client).await;
        }
        if wanted("instances") && server.is_some() {
            two_instances(&database, &client).await;
        }
    });
}

/// 10,000 subscribers of 1,000 boards who get nothing.
async fn idle(process: &Process, client: &Client) {
    let boards = client.boards(1000).await;
    let before = process.memory("VmRSS");
    let followers = Followers::default();
    followers.add(&process.address, client, &boards, 10).await;
    sleep(Duration::from_secs(5)).await;
    let (cpu, after) = (process.cpu(), process.memory("VmRSS"));
    sleep(Duration::from_secs(10)).await;
    let cpu = (process.cpu() - cpu).as_secs_f64() / 10.0;
    println!(
        "\nidle: 10,000 subscribers on 1,000 boards: {:.0} MB more than {before:.0} MB, {:.1} KiB each, {:.1} % of a core",
        after - before,
        (after - before) * 1e6 / 1024.0 / 10_000.0,
        cpu * 100.0
    );
}

/// 1,000 boards with 10 subscribers each, 200 changes a second.
async fn spread(process: &Process, client: &Client) {
    let boards = client.boards(1000).await;
    let followers = Followers::default();
    followers.add(&process.address, client, &boards, 10).await;
    let cpu = process.cpu();
    let own = support::own_cpu();
    let changes = change(client, &boards, 200).await;
    println!("\nspread: 1,000 boards with 10 subscribers each, 200 changes a second");
    followers.report(changes * 10, process.cpu() - cpu, support::own_cpu() - own).await;
}

/// One board with 1,000 subscribers, 10 changes a second, and the same by hand.
async fn one_board(process: &Process, client: &Client) {
    for round in 1..=3 {
        let boards = client.boards(1).await;
        let followers = Followers::default();
        followers.add(&process.address, client, &boards, 1000).await;
        let (cpu, own) = (process.cpu(), support::own_cpu());
        let changes = change(client, &boards, 10).await;
        println!("\nboard, round {round}: one board with 1,000 subscribers, 10 changes a second");
        let ours =
            followers.report(changes * 1000, process.cpu() - cpu, support::own_cpu() - own).await;
        drop(followers);

        let mut command = Command::new(std::env::current_exe().unwrap());
        let by_hand = Process::start(command.arg("by-hand"));
        let followers = Followers::default();
        followers.add(&by_hand.address, client, &boards, 1000).await;
        let (cpu, own) = (by_hand.cpu(), support::own_cpu());
        let changes = by_hand::change(&by_hand.address, TIME, 10).await;
        println!("the same by hand");
        let hand =
            followers.report(changes * 1000, by_hand.cpu() - cpu, support::own_cpu() - own).await;
        println!("deliveries per CPU second, kanban ÷ by hand: {:.2}", ours / hand);
    }
}

/// 100 subscribers who do not read, beside 100 who do.
async fn slow_readers(process: &Process, client: &Client) {
    for slow in [0, 100] {
        let boards = client.boards(1).await;
        let silent = Followers::silent();
        silent.add(&process.address, client, &boards, slow).await;
        let followers = Followers::default();
        followers.add(&process.address, client, &boards, 100).await;
        let (cpu, own) = (process.cpu(), support::own_cpu());
        let changes = change(client, &boards, 100).await;
        println!(
            "\nslow: one board, 100 subscribers, and {slow} that do not read, 100 changes a second"
        );
        followers.report(changes * 100, process.cpu() - cpu, support::own_cpu() - own).await;
    }
}

/// Subscribers of one instance, while another one makes the changes.
async fn two_instances(database: &Database, client: &Client) {
    let other = Process::kanban(&database.url, &SETTINGS);
    let boards = client.boards(100).await;
    let followers = Followers::default();
    followers.add(&other.address, client, &boards, 10).await;
    let (cpu, own) = (other.cpu(), support::own_cpu());
    let changes = change(client, &boards, 100).await;
    println!(
        "\ninstances: 100 boards with 10 subscribers each on one instance, 100 changes a second on another one"
    );
    followers.report(changes * 10, other.cpu() - cpu, support::own_cpu() - own).await;
}

/// Changes the boards in turn; returns how many changes were made.
async fn change(client: &Client, boards: &[client::Board], per_second: u32) -> usize {
    let mut ticks = interval(Duration::from_secs(1) / per_second);
    let count = (TIME.as_secs_f64() * f64::from(per_second)) as usize;
    let mut requests = tokio::task::JoinSet::new();
    for n in 0..count {
        ticks.tick().await;
        let (client, board) = (client.clone(), boards[n % boards.len()].clone());
        requests.spawn(async move { client.rename(&board, n).await });
    }
    while let Some(done) = requests.join_next().await {
        done.unwrap();
    }
    count
}
