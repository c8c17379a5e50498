//! The parameters of a GraphQL request, in a body or in a URL (GraphQL over HTTP, section 5).

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::refusal::Refusal;
use super::values::values_in;
use crate::config::Http;
use crate::graphql::{Answer, DocumentSource, Request};

/// The parameters of a request; null is the same as absent. `variables` and `extensions` may be large, so
/// they are parsed only after their values have been counted.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters<'a> {
    query: Option<String>,
    document_id: Option<String>,
    #[serde(borrow)]
    variables: Option<&'a RawValue>,
    operation_name: Option<String>,
    #[serde(borrow)]
    extensions: Option<&'a RawValue>,
}

/// The known members of `extensions`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extensions {
    persisted_query: Option<PersistedQuery>,
}

/// The name of a document: its hash, or an ID.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PersistedQuery {
    version: u64,
    sha256_hash: String,
}

/// A request that can be run, or the response to one that has too many values.
pub(super) type Checked = Result<Request, Box<Answer>>;

impl Parameters<'_> {
    /// Checks the parameters. `shape` is the error message that describes the expected form.
    fn check(self, max_values: usize, shape: &'static str) -> Result<Checked, Refusal> {
        let malformed = || Refusal::bad_request(shape);
        let objects = [("variables", self.variables), ("extensions", self.extensions)];
        for (name, object) in objects {
            let text = object.map_or("{}", RawValue::get);
            if !text.starts_with('{') {
                return Err(malformed());
            }
            if values_in(text) > max_values {
                return Ok(Err(Box::new(Answer::too_many_values(name, max_values))));
            }
        }
        let hash = hash_in(self.extensions)?;
        let is_named = self.document_id.is_some() || hash.is_some();
        // The WebSocket client graphql-ws cannot leave `query` out.
        let query = self.query.filter(|text| !(text.is_empty() && is_named));
        let document = match (query, self.document_id, hash) {
            (Some(text), _, Some(hash)) => DocumentSource::Registration { text, hash },
            (Some(text), _, None) => DocumentSource::Text(text),
            (None, Some(id), _) => DocumentSource::Id(id),
            (None, None, Some(hash)) => DocumentSource::Hash(hash),
            (None, None, None) => return Err(malformed()),
        };
        let variables = parse(self.variables).map_err(|_| malformed())?;
        let operation_name = self.operation_name.filter(|name| !name.is_empty());
        Ok(Ok(Request { document, operation_name, variables }))
    }
}

/// The name of a document in `extensions`.
fn hash_in(extensions: Option<&RawValue>) -> Result<Option<String>, Refusal> {
    match parse(extensions) {
        Ok(Extensions { persisted_query: None }) => Ok(None),
        Ok(Extensions { persisted_query: Some(PersistedQuery { version: 1, sha256_hash }) }) => {
            Ok(Some(sha256_hash))
        }
        _ => Err(Refusal::bad_request(
            "extensions.persistedQuery must have the version 1 and the string sha256Hash.",
        )),
    }
}

fn parse<'a, T: Default + Deserialize<'a>>(object: Option<&'a RawValue>) -> serde_json::Result<T> {
    object.map_or_else(|| Ok(T::default()), |object| serde_json::from_str(object.get()))
}

/// The requests in a body.
#[allow(clippy::large_enum_variant, reason = "there is one for each body, and it is moved once")]
pub(super) enum Requests {
    /// A single request.
    One(Checked),
    /// A batch of requests.
    Batch(Vec<Checked>),
}

/// Reads the body of a POST.
pub(super) fn in_body(
    headers: &HeaderMap,
    body: Result<Bytes, Refusal>,
    settings: &Http,
) -> Result<Requests, Refusal> {
    if !is_json(headers) || is_encoded(headers) {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Send the body as uncompressed application/json in UTF-8.",
        ));
    }
    let body = body?;
    // RFC 8259 allows parsers to ignore a byte order mark.
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&body);
    match body.trim_ascii_start().first() {
        Some(b'{') => one(body, settings.max_values).map(Requests::One),
        Some(b'[') => batch(body, settings).map(Requests::Batch),
        _ => Err(Refusal::bad_request("The body must be a JSON object.")),
    }
}

const BODY: &str = "The body must be a JSON object with the string query or documentId and, optionally, the objects variables and extensions and the string operationName.";

fn malformed(error: &serde_json::Error) -> Refusal {
    if error.is_data() {
        return Refusal::bad_request(BODY);
    }
    let (line, column) = (error.line(), error.column());
    Refusal::bad_request(format!("The body is not valid JSON (line {line}, column {column})."))
}

/// Parses an object. (The caller has checked for `{`, because Serde would also read the parameters from a
/// list.)
fn one(object: &[u8], max_values: usize) -> Result<Checked, Refusal> {
    let parameters: Parameters<'_> =
        serde_json::from_slice(object).map_err(|error| malformed(&error))?;
    parameters.check(max_values, BODY)
}

fn batch(body: &[u8], Http { max_batch, max_values, .. }: &Http) -> Result<Vec<Checked>, Refusal> {
    if *max_batch == 0 {
        return Err(Refusal::bad_request("Batches are not enabled. Send one request at a time."));
    }
    let items: Vec<&RawValue> = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
    if !(1..=*max_batch).contains(&items.len()) {
        let message =
            format!("A batch must have 1 to {max_batch} requests; this one has {}.", items.len());
        return Err(Refusal::bad_request(message));
    }
    let items = items.into_iter().map(|item| match item.get().as_bytes() {
        object @ [b'{', ..] => one(object, *max_values),
        _ => Err(Refusal::bad_request(BODY)),
    });
    items.collect()
}

/// Whether the content type is JSON, in UTF-8 if a charset is given.
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

/// Whether the body is compressed, which would hide its real size.
fn is_encoded(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    encodings.any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Reads the parameters in a message of a WebSocket, an object.
pub(super) fn in_message(object: &[u8], max_values: usize) -> Result<Checked, Refusal> {
    one(object, max_values)
}

/// Reads the parameters in the URL of a GET.
pub(super) fn in_url(query: Option<&str>, max_values: usize) -> Result<Checked, Refusal> {
    let (mut query_text, mut document_id, mut operation_name) = (None, None, None);
    let (mut variables, mut extensions) = (None, None);
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let parameter = match &*name {
            "query" => &mut query_text,
            "documentId" => &mut document_id,
            "operationName" => &mut operation_name,
            "variables" => &mut variables,
            "extensions" => &mut extensions,
            _ => continue,
        };
        if parameter.replace(value.into_owned()).is_some() {
            return Err(Refusal::bad_request("Each parameter may appear in the URL only once."));
        }
    }
    let (variables, extensions) = (raw(variables.as_deref())?, raw(extensions.as_deref())?);
    let query = query_text;
    let parameters = Parameters { query, document_id, variables, operation_name, extensions };
    parameters.check(max_values, URL)
}

fn raw(json: Option<&str>) -> Result<Option<&RawValue>, Refusal> {
    serde_json::from_str(json.unwrap_or("null"))
        .map_err(|_| Refusal::bad_request("variables and extensions must be JSON objects."))
}

const URL: &str = "The URL must have the parameter query or documentId and, optionally, the JSON objects variables and extensions and the string operationName.";
