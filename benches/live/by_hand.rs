//! What is compared: a broadcast of prepared JSON over axum's WebSockets, without permissions or a database.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::{get, post};
use chrono::{SecondsFormat, Utc};
use tokio::sync::broadcast::{self, Sender};
use tokio::time::interval;

pub async fn serve() {
    let (sender, _) = broadcast::channel::<String>(100);
    let router = Router::new()
        .route("/graphql", get(follow))
        .route("/change", post(broadcast_change))
        .with_state(sender);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    eprintln!("listening on {}", listener.local_addr().unwrap());
    axum::serve(listener, router).await.unwrap();
}

async fn follow(State(sender): State<Sender<String>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .protocols(["graphql-transport-ws"])
        .write_buffer_size(0)
        .on_upgrade(move |socket| send(socket, sender))
}

async fn send(mut socket: WebSocket, sender: Sender<String>) {
    let mut changes = sender.subscribe();
    for _ in 0..2 {
        socket.recv().await;
        socket.send(Message::Text("{}".into())).await.unwrap();
    }
    while let Ok(change) = changes.recv().await {
        if socket.send(Message::Text(change.into())).await.is_err() {
            return;
        }
    }
}

async fn broadcast_change(State(sender): State<Sender<String>>) {
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
    let _ = sender.send(format!(
        r#"{{"id":"1","type":"next","payload":{{"data":{{"boardEvents":{{"sequence":1000,"reset":false,"events":[{{"__typename":"CardUpdatedEvent","sequence":1000,"createdAt":"{now}","card":{{"id":"card_1000","title":"title 100","column":"BACKLOG","rank":"a0","version":1000}}}}]}}}}}}}}"#
    ));
}

/// Makes changes; returns how many.
pub async fn change(address: &str, time: Duration, per_second: u32) -> usize {
    let http = reqwest::Client::new();
    let mut ticks = interval(Duration::from_secs(1) / per_second);
    let count = (time.as_secs_f64() * f64::from(per_second)) as usize;
    for _ in 0..count {
        ticks.tick().await;
        http.post(format!("http://{address}/change")).send().await.unwrap();
    }
    count
}
