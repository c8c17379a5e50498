//! A TCP proxy between a server and PostgreSQL that can fail in the ways in which a network fails.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use super::{Server, User, config_with};

/// The state of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Bytes are forwarded.
    Up,
    /// Bytes take 50 ms in each direction.
    Delayed,
    /// Bytes are held back until the network is up again.
    Frozen,
    /// Bytes are lost, and connections that are open now never work again. New connections get no response.
    Lost,
    /// All connections are reset, and new ones too.
    Reset,
}

/// Forwards bytes as the state of the network tells.
pub struct Proxy {
    /// The database behind the proxy, as a `DATABASE_URL`.
    pub url: String,
    /// The address of the proxy.
    pub address: std::net::SocketAddr,
    state: Arc<State>,
}

struct State {
    network: watch::Sender<Network>,
    /// The text after which a connection gets no more bytes from the database.
    unanswered: Mutex<Option<&'static str>>,
    /// The text at which a connection is reset.
    fatal: Mutex<Option<&'static str>>,
    /// How many connections were reset at that text.
    resets: AtomicUsize,
    /// How many connections were opened.
    connections: AtomicUsize,
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
        let network = watch::Sender::new(Network::Up);
        let (unanswered, fatal, resets, connections) = Default::default();
        let state = Arc::new(State { network, unanswered, fatal, resets, connections });
        tokio::spawn(listen(listener, database, Arc::clone(&state)));
        Self { url, address, state }
    }

    /// The same user on a server that connects through the proxy, with additional settings.
    pub async fn user(&self, user: &User, settings: &[(&str, &str)]) -> User {
        let config = config_with(&self.url, settings);
        let server = Server::start_with(config, self.url.clone()).await;
        User { server: Arc::new(server), ..user.clone() }
    }

    /// Changes the state of the network.
    pub fn set(&self, network: Network) {
        self.state.network.send_replace(network);
    }

    /// On the next connection where the server sends this text, no more bytes from the database are
    /// forwarded.
    pub fn lose_answer_to(&self, said: &'static str) {
        *self.state.unanswered.lock().unwrap() = Some(said);
    }

    /// Each connection where the server sends this text is reset.
    pub fn reset_at(&self, said: &'static str) {
        *self.state.fatal.lock().unwrap() = Some(said);
    }

    /// How many connections were opened.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// How many connections were reset at that text.
    pub fn resets(&self) -> usize {
        self.state.resets.load(Ordering::SeqCst)
    }
}

async fn listen(listener: TcpListener, database: String, state: Arc<State>) {
    while let Ok((server, _)) = listener.accept().await {
        state.connections.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(connect(server, database.clone(), Arc::clone(&state)));
    }
}

async fn connect(server: TcpStream, database: String, state: Arc<State>) {
    let network = state.network.subscribe();
    let now = *network.borrow();
    if now == Network::Reset {
        return reset(&server);
    }
    let database = TcpStream::connect(&database).await.unwrap();
    let mut ends = network.clone();
    let cut = async move { ends.wait_for(|network| *network == Network::Reset).await.map(drop) };
    // Whether bytes were lost, after which the connection stays silent.
    let dead = Arc::new(AtomicBool::new(now == Network::Lost));
    let lost = Arc::new(AtomicBool::new(false));
    let (is_dead, is_lost) = (Arc::clone(&dead), Arc::clone(&lost));
    let (listening, deaf) = (Arc::clone(&state), Arc::clone(&lost));
    let ends_now = Arc::new(Notify::new());
    let over = Arc::clone(&ends_now);
    let listen = move |said: &[u8]| {
        let mut unanswered = listening.unanswered.lock().unwrap();
        let is = |wanted: &str| said.windows(wanted.len()).any(|part| part == wanted.as_bytes());
        if unanswered.take_if(|wanted| is(wanted)).is_some() {
            lost.store(true, Ordering::SeqCst);
        }
        let is_over = listening.fatal.lock().unwrap().is_some_and(is);
        if is_over {
            listening.resets.fetch_add(1, Ordering::SeqCst);
            over.notify_one();
        }
        !is_over
    };
    let hear = move |_: &[u8]| !deaf.load(Ordering::SeqCst);
    let (mut server, mut database) = (server, database);
    let was_cut = {
        let (from_server, to_server) = server.split();
        let (from_database, to_database) = database.split();
        let there = pass_on(from_server, to_database, network.clone(), Arc::clone(&dead), listen);
        let back = pass_on(from_database, to_server, network.clone(), dead, hear);
        tokio::select! {
            _ = cut => true,
            () = ends_now.notified() => true,
            () = there => false,
            () = back => false,
        }
    };
    if was_cut {
        reset(&server);
    } else if is_dead.load(Ordering::SeqCst) || is_lost.load(Ordering::SeqCst) {
        // The end of a connection is lost too: PostgreSQL does not hear of it.
        std::future::pending::<()>().await;
    }
}

/// Closes a connection with a reset.
fn reset(stream: &TcpStream) {
    let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// Forwards the chunks of bytes for which `passes` returns true.
async fn pass_on(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut network: watch::Receiver<Network>,
    dead: Arc<AtomicBool>,
    passes: impl Fn(&[u8]) -> bool,
) {
    let mut bytes = vec![0; 65536];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        let now = *network.borrow();
        if now == Network::Lost {
            dead.store(true, Ordering::SeqCst);
        }
        if dead.load(Ordering::SeqCst) {
            continue;
        }
        if network.wait_for(|network| *network != Network::Frozen).await.is_err() {
            return;
        }
        if now == Network::Delayed {
            sleep(Duration::from_millis(50)).await;
        }
        let said = &bytes[..read];
        if passes(said) && to.write_all(said).await.is_err() {
            return;
        }
    }
}
