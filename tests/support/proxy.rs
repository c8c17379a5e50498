//! A network between a server and PostgreSQL that can fall silent.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes bytes on until it falls silent: then connections stay open, and nothing gets through.
pub struct Proxy {
    /// The database behind the proxy, as a `DATABASE_URL`.
    pub url: String,
    network: Arc<Network>,
}

struct Network {
    silent: watch::Sender<bool>,
    /// What the server says last.
    last: Mutex<Option<&'static str>>,
}

impl Proxy {
    /// In front of the database with this `postgres://` URL.
    pub async fn to(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (authority, path) = rest.split_once('/').unwrap();
        let (user, host) = authority.rsplit_once('@').unwrap();
        let database = if host.contains(':') { host.into() } else { format!("{host}:5432") };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        // Unencrypted, so that the proxy can listen.
        let (name, address) = (path.split('?').next().unwrap(), listener.local_addr().unwrap());
        let url = format!("{scheme}://{user}@{address}/{name}?sslmode=disable");
        let (silent, last) = (watch::Sender::new(false), Mutex::new(None));
        let network = Arc::new(Network { silent, last });
        tokio::spawn(listen(listener, database, Arc::clone(&network)));
        Self { url, network }
    }

    /// Nothing gets through from now on.
    pub fn fall_silent(&self) {
        self.network.silent.send_replace(true);
    }

    /// Nothing gets through after the server has said this.
    pub fn fall_silent_after(&self, last: &'static str) {
        *self.network.last.lock().unwrap() = Some(last);
    }

    /// Passes on again what was held up and what comes.
    pub fn resume(&self) {
        self.network.silent.send_replace(false);
    }
}

async fn listen(listener: TcpListener, database: String, network: Arc<Network>) {
    while let Ok((server, _)) = listener.accept().await {
        let database = TcpStream::connect(&database).await.unwrap();
        let (from_server, to_server) = server.into_split();
        let (from_database, to_database) = database.into_split();
        tokio::spawn(pass_on(from_server, to_database, Arc::clone(&network), true));
        tokio::spawn(pass_on(from_database, to_server, Arc::clone(&network), false));
    }
}

async fn pass_on(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    network: Arc<Network>,
    listens: bool,
) {
    let mut silent = network.silent.subscribe();
    let mut bytes = vec![0; 65536];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        silent.wait_for(|silent| !silent).await.unwrap();
        let said = &bytes[..read];
        let mut last = network.last.lock().unwrap().filter(|_| listens);
        last = last.filter(|last| said.windows(last.len()).any(|part| part == last.as_bytes()));
        if last.is_some() {
            *network.last.lock().unwrap() = None;
            network.silent.send_replace(true);
        }
        if to.write_all(said).await.is_err() {
            return;
        }
    }
}
