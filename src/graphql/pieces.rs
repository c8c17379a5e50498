//! Serializes responses to JSON, a piece at a time, so that the sender of the pieces can yield in between. Most rows are
//! JSON already (`engine/json.rs`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::vec;

use async_graphql::indexmap::map;
use async_graphql::{Name, Response, Value};
use bytes::Bytes;
use serde::Serialize;

use super::engine::{Answer, Budget, Transfer, Verdict, json};

/// The minimum size of a piece in bytes, except the last one. A piece exceeds it by one text at most.
const PIECE: usize = 32 * 1024;

/// Most responses are no longer than this number of bytes.
const SMALL: usize = 512;

/// The JSON of a response, or of the responses to a batch, in pieces. It holds their memory until
/// it is dropped.
pub struct Pieces {
    /// The parts still to be written, the next one at the end.
    rest: Vec<Part>,
    /// Whether a comma is needed before the next entry of a list or an object.
    comma: bool,
    /// Ends before the memory is free.
    transfer: Option<Transfer>,
    memory: Vec<Arc<Budget>>,
}

impl Answer {
    /// The response as JSON. (Use [`Pieces`] for a long response that is sent immediately.)
    pub fn into_json(self) -> String {
        let (mut pieces, mut out) = (Pieces::of(self), Vec::with_capacity(SMALL));
        while let Some(part) = pieces.rest.pop() {
            pieces.write(part, &mut out);
        }
        String::from_utf8(out).unwrap_or_default()
    }

    /// The errors of the response as JSON.
    pub fn errors_as_json(&self) -> String {
        serde_json::to_string(&self.response.errors).unwrap_or_else(|_| "[]".into())
    }
}

/// A part of the JSON text.
enum Part {
    Text(&'static str),
    Answer(Box<Answer>),
    Answers(vec::IntoIter<Answer>),
    Items(vec::IntoIter<Value>),
    Fields(map::IntoIter<Name, Value>),
    /// Text that is JSON already.
    Raw(Bytes),
    /// The `extensions` after the data, and the end of the response.
    Extensions(BTreeMap<String, Value>),
}

impl Pieces {
    /// The response to one request.
    pub fn of(mut answer: Answer) -> Self {
        let memory = answer.memory.take().into_iter().collect();
        // A small response has two parts at a time.
        let mut rest = Vec::with_capacity(2);
        rest.push(Part::Answer(Box::new(answer)));
        Self { rest, comma: false, memory, transfer: None }
    }

    /// The responses to a batch.
    pub fn of_batch(mut answers: Vec<Answer>) -> Self {
        let memory = answers.iter_mut().filter_map(|answer| answer.memory.take()).collect();
        let rest = vec![Part::Text("]"), Part::Answers(answers.into_iter()), Part::Text("[")];
        Self { rest, comma: false, memory, transfer: None }
    }

    /// Begins to send the pieces. `close` closes the connection if its client reads slowly and others need the memory.
    pub fn begin_transfer(&mut self, close: impl Fn() + Send + 'static) {
        self.transfer = Budget::transfer(&self.memory, close);
    }

    /// Whether all pieces have been returned.
    pub fn is_finished(&self) -> bool {
        self.rest.is_empty()
    }

    fn write(&mut self, part: Part, out: &mut Vec<u8>) {
        match part {
            Part::Text(text) => out.extend_from_slice(text.as_bytes()),
            Part::Answer(answer) => self.write_answer(*answer, out),
            Part::Answers(mut answers) => {
                if let Some(answer) = answers.next() {
                    self.rest.push(Part::Answers(answers));
                    self.separate(out);
                    self.write_answer(answer, out);
                }
            }
            Part::Items(mut items) => {
                while let Some(item) = items.next() {
                    self.separate(out);
                    let inner = self.begin(item, out);
                    if inner.is_some() || out.len() >= PIECE {
                        self.rest.push(Part::Items(items));
                        return self.rest.extend(inner);
                    }
                }
                self.close(b']', out);
            }
            Part::Fields(mut fields) => {
                while let Some((name, value)) = fields.next() {
                    self.separate(out);
                    json::write_key(&name, out);
                    let inner = self.begin(value, out);
                    if inner.is_some() || out.len() >= PIECE {
                        self.rest.push(Part::Fields(fields));
                        return self.rest.extend(inner);
                    }
                }
                self.close(b'}', out);
            }
            Part::Raw(mut json) => {
                // Up to the end of the piece. (`into_json` writes all pieces into one text.)
                let room = PIECE - out.len() % PIECE;
                out.extend_from_slice(&json.split_to(room.min(json.len())));
                if !json.is_empty() {
                    self.rest.push(Part::Raw(json));
                }
                self.comma = true;
            }
            Part::Extensions(extensions) => {
                if !extensions.is_empty() {
                    out.extend_from_slice(b",\"extensions\":");
                    write_json(&extensions, out);
                }
                self.close(b'}', out);
            }
        }
    }

    /// Writes a response. If the request was not run, it has no `data`.
    fn write_answer(&mut self, answer: Answer, out: &mut Vec<u8>) {
        let Response { errors, data, extensions, .. } = answer.response;
        out.push(b'{');
        self.comma = false;
        if !errors.is_empty() {
            out.extend_from_slice(b"\"errors\":");
            write_json(&errors, out);
            self.comma = true;
        }
        if answer.verdict == Verdict::Run {
            self.separate(out);
            out.extend_from_slice(b"\"data\":");
            self.rest.push(Part::Extensions(extensions));
            let inner = self.begin(data, out);
            self.rest.extend(inner);
        } else {
            self.close(b'}', out);
        }
    }

