//! The throughput of kanban, compared with hand-written handlers for exactly these requests and with
//! PostGraphile: `cargo bench --bench compare`.
//!
//! TEST_DATABASE_URL names a local PostgreSQL server and a role that may create databases; they are
//! dropped at the end. Without it, only SQLite is measured. PostGraphile is installed with Node.js and
//! npm; without them it has no column. Arguments after `--` (reads, writes, log-in, start, growth)
//! select the parts to measure. `-- against PROGRAM` compares this build, with its metrics on, only with
//! another build.
//!
//! All contestants have the same rows (`rows.rs`) and get the same requests (`work.rs`) from the same
//! clients (`load.rs`). Their responses are checked before the measurement. In each round, the
//! contestants are driven one after the other in random order. Ratios are computed within a round;
//! their median and range are printed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    missing_docs,
    unreachable_pub
)]

mod by_hand;
mod contestants;
mod load;
mod report;
mod rows;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "other benches use the rest")]
mod support;
mod work;

use std::collections::BTreeMap;
use std::time::Duration;

use contestants::{Contestant, kanban, kanban_of};
use load::{Length, Next, ask, drive};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use report::{Round, Table};
use rows::Size;
use support::{CpuOfPostgres, Database, KANBAN};
use work::{Asker, Boards, CLIENTS, Read, Write, held, reader_and_writer, repeat, values, writer};

/// The allocator of kanban, so that it makes no difference.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Many short rounds: the machine's speed changes from minute to minute, but less within a round.
const ROUNDS: usize = 11;

/// Two builds differ by a few percent only, so their ratio needs more rounds.
const ROUNDS_OF_BUILDS: usize = 31;

/// How long a contestant is driven in each round.
const TIME: Duration = Duration::from_secs(1);

fn main() {
    let mut args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if args.first().is_some_and(|arg| arg == "by-hand") {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(by_hand::serve(&args.remove(1)));
    }
    // One thread, so that the clients use as little of the machine as possible.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let other = args.iter().position(|arg| arg == "against").map(|at| args[at + 1].clone());
    let wanted = |part: &str| args.is_empty() || args.iter().any(|arg| arg == part);
    runtime.block_on(async {
        let server = std::env::var("TEST_DATABASE_URL").ok();
        if server.is_none() {
            eprintln!("TEST_DATABASE_URL is not set, so only SQLite is measured");
        }
        report::about_the_machine(server.as_deref()).await;
        let mut databases = Vec::new();
        if let Some(server) = &server {
            databases.push(Database::postgres(server, "one").await);
        }
        databases.push(Database::sqlite());
        for database in &databases {
            eprintln!("filling {}", database.name());
            contestants::fill(KANBAN, &database.url, Size::ONE).await;
            if let Some(other) = &other {
                measure_builds(database, other).await;
            }
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
                eprintln!("filling {} with ten times the rows", small.name());
                let large = small.another("ten").await;
                contestants::fill(KANBAN, &large.url, Size::TEN).await;
                measure_growth(small, &large).await;
            }
        }
    });
}

/// Drives the contestants one after the other and returns the cost of each round. `clients` makes the
/// clients of the contestant at an index. A short first round fills caches and is not counted. The
/// order of each round is random, with a fixed seed, so that no contestant always follows the same
/// other one.
async fn drive_all(
    contestants: &[Contestant],
    clients: impl Fn(usize) -> (Vec<Next>, Length),
) -> Vec<Vec<Round>> {
    drive_rounds(ROUNDS, contestants, clients).await
}

/// The same with another number of rounds.
async fn drive_rounds(
    number: usize,
    contestants: &[Contestant],
    clients: impl Fn(usize) -> (Vec<Next>, Length),
) -> Vec<Vec<Round>> {
    let mut rounds: Vec<Vec<Round>> = contestants.iter().map(|_| Vec::new()).collect();
    let mut places: Vec<usize> = (0..contestants.len()).collect();
    let mut lots = StdRng::seed_from_u64(1);
    for round in 0..=number {
        places.shuffle(&mut lots);
        for &place in &places {
            let (clients, length) = clients(place);
            let time = if round == 0 { TIME / 2 } else { TIME };
            let taken = take(&contestants[place], clients, time, length).await;
            if round > 0 {
                rounds[place].push(taken);
            }
        }
    }
    rounds
}

