//! The GraphQL endpoint, as the specification of GraphQL over HTTP has it.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;

use async_graphql_axum::GraphQLResponse;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{self, ConnectInfo, Extension, RawQuery};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::media_type::MediaType;
use super::parameters;
use super::refusal::Refusal;
use super::request_id::RequestId;
use super::{State, client};
use crate::graphql::{Answer, Caller, Operations, Request, Verdict};

/// Runs a request that was sent in a body.
pub(super) async fn post(
    extract::State(state): extract::State<State>,
    Extension(id): Extension<RequestId>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: std::result::Result<Bytes, BytesRejection>,
) -> Response {
    let request = parameters::in_body(&headers, body);
    run(&state, &id, &headers, peer, request, Operations::All).await
}

/// Runs a request that stands in a URL: queries only, since a link must not change anything.
pub(super) async fn get(
    extract::State(state): extract::State<State>,
    Extension(id): Extension<RequestId>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let request = parameters::in_url(query.as_deref());
    run(&state, &id, &headers, peer, request, Operations::Queries).await
}

/// Refuses all other methods.
pub(super) async fn other_method(headers: HeaderMap) -> Response {
    let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "Use POST, or GET for queries.");
    allow(refusal.into_answer(MediaType::wanted(&headers)), "GET, POST")
}

async fn run(
    state: &State,
    id: &RequestId,
    headers: &HeaderMap,
    peer: SocketAddr,
    request: std::result::Result<Request, Refusal>,
    operations: Operations,
) -> Response {
    let Some(media_type) = MediaType::wanted(headers) else {
        let message = "Answers are application/graphql-response+json or application/json.";
        return Refusal::new(StatusCode::NOT_ACCEPTABLE, message).into_answer(None);
    };
    let request = match request {
        Ok(request) => request,
        Err(refusal) => return refusal.into_answer(Some(media_type)),
    };
    let caller = Caller::new(
        Arc::clone(&state.services),
        client::client(headers, peer.ip(), state.trusted_proxies),
        client::viewer(&state.services, headers).await,
        id.as_str().to_owned(),
    );
    into_answer(state.schema.execute(request, caller, operations).await, media_type)
}

/// A request that was run answers 200. One that was not has no data and, for clients that know of
/// it, a status that says so.
fn into_answer(answer: Answer, media_type: MediaType) -> Response {
    let status = match (answer.verdict, media_type) {
        (Verdict::OperationNotAllowed, _) => StatusCode::METHOD_NOT_ALLOWED,
        (Verdict::Run, _) | (_, MediaType::Json) => StatusCode::OK,
        (Verdict::Refused, _) => StatusCode::BAD_REQUEST,
        (Verdict::Unauthenticated, _) => StatusCode::UNAUTHORIZED,
        (Verdict::Unavailable, _) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let retry_after = answer.retry_after();
    let mut response = if answer.verdict == Verdict::Run {
        GraphQLResponse::from(answer.response).into_response()
    } else {
        (status, axum::Json(json!({ "errors": answer.response.errors }))).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type.content_type()));
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    match answer.verdict {
        Verdict::OperationNotAllowed => allow(response, "POST"),
        Verdict::Unauthenticated => {
            let scheme = HeaderValue::from_static("Bearer error=\"invalid_token\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
            response
        }
        _ => response,
    }
}

fn allow(mut response: Response, methods: &'static str) -> Response {
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
    response
}

/// The answer to a request whose handler panicked; the panic itself is on stderr.
pub(super) fn panicked(_: Box<dyn Any + Send + 'static>) -> axum::http::Response<Body> {
    let error = json!({
        "message": "Something went wrong. The server's log has the details.",
        "extensions": { "code": "INTERNAL_SERVER_ERROR" },
    });
    (StatusCode::INTERNAL_SERVER_ERROR, axum::Json(json!({ "errors": [error] }))).into_response()
}
