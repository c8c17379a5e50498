//! Requests that name their document.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::{Answer, Events, Server, Socket, User};

/// The older media type of responses.
pub const JSON: &str = "application/json";

/// The media types of responses.
pub const MEDIA_TYPES: [&str; 2] = [JSON, "application/graphql-response+json"];

/// A document without variables.
pub const VIEWER: &str = "query Viewer { viewer { email } }";

/// The SHA-256 hash of a text.
pub fn hash_of(text: &str) -> String {
    HEXLOWER.encode(digest(&SHA256, text.as_bytes()).as_ref())
}

/// The extensions that name a document.
pub fn extensions(hash: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } })
}

/// A request with the hash of a document only.
pub fn by_hash(text: &str) -> Value {
    json!({ "extensions": extensions(&hash_of(text)) })
}

/// A request that registers a document.
pub fn with_text(text: &str) -> Value {
    json!({ "query": text, "extensions": extensions(&hash_of(text)) })
}

/// The same request with variables.
pub fn with_variables(mut request: Value, variables: Value) -> Value {
    request["variables"] = variables;
    request
}

impl User {
    /// Sends a request in the body of a POST.
    pub async fn post(&self, server: &Server, accept: &str, body: &Value) -> Answer {
        let request = server.http.post(format!("{}/graphql", server.url)).json(body);
        let request = request.header("accept", accept).bearer_auth(&self.token);
        Answer::of(request.send().await.unwrap()).await
    }

    /// Sends a request in the URL of a GET.
    pub async fn get_by_url(&self, server: &Server, accept: &str, request: &Value) -> Answer {
        let parameters = request.as_object().unwrap().iter();
        let parameters = parameters.map(|(name, value)| {
            (name, value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned))
        });
        let query =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let request = server.http.get(format!("{}/graphql?{query}", server.url));
        let request = request.header("accept", accept);
        Answer::of(request.bearer_auth(&self.token).send().await.unwrap()).await
    }

    /// Sends a request for a stream of events.
    pub async fn stream(&self, server: &Server, accept: &str, body: &Value) -> Events {
        let request = server.http.post(format!("{}/graphql", server.url)).json(body);
        let request = request.header("accept", accept).bearer_auth(&self.token);
        Events::of(request.send().await.unwrap())
    }

    /// Sends a request over a new WebSocket. Returns the type and the payload of the first message.
    pub async fn over_socket(&self, server: &Server, request: &Value) -> (String, Value) {
        let mut socket = Socket::with_protocol(server).await;
        socket.init(json!({ "authorization": format!("Bearer {}", self.token) })).await;
        socket.send(json!({ "id": "1", "type": "subscribe", "payload": request })).await;
        let mut message = socket.message_of("1").await;
        (super::text(&message["type"]), message["payload"].take())
    }
}
