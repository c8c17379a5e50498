//! Code shared by the benches: the server in its own process, and temporary databases.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Signs the tokens of all measured servers.
pub const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The release binary.
pub const KANBAN: &str = env!("CARGO_BIN_EXE_kanban");

/// A server in its own process, which is stopped when this value is dropped.
pub struct Process {
    child: Child,
    /// The address where it listens, e.g. `127.0.0.1:4711`.
    pub address: String,
    /// The time from its start until it listened.
    pub start_up: Duration,
}

impl Process {
    /// Starts a command and waits until it writes `listening on http://…` or `listening on …` to
    /// its stderr.
    pub fn start(command: &mut Command) -> Self {
        let start = Instant::now();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        let address = loop {
            let Some(Ok(line)) = lines.next() else {
                panic!("{command:?} did not start: {said:?}");
            };
            if let Some((_, address)) = line.split_once("listening on ") {
                let address = address.strip_prefix("http://").unwrap_or(address);
                let end = address.find(|c: char| !(c.is_ascii_digit() || ".:".contains(c)));
                break address[..end.unwrap_or(address.len())].to_owned();
            }
            said.push(line);
        };
        let start_up = start.elapsed();
        // Drains stderr, so that the pipe does not fill up.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, start_up }
    }

    /// The release binary with all features, on this database, with additional settings.
    pub fn kanban(database_url: &str, settings: &[(&str, &str)]) -> Self {
        Self::kanban_of(KANBAN, database_url, settings)
    }

    /// The same with another build of kanban.
    pub fn kanban_of(program: &str, database_url: &str, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(program);
        command
            .env("DATABASE_URL", database_url)
            .env("LISTEN_ADDR", "127.0.0.1:0")
            .env("JWT_SECRET", SECRET)
            .env("LOG_LEVEL", "warn,kanban::cli=info")
            .envs(settings.iter().copied())
            .current_dir(std::env::temp_dir());
        Self::start(&mut command)
    }

    /// The CPU time of the process.
    pub fn cpu(&self) -> Duration {
        cpu_of(self.child.id()).unwrap_or_default()
    }

    /// A memory entry of `/proc/PID/status`, in MB.
    pub fn memory(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        kib.unwrap_or_default() * 1024.0 / 1e6
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The CPU time of this process.
pub fn own_cpu() -> Duration {
    cpu_of(std::process::id()).unwrap_or_default()
}

/// The CPU time of a process: fields 14 and 15 of its `stat`, in hundredths of a second.
fn cpu_of(pid: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may contain any characters.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

/// The CPU time of each PostgreSQL process on this machine.
pub struct CpuOfPostgres(HashMap<u32, Duration>);

impl CpuOfPostgres {
    /// Reads the current values.
    pub fn now() -> Self {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let is_postgres = |pid: &u32| {
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm"));
            name.is_ok_and(|name| name.trim() == "postgres")
        };
        Self(pids.filter(is_postgres).filter_map(|pid| Some((pid, cpu_of(pid)?))).collect())
    }

    /// The CPU time since `then`. Processes that have ended in the meantime did no measured work.
    pub fn since(&self, then: &Self) -> Duration {
        let own = |(pid, time): (&u32, &Duration)| {
            time.saturating_sub(then.0.get(pid).copied().unwrap_or_default())
        };
        self.0.iter().map(own).sum()
    }
}

/// A temporary database: an SQLite file, or a new database on the server that TEST_DATABASE_URL names.
pub struct Database {
    /// The DATABASE_URL.
    pub url: String,
    postgres: Option<(String, String)>,
    _folder: tempfile::TempDir,
}

impl Database {
    /// An SQLite file.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/kanban.db", folder.path().display());
        Self { url, postgres: None, _folder: folder }
    }

    /// A new database on this PostgreSQL server.
    pub async fn postgres(server: &str, name: &str) -> Self {
        let name = format!("kanban_bench_{}_{name}", std::process::id());
        execute(server, &format!("CREATE DATABASE {name}")).await;
        // Without TLS for all contestants: it would cost about as much as a small query.
        let url = format!("{}/{name}?sslmode=disable", server.rsplit_once('/').unwrap().0);
        let folder = tempfile::tempdir().unwrap();
        Self { url, postgres: Some((server.to_owned(), name)), _folder: folder }
    }

    /// Another new database of the same kind as this one.
    pub async fn another(&self, name: &str) -> Self {
        match &self.postgres {
            Some((server, _)) => Self::postgres(server, name).await,
            None => Self::sqlite(),
        }
    }

    /// The name of the database system.
    pub fn name(&self) -> &'static str {
        if self.postgres.is_some() { "PostgreSQL" } else { "SQLite" }
    }
}

/// Drops the database, also after a panic.
impl Drop for Database {
    fn drop(&mut self) {
        let Some((server, name)) = self.postgres.take() else { return };
        let drop =
            async move { execute(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await };
        // On a separate thread, because a runtime may be running on this one.
        let runtime =
            || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _ = std::thread::spawn(move || runtime().block_on(drop)).join();
    }
}

/// Executes statements on a PostgreSQL server.
pub async fn execute(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
}
