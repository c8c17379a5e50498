//! The parameters of a GraphQL request, in a body or in a URL (GraphQL over HTTP, section 5).

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::refusal::Refusal;
use crate::config::Http;
use crate::graphql::{Answer, Request};

/// What a request consists of. Null is the same as leaving out. What may be large is not parsed before it has
/// been counted.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters<'a> {
    query: Option<String>,
    #[serde(borrow)]
    variables: Option<&'a RawValue>,
    operation_name: Option<String>,
    #[serde(borrow)]
    extensions: Option<&'a RawValue>,
}

/// What is known of the object `extensions`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extensions {
    /// The hash of a document, which clients may send in place of its text.
    persisted_query: Option<IgnoredAny>,
}

/// A request that can be run, or the answer to one that asks for too much or for what there is not.
pub(super) type Checked = Result<Request, Box<Answer>>;

impl Parameters<'_> {
    /// `shape` says what they must be.
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
        let Some(query) = self.query else {
            let extensions: Extensions = parse(self.extensions).map_err(|_| malformed())?;
            let hash = extensions.persisted_query.ok_or_else(malformed);
            return hash.map(|_| Err(Box::new(Answer::only_hash())));
        };
        let variables = parse(self.variables).map_err(|_| malformed())?;
        let mut request = Request::new(query).variables(variables);
        request.operation_name = self.operation_name.filter(|name| !name.is_empty());
        Ok(Ok(request))
    }
}

fn parse<'a, T: Default + Deserialize<'a>>(object: Option<&'a RawValue>) -> serde_json::Result<T> {
    object.map_or_else(|| Ok(T::default()), |object| serde_json::from_str(object.get()))
}

/// How many values there are within a JSON text, those of its lists and objects included.
fn values_in(json: &str) -> usize {
    let (mut count, mut just_opened) = (0, false);
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => continue,
            // Before the first value, and between two of them.
            b'[' | b'{' | b',' => count += 1,
            // There was none.
            b']' | b'}' if just_opened => count -= 1,
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
        just_opened = matches!(byte, b'[' | b'{');
    }
    count
}

fn skip_string(bytes: &mut std::str::Bytes<'_>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

/// What a body holds.
#[allow(clippy::large_enum_variant, reason = "there is one for each body, and it is moved once")]
pub(super) enum Requests {
    /// A request.
    One(Checked),
    /// A list of requests.
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
            "Send the request as application/json in UTF-8, not compressed.",
        ));
    }
    let body = body?;
    // RFC 8259 lets a reader pass over a byte order mark.
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&body);
    match body.trim_ascii_start().first() {
        Some(b'{') => one(body, settings.max_values).map(Requests::One),
        Some(b'[') => batch(body, settings).map(Requests::Batch),
        _ => Err(Refusal::bad_request("The body must be a JSON object.")),
    }
}

const BODY: &str = "The body must be a JSON object with the text query and, if need be, the objects variables and extensions and the text operationName.";

fn malformed(_: serde_json::Error) -> Refusal {
    Refusal::bad_request(BODY)
}

/// From an object: Serde would read the parameters from a list too.
fn one(object: &[u8], max_values: usize) -> Result<Checked, Refusal> {
    let parameters: Parameters<'_> = serde_json::from_slice(object).map_err(malformed)?;
    parameters.check(max_values, BODY)
}

fn batch(body: &[u8], Http { max_batch, max_values, .. }: &Http) -> Result<Vec<Checked>, Refusal> {
    if *max_batch == 0 {
        return Err(Refusal::bad_request("Send one request at a time: batches are not taken."));
    }
    let items: Vec<&RawValue> = serde_json::from_slice(body).map_err(malformed)?;
    if !(1..=*max_batch).contains(&items.len()) {
        let message = format!("A batch has 1 to {max_batch} requests; this has {}.", items.len());
        return Err(Refusal::bad_request(message));
    }
    let items = items.into_iter().map(|item| match item.get().as_bytes() {
        object @ [b'{', ..] => one(object, *max_values),
        _ => Err(Refusal::bad_request(BODY)),
    });
    items.collect()
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

/// Whether the body is compressed, which would hide how large it is.
fn is_encoded(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    encodings.any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Reads the URL of a GET.
pub(super) fn in_url(query: Option<&str>, max_values: usize) -> Result<Checked, Refusal> {
    let (mut query_text, mut operation_name) = (None, None);
    let (mut variables, mut extensions) = (None, None);
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let parameter = match &*name {
            "query" => &mut query_text,
            "operationName" => &mut operation_name,
            "variables" => &mut variables,
            "extensions" => &mut extensions,
            _ => continue,
        };
        if parameter.replace(value.into_owned()).is_some() {
            return Err(Refusal::bad_request("Each parameter may stand in the URL once."));
        }
    }
    let (variables, extensions) = (raw(variables.as_deref())?, raw(extensions.as_deref())?);
    let parameters = Parameters { query: query_text, variables, operation_name, extensions };
    parameters.check(max_values, URL)
}

fn raw(json: Option<&str>) -> Result<Option<&RawValue>, Refusal> {
    serde_json::from_str(json.unwrap_or("null"))
        .map_err(|_| Refusal::bad_request("variables and extensions must be JSON objects."))
}

const URL: &str = "The URL must have the parameter query and, if need be, the JSON objects variables and extensions and the text operationName.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted() {
        for (json, expected) in [
            ("{}", 0),
            ("{ }", 0),
            (r#"{"a":1}"#, 1),
            (r#"{"a":[],"b":{}}"#, 2),
            (r#"{"a":[1,[2, 3]], "b": {"c": "x,[\"{,"}}"#, 7),
            (r#"{"a":"\\","b":"\\\"","c":[ "]" , [ ] ]}"#, 5),
        ] {
            assert_eq!(values_in(json), expected, "{json}");
        }
    }
}
