//! A TCP proxy between a server and PostgreSQL that can stop forwarding.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards bytes until it is silenced. Then connections stay open, but nothing is forwarded.
pub struct Proxy {
    /// The database behind the proxy, as a `DATABASE_URL`.
    pub url: String,
    network: Arc<Network>,
}

struct Network {
    silent: watch::Sender<bool>,
    /// The text after which a connection gets no more bytes from the database.
    unanswered: Mutex<Option<&'static str>>,
}

impl Proxy {
    /// Starts a proxy in front of the database with this `postgres://` URL.
    pub async fn to(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (authority, path) = rest.split_once('/').unwrap();
        let (user, host) = authority.rsplit_once('@').unwrap();
        let database = if host.contains(':') { host.into() } else { format!("{host}:5432") };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        // Without TLS, so that the proxy can read the traffic.
        let (name, address) = (path.split('?').next().unwrap(), listener.local_addr().unwrap());
        let url = format!("{scheme}://{user}@{address}/{name}?sslmode=disable");
        let (silent, unanswered) = (watch::Sender::new(false), Mutex::new(None));
        let network = Arc::new(Network { silent, unanswered });
        tokio::spawn(listen(listener, database, Arc::clone(&network)));
        Self { url, network }
    }

    /// Stops forwarding on all connections.
    pub fn fall_silent(&self) {
        self.network.silent.send_replace(true);
    }

    /// On the next connection where the server sends this text, no more bytes from the database are
    /// forwarded.
    pub fn lose_answer_to(&self, said: &'static str) {
        *self.network.unanswered.lock().unwrap() = Some(said);
    }

    /// Forwards the bytes that were held back, and all that follow.
    pub fn resume(&self) {
        self.network.silent.send_replace(false);
    }
}

async fn listen(listener: TcpListener, database: String, network: Arc<Network>) {
    while let Ok((server, _)) = listener.accept().await {
        let database = TcpStream::connect(&database).await.unwrap();
        let (from_server, to_server) = server.into_split();
        let (from_database, to_database) = database.into_split();
        let lost = Arc::new(AtomicBool::new(false));
        let (listening, deaf) = (Arc::clone(&network), Arc::clone(&lost));
        let listen = move |said: &[u8]| {
            let mut unanswered = listening.unanswered.lock().unwrap();
            let is =
                |wanted: &str| said.windows(wanted.len()).any(|part| part == wanted.as_bytes());
            if unanswered.take_if(|wanted| is(wanted)).is_some() {
                lost.store(true, Ordering::SeqCst);
            }
            true
        };
        let hear = move |_: &[u8]| !deaf.load(Ordering::SeqCst);
        tokio::spawn(pass_on(from_server, to_database, network.silent.subscribe(), listen));
        tokio::spawn(pass_on(from_database, to_server, network.silent.subscribe(), hear));
    }
}

/// Forwards the chunks of bytes for which `passes` returns true.
async fn pass_on(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut silent: watch::Receiver<bool>,
    passes: impl Fn(&[u8]) -> bool,
) {
    let mut bytes = vec![0; 65536];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        silent.wait_for(|silent| !silent).await.unwrap();
        let said = &bytes[..read];
        if passes(said) && to.write_all(said).await.is_err() {
            return;
        }
    }
}
