//! TLS to PostgreSQL, against a server that the test starts with a certificate of its own CA.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::json;
use tempfile::TempDir;

use super::cli::output;
use crate::support::{Server, checks, config_with, eventually, kanban};

checks![tls_to_postgres, missing_root_certificates_are_told_with_their_reason];

async fn missing_root_certificates_are_told_with_their_reason() {
    let folder = TempDir::new().unwrap();
    let mut command = kanban(folder.path());
    command.env("DATABASE_URL", "postgres://kanban:secret@localhost/kanban?sslmode=verify-full");
    command.env("SSL_CERT_FILE", "/no/such/file");
    let (_, _, told) = output(command.arg("migrate"));
    assert!(told.contains("no root certificate found: "), "{told}");
    assert!(told.contains("/no/such/file") && !told.contains("secret"), "{told}");
}

async fn tls_to_postgres() {
    let cluster = Cluster::start().await;
    let (ours, other) = (cluster.file("ca.pem"), cluster.file("other-ca.pem"));

    // The server refuses connections without TLS, so a successful connection uses TLS.
    for (host, options, refusal) in [
        ("localhost", "sslmode=disable".to_owned(), Some("no pg_hba.conf entry")),
        ("localhost", "sslmode=prefer".to_owned(), None),
        ("127.0.0.1", "sslmode=require".to_owned(), None),
        ("localhost", format!("sslmode=verify-full&sslrootcert={ours}"), None),
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={ours}"), Some("not valid for")),
        ("localhost", format!("sslmode=verify-full&sslrootcert={other}"), Some("UnknownIssuer")),
        ("localhost", "sslmode=verify-full".to_owned(), Some("UnknownIssuer")),
        (
            "localhost",
            "sslmode=verify-full&sslrootcert=/no/such/file".to_owned(),
            Some("/no/such/file"),
        ),
    ] {
        let url = format!("postgres://kanban:secret@{host}:{}/postgres?{options}", cluster.port);
        let started = kanban::app::build(config_with(&url, &[])).await;
        match (started, refusal) {
            (Ok(_), None) => {}
            (Err(error), Some(reason)) => {
                let text = error.to_string();
                assert!(
                    text.starts_with("DATABASE_URL: ") && text.contains(reason),
                    "{url}: {text}"
                );
                assert!(!text.contains("secret"), "{text}");
            }
            (Ok(_), Some(_)) => panic!("{url}: was let in"),
            (Err(error), None) => panic!("{url}: {error}"),
        }
    }

    let url = format!(
        "postgres://kanban:secret@localhost:{}/postgres?sslmode=verify-full&sslrootcert={ours}",
        cluster.port
    );
    let server = Server::start(url).await;
    // The roots are loaded once: new connections need no file.
    std::fs::remove_file(&ours).unwrap();
    cluster.end_sessions();
    let mut tries = 0;
    eventually!("no new connection", {
        tries += 1;
        let sign_up = format!(
            "mutation {{ signUp(input: {{ email: \"a{tries}@example.com\", password: \"password\" }}) {{ user {{ id }} }} }}"
        );
        server.ask(&sign_up, json!({})).await.body["errors"].is_null()
    });
    server.stop().await;
}

/// A PostgreSQL server with TLS, with its own port and data directory.
struct Cluster {
    folder: TempDir,
    server: Child,
    port: u16,
}

impl Cluster {
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("password"), "secret").unwrap();
        write_certificates(folder.path());
        hand_over(folder.path());
        let data = path("data");
        let mut initdb = as_database_user(&program("initdb"));
        initdb
            .args(["--username=kanban", "--auth=scram-sha-256", "--no-sync", "--pgdata"])
            .arg(&data);
        initdb.arg("--pwfile").arg(path("password")).stdout(Stdio::null());
        assert!(initdb.status().unwrap().success(), "initdb failed");
        let only_tls =
            "hostssl all all 127.0.0.1/32 scram-sha-256\nhostssl all all ::1/128 scram-sha-256\n";
        std::fs::write(data.join("pg_hba.conf"), only_tls).unwrap();

        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = as_database_user(&program("postgres"));
        server.arg("-D").arg(&data).args([
            "-p",
            &port.to_string(),
            "-c",
            "ssl=on",
            "-c",
            "fsync=off",
        ]);
        server.args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
        for (setting, file) in [("ssl_cert_file", "server.pem"), ("ssl_key_file", "server.key")] {
            server.arg("-c").arg(format!("{setting}={}", path(file).display()));
        }
        let server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let cluster = Self { folder, server, port };
        for _ in 0..200 {
            if cluster.answers().await {
                return cluster;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("PostgreSQL with TLS did not start");
    }

    /// Whether the server has started: then it refuses a connection without TLS.
    async fn answers(&self) -> bool {
        let url = format!("postgres://kanban@127.0.0.1:{}/postgres?sslmode=disable", self.port);
        let refused = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.err();
        let reason = refused.and_then(|error| Some(error.as_db_error()?.message().to_owned()));
        reason.is_some_and(|reason| reason.contains("no pg_hba.conf entry"))
    }

    /// Ends the sessions of kanban, if there are any.
    fn end_sessions(&self) {
        let url = format!("postgres://kanban@localhost:{}/postgres?sslmode=require", self.port);
        let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
            WHERE application_name LIKE 'kanban%'";
        let mut psql = Command::new(program("psql"));
        psql.args(["-XtAc", end, &url]).env("PGPASSWORD", "secret");
        assert!(psql.stdout(Stdio::null()).status().unwrap().success());
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGINT makes PostgreSQL do a fast shutdown. runuser passes it on.
        let _ = Command::new("kill").args(["-INT", &self.server_pid()]).status();
        let _ = self.server.wait();
    }
}

impl Cluster {
    /// The PID of the server itself, which is a child of `runuser` when the test runs as root.
    fn server_pid(&self) -> String {
        let file = self.folder.path().join("data/postmaster.pid");
        let text = std::fs::read_to_string(file).unwrap_or_default();
        text.lines().next().map_or_else(|| self.server.id().to_string(), ToOwned::to_owned)
    }
}

/// `ca.pem` has signed `server.pem`, which is valid for localhost. `other-ca.pem` has not.
fn write_certificates(folder: &Path) {
    let authority = |name: &str| {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    };
    let (ours, other) = (authority("ours"), authority("other"));
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let server = params.signed_by(&key, &ours).unwrap();
    for (file, text) in [
        ("ca.pem", ours.pem()),
        ("other-ca.pem", other.pem()),
        ("server.pem", server.pem()),
        ("server.key", key.serialize_pem()),
    ] {
        std::fs::write(folder.join(file), text).unwrap();
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}

/// PostgreSQL refuses to run as root, and refuses a key file that others can read.
fn hand_over(folder: &Path) {
    let key = folder.join("server.key");
    assert!(Command::new("chmod").arg("600").arg(&key).status().unwrap().success());
    if is_root() {
        let owner = Command::new("chown").args(["-R", "postgres"]).arg(folder).status().unwrap();
        assert!(owner.success(), "as root, this test needs the user postgres");
    }
}

fn as_database_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

/// A program of the PostgreSQL server, from PATH or from Debian's directory.
fn program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = debian.collect();
    folders.sort();
    folders.extend(std::env::split_paths(&path));
    let found = folders.iter().rev().map(|folder| folder.join(name)).find(|file| file.exists());
    found.unwrap_or_else(|| panic!("this test needs PostgreSQL's {name} (Debian: postgresql)"))
}