    /// Writes a scalar, or the opening bracket of a list or an object. Returns what is inside the
    /// brackets.
    fn begin(&mut self, value: Value, out: &mut Vec<u8>) -> Option<Part> {
        self.comma = false;
        match value {
            Value::List(items) => {
                out.push(b'[');
                Some(Part::Items(items.into_iter()))
            }
            Value::Object(fields) => {
                out.push(b'{');
                Some(Part::Fields(fields.into_iter()))
            }
            Value::Binary(json) => Some(Part::Raw(json)),
            leaf => {
                json::write(&leaf, out);
                self.comma = true;
                None
            }
        }
    }

    fn separate(&self, out: &mut Vec<u8>) {
        if self.comma {
            out.push(b',');
        }
    }

    fn close(&mut self, bracket: u8, out: &mut Vec<u8>) {
        out.push(bracket);
        self.comma = true;
    }
}

impl Iterator for Pieces {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(PIECE + PIECE / 4);
        while out.len() < PIECE
            && let Some(part) = self.rest.pop()
        {
            self.write(part, &mut out);
        }
        (!out.is_empty()).then_some(out)
    }
}

/// Serializes a small value. This cannot fail: writing to a vector does not, and all keys are strings.
fn write_json(value: &impl Serialize, out: &mut Vec<u8>) {
    let _ = serde_json::to_writer(out, value);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_graphql::indexmap::IndexMap;
    use async_graphql::{Response, ServerError};
    use serde_json::json;

    use super::*;
    use crate::graphql::engine::{Memory, RequestState};

    fn answer(data: Value, errors: Vec<ServerError>, verdict: Verdict) -> Answer {
        let mut response = Response::new(data);
        response.errors = errors;
        Answer::new(response, verdict)
    }

    fn text(pieces: Pieces) -> String {
        String::from_utf8(pieces.flatten().collect()).unwrap()
    }

    fn data() -> Value {
        let rows: Vec<_> =
            (0..3000).map(|n| json!({ "id": format!("card_{n}"), "n": n })).collect();
        Value::from_json(json!({
            "empty": { "list": [], "object": {} },
            "nested": [[], [[1, -2.5]], [{ "a": null }, true]],
            "text": "\"quotes\" \\ \n \u{1} é 😀",
            "rows": rows,
        }))
        .unwrap()
    }

    #[test]
    fn pieces_are_what_serde_would_write() {
        let mut error = ServerError::new("wrong", None);
        error.path = vec![async_graphql::PathSegment::Field("a".into())];
        let leaf = Value::String("x".repeat(100_000));
        for data in [Value::Null, data(), leaf, Value::List(vec![])] {
            for errors in [vec![], vec![error.clone()]] {
                let expected = answer(data.clone(), errors.clone(), Verdict::Run).response;
                let expected = serde_json::to_string(&expected).unwrap();
                let pieces = Pieces::of(answer(data.clone(), errors.clone(), Verdict::Run));
                assert_eq!(text(pieces), expected);
                let one = || answer(data.clone(), errors.clone(), Verdict::Run);
                let two = Pieces::of_batch(vec![one(), one()]);
                assert_eq!(text(two), format!("[{expected},{expected}]"));
            }
        }
        let mut extended = answer(data(), vec![], Verdict::Run);
        extended.response.extensions.insert("x".into(), Value::from(1));
        let expected = serde_json::to_string(&extended.response).unwrap();
        assert_eq!(text(Pieces::of(extended)), expected);
    }

    #[test]
    fn json_is_written_as_it_is() {
        let rows = (0..5000).map(|n| format!(r#"{{"n":{n}}}"#)).collect::<Vec<_>>().join(",");
        let raw = |json: &str| Value::Binary(json.to_owned().into());
        let list = Value::List(vec![raw(&rows), Value::from(1), raw("2"), Value::List(vec![])]);
        let data = [(Name::new("a"), list), (Name::new("b"), raw("{}"))].into_iter().collect();
        let one = || answer(Value::Object(IndexMap::clone(&data)), vec![], Verdict::Run);
        let expected = format!(r#"{{"data":{{"a":[{rows},1,2,[]],"b":{{}}}}}}"#);
        let pieces: Vec<_> = Pieces::of(one()).collect();
        assert!(pieces.iter().all(|piece| piece.len() < PIECE + 100) && pieces.len() > 1);
        assert_eq!(String::from_utf8(pieces.concat()).unwrap(), expected);
        assert_eq!(one().into_json(), expected);
        let two = Pieces::of_batch(vec![one(), one()]);
        assert_eq!(text(two), format!("[{expected},{expected}]"));
    }

    #[test]
    fn what_was_not_run_has_no_data() {
        let refused =
            || answer(Value::Null, vec![ServerError::new("wrong", None)], Verdict::Refused);
        let expected = r#"{"errors":[{"message":"wrong"}]}"#;
        assert_eq!(text(Pieces::of(refused())), expected);
        let batch = Pieces::of_batch(vec![refused(), refused()]);
        assert_eq!(text(batch), format!("[{expected},{expected}]"));
    }

    #[test]
    fn pieces_are_small_and_hold_the_memory_until_the_last() {
        let memory = Arc::new(Memory::new(0));
        let budget = Arc::clone(&RequestState::new(memory, 0).budget);
        let mut large = answer(data(), vec![], Verdict::Run);
        large.memory = Some(Arc::clone(&budget));
        let mut pieces = Pieces::of(large);
        let mut sizes = Vec::new();
        while let Some(piece) = pieces.next() {
            assert_eq!(Arc::strong_count(&budget), 2);
            sizes.push(piece.len());
            assert_eq!(pieces.is_finished(), piece.len() < PIECE);
        }
        assert!(sizes.len() > 2 && sizes.iter().all(|size| *size < PIECE + 100), "{sizes:?}");
        drop(pieces);
        assert_eq!(Arc::strong_count(&budget), 1);
    }
}
