//! Clients that send the next request as soon as they have received the last response.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use futures_util::future::join_all;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

pub type Request = hyper::Request<Full<Bytes>>;

/// Makes the next request of a client.
pub type Next = Box<dyn FnMut() -> Request>;

/// How a response is checked during a measurement: by its length or, if `None`, for errors and null
/// fields.
pub type Length = Option<usize>;

async fn connect(address: &str) -> SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// Sends one request and returns the length of the body and the body, whatever it contains.
pub async fn ask(address: &str, request: Request) -> (usize, Value) {
    let answer = connect(address).await.send_request(request).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let value = serde_json::from_slice(&body);
    (body.len(), value.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&body))))
}

async fn check(mut body: Incoming, length: Length, address: &str) {
    if let Some(length) = length {
        let mut found = 0;
        while let Some(frame) = body.frame().await {
            found += frame.unwrap().into_data().unwrap_or_default().len();
        }
        return assert_eq!(found, length, "{address}");
    }
    let body = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&body);
    let complete = !text.contains("\"errors\"") && !text.contains("null");
    assert!(complete, "{address}: {text}");
}

/// Drives a server for `time` and waits for outstanding responses. Returns the number of requests and
/// the elapsed time.
pub async fn drive(
    address: &str,
    clients: Vec<Next>,
    time: Duration,
    length: Length,
) -> (f64, Duration) {
    let connections = join_all(clients.iter().map(|_| connect(address))).await;
    let address: Arc<str> = address.into();
    let start = Instant::now();
    let clients = connections.into_iter().zip(clients).map(|(mut sender, mut next)| {
        let address = Arc::clone(&address);
        async move {
            let mut count = 0_u32;
            while start.elapsed() < time {
                let answer = sender.send_request(next()).await.unwrap();
                assert!(answer.status().is_success(), "{address}: {}", answer.status());
                check(answer.into_body(), length, &address).await;
                count += 1;
            }
            count
        }
    });
    let answered: u32 = join_all(clients).await.into_iter().sum();
    (f64::from(answered), start.elapsed())
}
