//! The cost of hostile requests, and their effect on other clients: `cargo bench --bench hostile`.
//!
//! Starts the release binary on an SQLite file or, if TEST_DATABASE_URL names a server, on a new
//! PostgreSQL database, and prints
//! - the time until each expensive document is refused (median and maximum of 15), and
//! - the p99 latency of an authenticated read: on an idle server, while such documents are sent without
//!   a pause, and during 200 concurrent log-ins; with the ratios over several rounds and the server's
//!   memory.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::panic, clippy::cast_precision_loss)]

#[allow(unreachable_pub)]
#[path = "../tests/support/bombs.rs"]
mod bombs;
#[allow(dead_code, unreachable_pub, missing_docs)]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use support::{Database, Process};

const ROUNDS: usize = 7;
const SAMPLES: usize = 15;
const READ: &str = "{ viewer { id } boards(first: 10) { nodes { id title } } }";

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let database = match std::env::var("TEST_DATABASE_URL") {
            Ok(server) => Database::postgres(&server, "hostile").await,
            Err(_) => Database::sqlite(),
        };
        println!("database: {}", database.name());
        let server = Server::start(&database.url);
        measure(&server).await;
    });
}

async fn measure(server: &Server) {
    server.sign_up().await;
    time_bombs(server).await;
    neighbours(server, "expensive documents without a pause", async |server, stop| {
        let bombs = bombs::bombs();
        while !stop.load(Ordering::Relaxed) {
            for (_, bomb) in &bombs {
                server.send(None, bomb).await;
            }
        }
    })
    .await;
    neighbours(server, "200 concurrent log-ins", async |server, stop| {
        while !stop.load(Ordering::Relaxed) {
            let flood = (0..200).map(|_| server.log_in("nobody@example.com"));
            let codes = join_all(flood).await;
            let limited = codes.iter().filter(|code| *code == "RATE_LIMITED").count();
            assert!((1..200).contains(&limited), "{limited} of 200 were RATE_LIMITED");
        }
    })
    .await;
}

/// Measures the time until each document is refused.
async fn time_bombs(server: &Server) {
    println!("\n{:>8} {:>10} {:>10}  bomb", "bytes", "median ms", "longest");
    let mut worst = Duration::ZERO;
    for (name, bomb) in bombs::bombs() {
        let mut times = Vec::new();
        for _ in 0..SAMPLES {
            let start = Instant::now();
            let answer = server.send(None, &bomb).await;
            times.push(start.elapsed());
            assert!(
                answer.get("data").is_none() && answer["errors"].is_array(),
                "{name}: {answer}"
            );
        }
        times.sort();
        let (median, longest) = (times[SAMPLES / 2], times[SAMPLES - 1]);
        worst = worst.max(longest);
        println!("{:>8} {:>10.2} {:>10.2}  {name}", bomb.len(), ms(median), ms(longest));
    }
    println!("longest of all documents: {:.2} ms", ms(worst));
}

/// Measures the p99 latency of a read on an idle server and under load, alternately.
async fn neighbours(server: &Server, what: &str, disturb: impl AsyncFn(&Server, &AtomicBool)) {
    let mut rows = Vec::new();
    for _ in 0..ROUNDS {
        let quiet = reads(server).await;
        let stop = AtomicBool::new(false);
        let disturbed = async {
            // Until the load has built up.
            tokio::time::sleep(Duration::from_millis(200)).await;
            let times = reads(server).await;
            stop.store(true, Ordering::Relaxed);
            times
        };
        let (disturbed, ()) = tokio::join!(disturbed, disturb(server, &stop));
        rows.push((percentile(&quiet, 99), percentile(&disturbed, 99)));
    }
    let mut ratios: Vec<f64> =
        rows.iter().map(|(q, d)| d.as_secs_f64() / q.as_secs_f64()).collect();
    ratios.sort_by(f64::total_cmp);
    println!("\np99 of an authenticated read: idle, during {what} (ms)");
    for (quiet, disturbed) in &rows {
        println!("{:>8.2} {:>8.2}", ms(*quiet), ms(*disturbed));
    }
    println!(
        "ratio: median {:.2}, {:.2} to {:.2}; server memory: {} MB, peak {} MB",
        ratios[ROUNDS / 2],
        ratios[0],
        ratios[ROUNDS - 1],
        server.process.memory("VmRSS").round(),
        server.process.memory("VmHWM").round()
    );
}

/// The latencies of sequential reads for 1.5 seconds, sorted.
async fn reads(server: &Server) -> Vec<Duration> {
    let mut times = Vec::new();
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(1500) {
        let before = Instant::now();
        let answer = server.send(Some(&server.token()), READ).await;
        times.push(before.elapsed());
        assert!(answer.get("errors").is_none(), "{answer}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    times.sort();
    times
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The server under attack, and an HTTP client for it.
struct Server {
    process: Process,
    url: String,
    http: reqwest::Client,
    token: Arc<std::sync::OnceLock<String>>,
}

impl Server {
    fn start(database_url: &str) -> Self {
        let process = Process::kanban(database_url, &[("RATE_LIMIT", "off")]);
        let url = format!("http://{}", process.address);
        Self { process, url, http: reqwest::Client::new(), token: Arc::default() }
    }

    async fn send(&self, token: Option<&str>, query: &str) -> Value {
        let mut request = self.http.post(format!("{}/graphql", self.url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.json(&json!({ "query": query })).send().await.unwrap().json().await.unwrap()
    }

    async fn sign_up(&self) {
        let input = r#"(input: { email: "ann@example.com", password: "password" })"#;
        self.send(None, &format!("mutation {{ signUp{input} {{ user {{ id }} }} }}")).await;
        let answer =
            self.send(None, &format!("mutation {{ logIn{input} {{ accessToken }} }}")).await;
        let token = answer["data"]["logIn"]["accessToken"].as_str().unwrap().to_owned();
        self.token.set(token).unwrap();
        for n in 0..10 {
            let make = format!(
                "mutation {{ createBoard(input: {{ title: \"board {n}\" }}) {{ board {{ id }} }} }}"
            );
            self.send(Some(&self.token()), &make).await;
        }
    }

    fn token(&self) -> String {
        self.token.get().unwrap().clone()
    }

    /// Sends a log-in and returns the code of the error.
    async fn log_in(&self, email: &str) -> String {
        let query = format!(
            "mutation {{ logIn(input: {{ email: {email:?}, password: \"x\" }}) {{ accessToken }} }}"
        );
        let answer = self.send(None, &query).await;
        answer["errors"][0]["extensions"]["code"].as_str().unwrap().to_owned()
    }
}