async fn take(
    contestant: &Contestant,
    clients: Vec<Next>,
    time: Duration,
    length: Length,
) -> Round {
    let cpu = contestant.process.cpu();
    let postgres = CpuOfPostgres::now();
    let (requests, time) = drive(&contestant.process.address, clients, time, length).await;
    Round {
        rate: requests / time.as_secs_f64(),
        cpu: contestant.process.cpu().saturating_sub(cpu).as_secs_f64() / requests,
        cpu_of_database: CpuOfPostgres::now().since(&postgres).as_secs_f64() / requests,
    }
}

/// Eight clients.
fn eight(client: impl Fn(i64) -> Next) -> Vec<Next> {
    (0..CLIENTS).map(client).collect()
}

/// Eight clients that repeat the same request.
fn readers((request, length): &(load::Request, usize)) -> (Vec<Next>, Length) {
    (eight(|_| repeat(request.clone())), Some(*length))
}

/// Eight clients that write.
fn writers(asker: &Asker, write: Write, boards: Boards) -> (Vec<Next>, Length) {
    (eight(|n| writer(asker, write, boards.of(n, Size::ONE))), None)
}

async fn measure_reads(database: &Database) {
    let contestants = contestants::start(database, true).await;
    let mut table = table(&format!("Reads on {}", database.name()), &contestants);
    for read in work::reads(Size::ONE) {
        let requests = checked(&contestants, &read).await;
        let rounds = drive_all(&contestants, |place| readers(&requests[place])).await;
        table.row(read.name, &rounds);
    }
    table.print();
    measure_changing_board(database, &contestants[..3]).await;
}

/// Each of eight clients reads a board nine times and then changes it, so that cached contents are soon
/// invalid.
async fn measure_changing_board(database: &Database, contestants: &[Contestant]) {
    let title = format!("Reads and writes on {}", database.name());
    let mut table = table(&title, contestants);
    let whole = work::reads(Size::ONE).into_iter().find(|read| read.holds.cards == 200).unwrap();
    let requests = checked(contestants, &whole).await;
    let clients = |place: usize| {
        let asker = &contestants[place].asker;
        (eight(|n| reader_and_writer(&requests[place].0, asker, n, Size::ONE)), None)
    };
    let rounds = drive_all(contestants, clients).await;
    table.row("whole board of 200 cards, changed by every tenth request", &rounds);
    table.print();
}

/// All ratios are relative to "by hand", the first contestant; PostGraphile's is that of kanban, the
/// second, to PostGraphile.
fn table(title: &str, contestants: &[Contestant]) -> Table {
    let names: Vec<_> = contestants.iter().map(|contestant| contestant.name).collect();
    let ratio =
        |place: usize| if contestants[place].is_postgraphile() { (1, place) } else { (place, 0) };
    Table::new(title, &names, (1..contestants.len()).map(ratio).collect())
}

/// The requests for a read, and the lengths of their responses, after the responses have been checked
/// for completeness and equality.
async fn checked(contestants: &[Contestant], read: &Read) -> Vec<(load::Request, usize)> {
    let mut requests = Vec::new();
    let mut first: Option<serde_json::Value> = None;
    for contestant in contestants {
        let request = contestant.request(read).await;
        let (length, answer) = ask(&contestant.process.address, request.clone()).await;
        assert!(answer.get("errors").is_none(), "{}: {answer}", contestant.name);
        let is_postgraphile = contestant.is_postgraphile();
        let holds = if is_postgraphile { read.postgraphile_holds } else { read.holds };
        assert_eq!(held(&answer), holds, "{}: {}", contestant.name, read.name);
        match &first {
            None => first = Some(without_cursors(answer)),
            // PostGraphile sorts cards by creation time, so its third page has other cards.
            Some(_) if is_postgraphile && read.is_third_page() => {}
            Some(first) if is_postgraphile => {
                assert_eq!(values(first), values(&answer), "{}", read.name);
            }
            Some(first) => assert_eq!(*first, without_cursors(answer), "{}", read.name),
        }
        requests.push((request, length));
    }
    requests
}

