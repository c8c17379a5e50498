//! The GraphQL endpoint: JSON in, JSON out, and who is asking.

use std::any::Any;
use std::sync::Arc;

use async_graphql::Variables;
use async_graphql_axum::GraphQLResponse;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{self, Extension};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::State;
use super::request_id::RequestId;
use crate::domain::{Error, Result, Viewer};
use crate::graphql::Caller;
use crate::service::{Services, accounts};

/// Runs one GraphQL request.
pub(super) async fn graphql(
    extract::State(state): extract::State<State>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    body: std::result::Result<Bytes, BytesRejection>,
) -> Response {
    let request = match read(&headers, body) {
        Ok(request) => request,
        Err(refusal) => return refusal.into_response(),
    };
    let viewer = viewer(&state.services, &headers).await;
    let caller = Caller::new(Arc::clone(&state.services), viewer, id.as_str().to_owned());
    GraphQLResponse::from(state.schema.execute(request, caller).await).into_response()
}

/// Why a request does not even get to the schema.
struct Refusal(StatusCode, &'static str);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, message) = self;
        let error = json!({ "message": message, "extensions": { "code": "BAD_REQUEST" } });
        (status, axum::Json(json!({ "errors": [error] }))).into_response()
    }
}

fn read(
    headers: &HeaderMap,
    body: std::result::Result<Bytes, BytesRejection>,
) -> std::result::Result<async_graphql::Request, Refusal> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = media_type
        .and_then(|value| value.split(';').next())
        .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"));
    if !is_json {
        return Err(Refusal(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Send the request as application/json.",
        ));
    }
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Refusal(StatusCode::PAYLOAD_TOO_LARGE, "The body is larger than 1 MiB.")
        }
        _ => Refusal(StatusCode::BAD_REQUEST, "The body cannot be read."),
    })?;
    parse(&body).ok_or(Refusal(
        StatusCode::BAD_REQUEST,
        "The body must be a JSON object with query and, if need be, variables and operationName.",
    ))
}

/// A request as GraphQL over HTTP defines it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    query: String,
    variables: Option<Variables>,
    operation_name: Option<String>,
}

fn parse(body: &[u8]) -> Option<async_graphql::Request> {
    // Serde would read a struct from an array too.
    let object = body.trim_ascii_start().first() == Some(&b'{');
    let body: Parameters = object.then(|| serde_json::from_slice(body).ok())??;
    let mut request = async_graphql::Request::new(body.query);
    request.variables = body.variables.unwrap_or_default();
    request.operation_name = body.operation_name;
    Some(request)
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
