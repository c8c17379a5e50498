//! Custom scalars of the schema.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::Utc;

use crate::domain::Timestamp;

/// A point in time in the API.
#[derive(Clone, Copy)]
pub(super) struct DateTime(pub(super) Timestamp);

/// An RFC 3339 timestamp in UTC with at most microseconds, e.g. `2026-01-31T12:00:00.123456Z`.
#[Scalar(name = "DateTime", specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        let time = chrono::DateTime::parse_from_rfc3339(text)?;
        Ok(Self(time.with_timezone(&Utc).into()))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// Converts a count or a version to an Int of 32 bits; larger values become the largest Int.
pub(super) fn int(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

impl From<Timestamp> for DateTime {
    fn from(time: Timestamp) -> Self {
        Self(time)
    }
}
