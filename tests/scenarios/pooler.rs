//! PgBouncer between the server and PostgreSQL.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use kanban::app;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{Server, User, config_with, scenarios};

scenarios![transaction_mode_needs_kept_statements, modes_that_keep_statements_work];

struct PgBouncer {
    process: Child,
    /// The database behind it, as a `DATABASE_URL`.
    url: String,
    _folder: TempDir,
}

impl PgBouncer {
    /// Starts PgBouncer in front of the server's database. Its configuration gets `mode` and `more` lines.
    async fn start(server: &Server, mode: &str, more: &str) -> Self {
        let database: tokio_postgres::Config = server.database_url.parse().unwrap();
        let tokio_postgres::config::Host::Tcp(host) = &database.get_hosts()[0] else { panic!() };
        let port = database.get_ports().first().copied().unwrap_or(5432);
        let user = database.get_user().unwrap();
        let password = database.get_password().map_or_else(String::new, |password| {
            format!("password={}", String::from_utf8_lossy(password))
        });
        let listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={host} port={port} user={user} {password}\n[pgbouncer]\n\
             listen_addr=127.0.0.1\nlisten_port={}\nauth_type=any\npool_mode={mode}\n\
             unix_socket_dir=\n{more}\n",
            listen.port()
        );
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(program());
        if is_root() {
            // It refuses to run as root.
            assert!(
                Command::new("chmod")
                    .args(["-R", "a+rX"])
                    .arg(folder.path())
                    .status()
                    .unwrap()
                    .success()
            );
            command.args(["-u", "postgres"]);
        }
        let process =
            command.arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let name = database.get_dbname().unwrap();
        let url = format!("postgres://{user}@{listen}/{name}?sslmode=disable");
        let bouncer = Self { process, url, _folder: folder };
        for _ in 0..200 {
            if tokio::net::TcpStream::connect(listen).await.is_ok() {
                return bouncer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("PgBouncer did not start");
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout.trim_ascii() == b"0"
}

fn program() -> &'static Path {
    let places = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];
    let found = places.into_iter().map(Path::new).find(|place| place.exists());
    found.expect("this test needs PgBouncer (Debian: pgbouncer)")
}

/// The reason why no server starts; `None` if it starts.
async fn refusal(url: &str) -> Option<String> {
    app::build(config_with(url, &[])).await.err().map(|error| error.to_string())
}

async fn transaction_mode_needs_kept_statements(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let off = if can_keep_statements() { "max_prepared_statements=0" } else { "" };
    // A pooler that ignores options instead of refusing them has no limits either.
    for more in [off.to_owned(), format!("ignore_startup_parameters=options\n{off}")] {
        let bouncer = PgBouncer::start(&server, "transaction", &more).await;
        for url in [bouncer.url.clone(), format!("{}&pgbouncer=true", bouncer.url)] {
            let reason = refusal(&url).await.expect("it does not keep statements");
            assert!(reason.contains("max_prepared_statements"), "{reason}");
        }
    }
}

/// Whether `max_prepared_statements` exists, which versions before 1.21 do not know.
fn can_keep_statements() -> bool {
    let version = Command::new(program()).arg("--version").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    !(1..21).any(|minor| version.contains(&format!("PgBouncer 1.{minor}.")))
}

async fn modes_that_keep_statements_work(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let near = server.user("ann").await;
    let board = near.board("Plans").await;
    let ignore = "ignore_startup_parameters=options";
    let mut modes = vec![("session", String::new()), ("session", ignore.to_owned())];
    if can_keep_statements() {
        // Fewer connections to PostgreSQL than the server has to PgBouncer, so that transactions share them.
        let kept = "max_prepared_statements=100\ndefault_pool_size=3";
        modes.extend([
            ("transaction", kept.to_owned()),
            ("transaction", format!("{kept}\n{ignore}")),
        ]);
    }
    for (mode, more) in modes {
        let bouncer = PgBouncer::start(&server, mode, &more).await;
        let behind = Server::start_with(config_with(&bouncer.url, &[]), bouncer.url.clone()).await;
        let ann = User { server: Arc::new(behind), ..near.clone() };
        let cards = join_all((0..30).map(|_| ann.card(&board, "x"))).await;
        let card = &cards[0];
        let found =
            ann.get(&format!("{{ card(id: {card:?}) {{ title board {{ title }} }} }}")).await;
        assert_eq!(found, json!({ "card": { "title": "x", "board": { "title": "Plans" } } }));
        ann.server.stop().await;
    }
}
