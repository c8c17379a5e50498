//! Cursors: the position of an entity in a list, as text.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::domain::{Direction, Position, Result, SortValue, Timestamp, rejection};
use crate::store::{Sort, ValueKind};

/// The maximum length of a cursor in bytes. Cursors of this server are shorter: the longest holds a title
/// of 500 characters.
const MAX_CURSOR: usize = 16 * 1024;

/// The version of the cursor format. A new version invalidates all existing cursors.
const CURSOR_VERSION: u64 = 2;

/// Encodes the cursor of an entity: format version, list, order, sort values and key.
pub(in crate::graphql::schema) fn cursor<T>(sort: Sort<T>, entity: &T) -> String {
    let value = |value: &SortValue| match value {
        SortValue::Number(number) => json!(number),
        SortValue::Text(text) => json!(text),
        SortValue::Time(time) => json!(time.micros()),
    };
    let Position { values, key } = sort.position(entity);
    let values: Vec<_> = values.iter().map(value).collect();
    let fields = json!([CURSOR_VERSION, sort.order.list, order_name(sort), values, key]);
    BASE64URL_NOPAD.encode(fields.to_string().as_bytes())
}

fn order_name<T>(sort: Sort<T>) -> String {
    let direction = match sort.direction {
        Direction::Ascending => "ASC",
        Direction::Descending => "DESC",
    };
    format!("{} {direction}", sort.order.name)
}

/// The position that a cursor encodes. A cursor belongs to one list and order; others are rejected.
pub(super) fn decode<T>(sort: Sort<T>, cursor: &str) -> Result<Position> {
    parse(sort, cursor).ok_or_else(rejection::invalid_cursor)
}

fn parse<T>(sort: Sort<T>, cursor: &str) -> Option<Position> {
    if cursor.len() > MAX_CURSOR {
        return None;
    }
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
    let [version, list, order, values, key] = serde_json::from_slice::<[Value; 5]>(&bytes).ok()?;
    if version != CURSOR_VERSION || list != sort.order.list || order != order_name(sort) {
        return None;
    }
    let values = values.as_array().filter(|values| values.len() == sort.kinds().len())?;
    let values = sort.kinds().zip(values).map(|(kind, value)| parse_value(kind, value));
    Some(Position { values: values.collect::<Option<_>>()?, key: key.as_i64()? })
}

fn parse_value(kind: ValueKind, value: &Value) -> Option<SortValue> {
    Some(match kind {
        ValueKind::Number => SortValue::Number(value.as_i64()?),
        // PostgreSQL rejects NUL characters, and no cursor of this server contains one.
        ValueKind::Text => {
            SortValue::Text(value.as_str().filter(|text| !text.contains('\0'))?.to_owned())
        }
        ValueKind::Time => SortValue::Time(Timestamp::from_micros(value.as_i64()?)?),
    })
}
