//! The GraphQL endpoint, as the specification of GraphQL over HTTP has it.

use std::any::Any;
use std::net::SocketAddr;

use async_graphql_axum::GraphQLResponse;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{self, ConnectInfo, Extension, RawQuery};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::media_type::MediaType;
use super::parameters::{self, Requests};
use super::refusal::Refusal;
use super::request_id::RequestId;
use super::{State, client};
use crate::graphql::{Answer, Operations, Verdict};

/// Who has sent a request.
type Asker = (Extension<RequestId>, ConnectInfo<SocketAddr>, HeaderMap);

/// Runs what was sent in a body.
pub(super) async fn post(
    extract::State(state): extract::State<State>,
    asker: Asker,
    body: std::result::Result<Bytes, BytesRejection>,
) -> Response {
    let requests = parameters::in_body(&asker.2, body, &state.settings);
    // In a box, since the layers around it would move all of it from one to the next.
    Box::pin(run(&state, &asker, requests, Operations::All)).await
}

/// Runs a request that stands in a URL: queries only, since a link must not change anything.
pub(super) async fn get(
    extract::State(state): extract::State<State>,
    asker: Asker,
    RawQuery(query): RawQuery,
) -> Response {
    let request = parameters::in_url(query.as_deref()).map(Requests::One);
    Box::pin(run(&state, &asker, request, Operations::Queries)).await
}

/// Refuses all other methods.
pub(super) async fn other_method(headers: HeaderMap) -> Response {
    let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "Use POST, or GET for queries.");
    allow(refusal.into_answer(MediaType::wanted(&headers)), "GET, POST")
}

async fn run(
    state: &State,
    (Extension(id), ConnectInfo(peer), headers): &Asker,
    requests: std::result::Result<Requests, Refusal>,
    operations: Operations,
) -> Response {
    let Some(media_type) = MediaType::wanted(headers) else {
        let message = "Answers are application/graphql-response+json or application/json.";
        return Refusal::new(StatusCode::NOT_ACCEPTABLE, message).into_answer(None);
    };
    let requests = match requests {
        Ok(requests) => requests,
        Err(refusal) => return refusal.into_answer(Some(media_type)),
    };
    let client = client::client(headers, peer.ip(), state.settings.trusted_proxies);
    let execute = async |request| {
        // Anew for each: the one before may have ended the session.
        let viewer = client::viewer(&state.services, headers).await;
        let caller = state.schema.caller(client.clone(), viewer, id.as_str().to_owned());
        state.schema.execute(request, caller, operations).await
    };
    match requests {
        Requests::One(request) => into_answer(execute(request).await, media_type),
        Requests::Batch(requests) => {
            let mut answers = Vec::with_capacity(requests.len());
            // One after the other, as if they had been sent so.
            for request in requests {
                answers.push(execute(request).await);
            }
            into_answers(answers, media_type)
        }
    }
}

/// The answers to a batch: a list, with the status of a list that was answered.
fn into_answers(answers: Vec<Answer>, media_type: MediaType) -> Response {
    let retry_after = answers.iter().filter_map(Answer::retry_after).max();
    let answers = answers.into_iter().map(|answer| match answer.verdict {
        Verdict::Run => json!(answer.response),
        _ => json!({ "errors": answer.response.errors }),
    });
    let response = axum::Json(answers.collect::<Vec<_>>()).into_response();
    with_headers(response, media_type, retry_after)
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
    response = with_headers(response, media_type, retry_after);
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

fn with_headers(
    mut response: Response,
    media_type: MediaType,
    retry_after: Option<u64>,
) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type.content_type()));
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn allow(mut response: Response, methods: &'static str) -> Response {
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
    response
}

/// The answer to a request whose handler panicked; the panic itself is on stderr.
pub(super) fn panicked(_: Box<dyn Any + Send + 'static>) -> axum::http::Response<Body> {
    Refusal::internal().into_answer(None)
}
