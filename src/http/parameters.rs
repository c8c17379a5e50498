//! The parameters of a GraphQL request, in a body or in a URL (GraphQL over HTTP, section 5).

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::refusal::Refusal;
use crate::config::Http;
use crate::graphql::{Request, Variables};

/// What a request consists of. Null is the same as leaving out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    query: String,
    variables: Option<Variables>,
    operation_name: Option<String>,
    /// Must be an object, and is of no use here.
    #[serde(rename = "extensions")]
    _extensions: Option<Map<String, Value>>,
}

impl From<Parameters> for Request {
    fn from(parameters: Parameters) -> Self {
        let Parameters { query, variables, operation_name, .. } = parameters;
        let mut request = Self::new(query).variables(variables.unwrap_or_default());
        request.operation_name = operation_name;
        request
    }
}

/// What a body holds.
#[allow(clippy::large_enum_variant, reason = "there is one for each body, and it is moved once")]
pub(super) enum Requests {
    /// A request.
    One(Request),
    /// A list of requests.
    Batch(Vec<Request>),
}

/// Reads the body of a POST.
pub(super) fn in_body(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
    settings: &Http,
) -> Result<Requests, Refusal> {
    if !is_json(headers) {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Send the request as application/json in UTF-8.",
        ));
    }
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The body is larger than {} KiB.", settings.max_body / 1024),
        ),
        _ => Refusal::bad_request("The body cannot be read."),
    })?;
    match body.trim_ascii_start().first() {
        Some(b'{') => parse(&body).map(|one: Parameters| Requests::One(one.into())),
        Some(b'[') => batch(&body, settings.max_batch).map(Requests::Batch),
        _ => Err(Refusal::bad_request("The body must be a JSON object.")),
    }
}

const BODY: &str = "The body must be a JSON object with the text query and, if need be, the objects variables and extensions and the text operationName.";

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::bad_request(BODY))
}

/// From an object, since Serde would read a struct from an array too. `shape` says what it must be.
fn request_of(object: Map<String, Value>, shape: &'static str) -> Result<Request, Refusal> {
    serde_json::from_value::<Parameters>(Value::Object(object))
        .map(Into::into)
        .map_err(|_| Refusal::bad_request(shape))
}

fn batch(body: &[u8], max: usize) -> Result<Vec<Request>, Refusal> {
    if max == 0 {
        return Err(Refusal::bad_request("Send one request at a time: batches are not taken."));
    }
    let objects: Vec<Map<String, Value>> = parse(body)?;
    if !(1..=max).contains(&objects.len()) {
        let message = format!("A batch has 1 to {max} requests; this has {}.", objects.len());
        return Err(Refusal::bad_request(message));
    }
    objects.into_iter().map(|object| request_of(object, BODY)).collect()
}

/// JSON, in UTF-8 if it says so at all.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let mut parts = value.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    media_type.eq_ignore_ascii_case("application/json")
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
                value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        })
}

/// Reads the URL of a GET.
pub(super) fn in_url(query: Option<&str>) -> Result<Request, Refusal> {
    let mut found = Map::new();
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let value = match &*name {
            "query" | "operationName" => Value::from(value.into_owned()),
            "variables" | "extensions" => serde_json::from_str(&value).map_err(|_| {
                Refusal::bad_request("variables and extensions must be JSON objects.")
            })?,
            _ => continue,
        };
        if found.insert(name.into_owned(), value).is_some() {
            return Err(Refusal::bad_request("Each parameter may stand in the URL once."));
        }
    }
    request_of(found, URL)
}

const URL: &str = "The URL must have the parameter query and, if need be, the JSON objects variables and extensions and the text operationName.";
