//! The messages and close codes of the subprotocol `graphql-transport-ws`
//! (<https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::http::client::bearer;

/// The name of the subprotocol.
pub(super) const NAME: &str = "graphql-transport-ws";

/// Why the server closes a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Close {
    pub(super) code: u16,
    pub(super) reason: &'static str,
}

impl Close {
    pub(super) const RESTART: Self = Self { code: 1012, reason: "Service restart" };
    pub(super) const TRY_AGAIN: Self = Self { code: 1013, reason: "Try again later" };
    pub(super) const TOO_BIG: Self = Self { code: 1009, reason: "Message too big" };
    pub(super) const NOT_UTF8: Self = Self { code: 1007, reason: "Text must be UTF-8" };
    pub(super) const BINARY: Self = Self::invalid("Messages must be text");
    pub(super) const BAD_REQUEST: Self = Self::invalid("The payload is not a GraphQL request");
    pub(super) const UNAUTHORIZED: Self = Self { code: 4401, reason: "Unauthorized" };
    pub(super) const FORBIDDEN: Self = Self { code: 4403, reason: "Forbidden" };
    pub(super) const NO_PROTOCOL: Self = Self { code: 4406, reason: "Subprotocol not acceptable" };
    pub(super) const NO_INIT: Self =
        Self { code: 4408, reason: "Connection initialisation timeout" };
    pub(super) const DUPLICATE: Self =
        Self { code: 4409, reason: "Subscriber for this id already exists" };
    pub(super) const INIT_TWICE: Self =
        Self { code: 4429, reason: "Too many initialisation requests" };

    const fn invalid(reason: &'static str) -> Self {
        Self { code: 4400, reason }
    }
}

/// A message from a client.
pub(super) enum Message<'m> {
    /// The payload, if there is one.
    Init(Option<&'m RawValue>),
    Ping,
    Pong,
    Subscribe {
        id: Cow<'m, str>,
        request: &'m RawValue,
    },
    Complete {
        id: Cow<'m, str>,
    },
}

#[derive(Deserialize)]
struct Fields<'m> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'m, str>,
    #[serde(borrow)]
    id: Option<Cow<'m, str>>,
    #[serde(borrow)]
    payload: Option<&'m RawValue>,
}

impl<'m> Message<'m> {
    /// Reads a message; an error with the code 4400 if it is not one.
    pub(super) fn parse(text: &'m str) -> Result<Self, Close> {
        let invalid = || Close::invalid("Messages are JSON objects with the string type");
        // serde would read the fields from a list too.
        if !text.trim_start().starts_with('{') {
            return Err(invalid());
        }
        let fields: Fields<'m> = serde_json::from_str(text).map_err(|_| invalid())?;
        let payload = fields.payload;
        let id = fields.id.filter(|id| !id.is_empty());
        let no_id = || Close::invalid("The message needs an id, a string that is not empty");
        if let ("connection_init" | "ping" | "pong" | "subscribe", Some(payload)) =
            (&*fields.kind, payload)
            && !payload.get().starts_with('{')
        {
            return Err(Close::invalid("The payload must be an object"));
        }
        match &*fields.kind {
            "connection_init" => Ok(Self::Init(payload)),
            "ping" => Ok(Self::Ping),
            "pong" => Ok(Self::Pong),
            "subscribe" => Ok(Self::Subscribe {
                id: id.ok_or_else(no_id)?,
                request: payload.ok_or(Close::invalid("The message needs a payload"))?,
            }),
            "complete" => Ok(Self::Complete { id: id.ok_or_else(no_id)? }),
            _ => Err(Close::invalid("The type of the message is unknown")),
        }
    }
}

/// The payload of `connection_init`; members that it does not know are ignored.
#[derive(Default, Deserialize)]
struct Init<'m> {
    #[serde(borrow, alias = "Authorization")]
    authorization: Option<Cow<'m, str>>,
}

/// The value for `Authorization` in the payload of `connection_init`. Not FORBIDDEN without the scheme,
/// because clients would try again with the same value.
pub(super) fn authorization(payload: Option<&RawValue>) -> Result<Option<String>, Close> {
    let init: Init<'_> = serde_json::from_str(payload.map_or("{}", RawValue::get))
        .map_err(|_| Close::invalid("authorization must be a string"))?;
    match init.authorization {
        Some(value) if bearer(&value).is_none() => {
            Err(Close::invalid("authorization must be \"Bearer\", a space and the access token"))
        }
        authorization => Ok(authorization.map(Cow::into_owned)),
    }
}

pub(super) const ACK: &str = r#"{"type":"connection_ack"}"#;
pub(super) const PONG: &str = r#"{"type":"pong"}"#;

/// The ID of an operation as JSON, which the messages of the operation begin with.
pub(super) fn quoted(id: &str) -> String {
    serde_json::Value::from(id).to_string()
}

/// `next`, with a quoted ID and an execution result as JSON.
pub(super) fn next(id: &str, result: &str) -> String {
    with_payload("next", id, result)
}

/// What comes before and after the execution result in `next`.
pub(super) fn around_next(id: &str) -> (String, &'static str) {
    let mut before = next(id, "");
    before.pop();
    (before, "}")
}

/// `error`, with a quoted ID and a list of errors as JSON.
pub(super) fn error(id: &str, errors: &str) -> String {
    with_payload("error", id, errors)
}

/// `complete`, with a quoted ID.
pub(super) fn complete(id: &str) -> String {
    format!(r#"{{"id":{id},"type":"complete"}}"#)
}

fn with_payload(kind: &str, id: &str, payload: &str) -> String {
    let mut message = String::with_capacity(payload.len() + id.len() + 48);
    for part in [r#"{"id":"#, id, r#","type":""#, kind, r#"","payload":"#, payload, "}"] {
        message.push_str(part);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_message_is_4400() {
        for text in [
            "",
            "x",
            "[]",
            r#""ping""#,
            "{}",
            r#"{"type":1}"#,
            r#"{"type":"x"}"#,
            r#"{"type":"ping","payload":1}"#,
            r#"{"type":"connection_init","payload":[]}"#,
            r#"{"type":"subscribe","payload":{}}"#,
            r#"{"type":"subscribe","id":"","payload":{}}"#,
            r#"{"type":"subscribe","id":1,"payload":{}}"#,
            r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"complete"}"#,
        ] {
            assert_eq!(Message::parse(text).err().map(|close| close.code), Some(4400), "{text}");
        }
        assert!(matches!(Message::parse(r#"{"type":"ping"}"#), Ok(Message::Ping)));
        assert!(matches!(Message::parse(r#"{"payload":{},"type":"pong"}"#), Ok(Message::Pong)));
        let subscribe = r#"{"id":"a\"b","type":"subscribe","payload":{"query":"{a}"}}"#;
        let Ok(Message::Subscribe { id, request }) = Message::parse(subscribe) else { panic!() };
        assert_eq!((&*id, request.get()), ("a\"b", r#"{"query":"{a}"}"#));
        assert_eq!(complete(&quoted(&id)), r#"{"id":"a\"b","type":"complete"}"#);
        let (before, after) = around_next(&quoted(&id));
        assert_eq!(format!("{before}{{}}{after}"), next(&quoted(&id), "{}"));
    }
}