/// Cursors are opaque and differ between contestants.
fn without_cursors(mut answer: serde_json::Value) -> serde_json::Value {
    if let Some(cursor) = answer.pointer_mut("/data/board/cards/pageInfo/endCursor") {
        assert!(cursor.is_string());
        *cursor = serde_json::Value::Null;
    }
    answer
}

async fn measure_writes(database: &Database) {
    let contestants = contestants::start(database, false).await;
    let mut table = table(&format!("Writes on {}", database.name()), &contestants);
    for write in Write::ALL {
        for boards in Boards::BOTH {
            check_writes(&contestants, write, boards.of(0, Size::ONE)).await;
            let clients = |place: usize| writers(&contestants[place].asker, write, boards);
            let rounds = drive_all(&contestants, clients).await;
            table.row(&format!("{}, {}", write.name(), boards.name()), &rounds);
        }
    }
    table.print();
}

/// Checks with kanban what each contestant has written: the card, the board's version and the event.
async fn check_writes(contestants: &[Contestant], write: Write, target: (i64, i64)) {
    let kanban = &contestants[1];
    let look = async |id: &str| {
        let query = "query($id: ID!, $card: ID!) {
            board(id: $id) { version activity(first: 1) { nodes { __typename sequence } } }
            card(id: $card) { id title column rank version description labels { color } } }";
        let variables = serde_json::json!({ "id": format!("board_{}", target.0), "card": id });
        let request = kanban.asker.graphql(query, &variables);
        ask(&kanban.process.address, request).await.1["data"].take()
    };
    for (turn, contestant) in (0..).zip(contestants) {
        let before = look(&format!("card_{}", target.1)).await;
        let request = contestant.asker.write(write, target, turn);
        let (_, answer) = ask(&contestant.process.address, request).await;
        let card = answer["data"][write.name()]["card"].as_object();
        let card = card.unwrap_or_else(|| panic!("{}: {answer}", contestant.name));
        let after = look(card["id"].as_str().unwrap()).await;
        for (field, value) in card {
            assert_eq!(after["card"][field], *value, "{}: {answer}", contestant.name);
        }
        let texts = ["description", "labels"].map(|field| after["card"][field].clone());
        match write {
            Write::Create => assert_eq!(texts, work::made(), "{}", contestant.name),
            _ => assert_eq!(
                texts,
                ["description", "labels"].map(|field| before["card"][field].clone())
            ),
        }
        let version = before["board"]["version"].as_i64().unwrap() + 1;
        assert_eq!(after["board"]["version"], version, "{}", contestant.name);
        let event = serde_json::json!({ "__typename": write.event(), "sequence": version });
        assert_eq!(after["board"]["activity"]["nodes"][0], event, "{}", contestant.name);
    }
}

/// Compares this build, with its metrics on, with another build, which has a database of its own.
async fn measure_builds(database: &Database, other: &str) {
    let metrics = [("METRICS_ADDR", "127.0.0.1:0")];
    let others = database.another("other").await;
    contestants::fill(other, &others.url, Size::ONE).await;
    let contestants = [
        kanban_of(other, "the other build", &others, &[]).await,
        kanban("this build", database, &metrics).await,
    ];
    let mut table = report::Pairs::new(&format!("This build ÷ the other on {}", database.name()));
    for read in work::reads(Size::ONE) {
        let requests = checked(&contestants, &read).await;
        let clients = |place: usize| readers(&requests[place]);
        let rounds = drive_rounds(ROUNDS_OF_BUILDS, &contestants, clients).await;
        table.row(read.name, &rounds[1], &rounds[0]);
    }
    for write in Write::ALL {
        let clients = |place: usize| writers(&contestants[place].asker, write, Boards::Eight);
        let rounds = drive_rounds(ROUNDS_OF_BUILDS, &contestants, clients).await;
        table.row(write.name(), &rounds[1], &rounds[0]);
    }
    table.print();
}

/// Checks that each contestant accepts the access token that it issues.
async fn check_log_in(contestants: &[Contestant]) {
    let read = &work::reads(Size::ONE)[0];
    for Contestant { name, process, asker } in contestants {
        let (_, answer) = ask(&process.address, asker.log_in()).await;
        let token = |kind| answer["data"]["logIn"][kind].as_str();
        assert!(token("refreshToken").is_some_and(|token| token.len() >= 43), "{name}: {answer}");
        let asker = Asker { token: token("accessToken").unwrap().into(), ..*asker };
        let (_, answer) = ask(&process.address, asker.read(read, None)).await;
        assert_eq!(held(&answer), read.holds, "{name}: {answer}");
    }
}

