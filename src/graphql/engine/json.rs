//! Values of a response that are JSON text already.
//!
//! Rows are written as JSON when they are resolved, instead of as a tree of values that would be written and freed later.
//! async-graphql has no value for such text, so it is a `Binary`, which no type of a schema of this engine has.

use async_graphql::Value;

/// The maximum capacity that a value does not use, in bytes.
pub(super) const MAX_SPARE: usize = 512;

/// A value that is written as this JSON text. In a list, the text may be several values with commas between them.
pub(in crate::graphql) fn raw(mut json: Vec<u8>) -> Value {
    if json.capacity() - json.len() > MAX_SPARE {
        json.shrink_to_fit();
    }
    Value::Binary(json.into())
}

/// Writes a value as JSON.
pub(in crate::graphql) fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Binary(json) => out.extend_from_slice(json),
        Value::List(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            out.push(b'{');
            for (index, (name, value)) in fields.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_key(name, out);
                write(value, out);
            }
            out.push(b'}');
        }
        // This cannot fail: writing to a vector does not.
        leaf => serde_json::to_writer(out, leaf).unwrap_or_default(),
    }
}

/// Writes the key of a field. GraphQL names need no escapes.
pub(in crate::graphql) fn write_key(name: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}
