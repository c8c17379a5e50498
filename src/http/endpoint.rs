//! The GraphQL endpoint, as the specification of GraphQL over HTTP has it.

use std::any::Any;
use std::sync::Arc;

use async_graphql_axum::GraphQLResponse;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{self, Extension, RawQuery};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::State;
use super::media_type::MediaType;
use super::parameters;
use super::refusal::Refusal;
use super::request_id::RequestId;
use crate::domain::{Error, Result, Viewer};
use crate::graphql::{Answer, Caller, Operations, Request, Verdict};
use crate::service::{Services, accounts};

/// Runs a request that was sent in a body.
pub(super) async fn post(
    extract::State(state): extract::State<State>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    body: std::result::Result<Bytes, BytesRejection>,
) -> Response {
    let request = parameters::in_body(&headers, body);
    run(&state, &id, &headers, request, Operations::All).await
}

/// Runs a request that stands in a URL: queries only, since a link must not change anything.
pub(super) async fn get(
    extract::State(state): extract::State<State>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let request = parameters::in_url(query.as_deref());
    run(&state, &id, &headers, request, Operations::Queries).await
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
    let viewer = viewer(&state.services, headers).await;
    let caller = Caller::new(Arc::clone(&state.services), viewer, id.as_str().to_owned());
    into_answer(state.schema.execute(request, caller, operations).await, media_type)
}

/// A request that was run answers 200. One that was not has no data and, for clients that know of
/// it, a status that says so.
fn into_answer(answer: Answer, media_type: MediaType) -> Response {
    let errors = || axum::Json(json!({ "errors": answer.response.errors }));
    let mut response = match (answer.verdict, media_type) {
        (Verdict::Run, _) => GraphQLResponse::from(answer.response).into_response(),
        (Verdict::OperationNotAllowed, _) => {
            allow((StatusCode::METHOD_NOT_ALLOWED, errors()).into_response(), "POST")
        }
        (Verdict::Refused, MediaType::GraphqlResponse) => {
            (StatusCode::BAD_REQUEST, errors()).into_response()
        }
        (Verdict::Refused, MediaType::Json) => errors().into_response(),
    };
    let content_type = HeaderValue::from_static(media_type.content_type());
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

fn allow(mut response: Response, methods: &'static str) -> Response {
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
    response
}

/// The account behind the bearer token; UNAUTHENTICATED without one.
async fn viewer(services: &Services, headers: &HeaderMap) -> Result<Viewer> {
    let value = headers.get(header::AUTHORIZATION).ok_or(Error::Unauthenticated)?;
    let token = value.to_str().ok().and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    accounts::authenticate(services, token.ok_or(Error::Unauthenticated)?).await
}

/// The answer to a request whose handler panicked; the panic itself is on stderr.
pub(super) fn panicked(_: Box<dyn Any + Send + 'static>) -> axum::http::Response<Body> {
    let error = json!({
        "message": "Something went wrong. The server's log has the details.",
        "extensions": { "code": "INTERNAL_SERVER_ERROR" },
    });
    (StatusCode::INTERNAL_SERVER_ERROR, axum::Json(json!({ "errors": [error] }))).into_response()
}