async fn measure_log_in(database: &Database) {
    let contestants = contestants::start(database, false).await;
    check_log_in(&contestants).await;
    let mut table = table(&format!("Log-in on {}", database.name()), &contestants);
    let clients = |place: usize| {
        let request = contestants[place].asker.log_in();
        (eight(|_| repeat(request.clone())), None)
    };
    let rounds = drive_all(&contestants, clients).await;
    table.row("log-in", &rounds);
    table.print();
}

/// Measures kanban's start-up time, and the memory of all contestants when idle and with 64 clients
/// that read the board of 1,000 cards.
async fn measure_start(database: &Database) {
    println!("\n### Start and memory on {}\n", database.name());
    let mut starts = Vec::new();
    for _ in 0..ROUNDS {
        let process = kanban("kanban", database, &[]).await.process;
        starts.push(process.start_up.as_secs_f64() * 1000.0);
    }
    println!("kanban starts on an existing database in {}.\n", report::figures(&starts, "ms"));
    let reads = work::reads(Size::ONE);
    let whole = reads.iter().find(|read| read.holds.cards == 1000).unwrap();
    println!(
        "| memory | idle | with 64 clients on the board of 1,000 cards, at most |\n|---|---:|---:|"
    );
    let mut figures = BTreeMap::new();
    for _ in 0..3 {
        let contestants = contestants::start(database, true).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let idle = contestants.iter().map(|one| one.process.memory("VmRSS")).collect::<Vec<_>>();
        for (place, (contestant, idle)) in contestants.iter().zip(idle).enumerate() {
            let request = contestant.request(whole).await;
            let length = ask(&contestant.process.address, request.clone()).await.0;
            let clients = (0..64).map(|_| repeat(request.clone())).collect();
            drive(&contestant.process.address, clients, 4 * TIME, Some(length)).await;
            let loaded = contestant.process.memory("VmHWM");
            let (idles, loads): &mut (Vec<_>, Vec<_>) =
                figures.entry((place, contestant.name)).or_default();
            idles.push(idle);
            loads.push(loaded);
        }
    }
    for ((_, name), (idle, loaded)) in figures {
        let [idle, loaded] = [idle, loaded].map(|all| report::figures(&all, "MB"));
        println!("| {name} | {idle} | {loaded} |");
    }
}

/// Compares kanban on the two databases.
async fn measure_databases(postgres: &Database, sqlite: &Database) {
    let contestants =
        [kanban("PostgreSQL", postgres, &[]).await, kanban("SQLite", sqlite, &[]).await];
    let names = ["board: id, title", "whole board of 1,000 cards"];
    measure_beside("SQLite beside PostgreSQL", &contestants, [Size::ONE; 2], names).await;
}

/// Measures how a point query and a page scale with ten times the boards, cards and members.
async fn measure_growth(small: &Database, large: &Database) {
    let settings = [("CACHE_MIB", "0")];
    let contestants = [
        kanban("1,000 boards", small, &settings).await,
        kanban("10,000 boards", large, &settings).await,
    ];
    let title = format!("Growth on {}, without the cache", small.name());
    let names = ["board: id, title", "third page of 100 of 10,000 cards"];
    measure_beside(&title, &contestants, [Size::ONE, Size::TEN], names).await;
}

/// Measures the reads with these names on two databases.
async fn measure_beside(
    title: &str,
    contestants: &[Contestant; 2],
    sizes: [Size; 2],
    names: [&str; 2],
) {
    let mut table = table(title, contestants);
    for name in names {
        let mut requests = Vec::new();
        for (contestant, size) in contestants.iter().zip(sizes) {
            let reads = work::reads(size);
            let read = reads.iter().find(|read| read.name == name).unwrap();
            let request = contestant.request(read).await;
            let (length, answer) = ask(&contestant.process.address, request.clone()).await;
            assert_eq!(held(&answer), read.holds, "{name}");
            requests.push((request, length));
        }
        let rounds = drive_all(contestants, |place| readers(&requests[place])).await;
        table.row(name, &rounds);
    }
    table.print();
}
