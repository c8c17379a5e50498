//! Servers in processes of their own.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use super::metrics::Metrics;
use super::{Answer, SECRET, Server, eventually};

/// The program with an empty environment.
pub fn kanban(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kanban"));
    command.env_clear().current_dir(folder).stdin(Stdio::null());
    command
}

/// A server in its own process. It logs to a file, because a pipe that nobody reads would fill up.
pub struct Process {
    pub child: Child,
    pub url: String,
    log: TempDir,
}

impl Process {
    /// Starts the server on a free port and waits until it listens.
    pub async fn start(command: Command) -> Self {
        let mut process = Self::spawn(command);
        process.listens().await;
        process
    }

    /// Starts the server on a free port.
    pub fn spawn(mut command: Command) -> Self {
        let log = TempDir::new().unwrap();
        let file = std::fs::File::create(log.path().join("log")).unwrap();
        let child = command.env("LISTEN_ADDR", "127.0.0.1:0").stderr(file).spawn().unwrap();
        Self { child, url: String::new(), log }
    }

    /// Waits until the server listens.
    pub async fn listens(&mut self) {
        for _ in 0..500 {
            if let Some((_, rest)) = self.log().split_once("listening on ") {
                rest.split(',').next().unwrap().clone_into(&mut self.url);
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the server did not start: {}", self.log());
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log.path().join("log")).unwrap()
    }

    pub async fn ask(&self, token: &str, query: &str) -> Answer {
        let request = reqwest::Client::new().post(format!("{}/graphql", self.url));
        let request = request.bearer_auth(token).json(&json!({ "query": query }));
        Answer::of(request.send().await.unwrap()).await
    }

    /// Sends a signal, such as `-TERM`.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// Waits until the process has ended. (`Child::wait` would block the time limit of the scenario too.)
    pub async fn ended(&mut self) -> ExitStatus {
        eventually!("the process still runs", self.child.try_wait().unwrap().is_some());
        self.child.wait().unwrap()
    }

    /// Stops the server with SIGTERM and returns its log.
    pub async fn stop(mut self) -> String {
        self.signal("-TERM");
        assert!(self.ended().await.success());
        self.log()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The process is still running only if the test failed.
        let _ = self.child.kill();
    }
}

/// A server in a process of its own, on the database of a scenario. Its metrics and its log have nothing of other
/// scenarios.
pub struct Watched {
    pub process: Process,
    /// The same server for the other helpers.
    pub server: Arc<Server>,
    metrics: String,
}

impl Watched {
    pub async fn start(server: &Server, settings: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let mut command = kanban(folder.path());
        command.env("DATABASE_URL", &server.database_url).env("JWT_SECRET", SECRET);
        command.env("ARGON2_MEMORY_KIB", "8").env("ARGON2_ITERATIONS", "1");
        command.env("RATE_LIMIT", "off").env("METRICS_ADDR", "127.0.0.1:0");
        command.envs(settings.iter().copied());
        let process = Process::start(command).await;
        let log = process.log();
        let (_, metrics) = log.split_once("metrics at ").unwrap();
        let (metrics, _) = metrics.split_once("/metrics").unwrap();
        let server = Arc::new(server.at(&process.url));
        Self { process, server, metrics: metrics.to_owned() }
    }

    /// The URL of a path at METRICS_ADDR.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.metrics)
    }

    /// The present metrics.
    pub async fn metrics(&self) -> Metrics {
        Metrics::of(&self.url("/metrics")).await
    }

    /// The sum of all samples of a metric with these labels.
    pub async fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.metrics().await.sum(name, labels)
    }
}
