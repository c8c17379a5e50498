//! Scalars of the schema.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::Utc;

use crate::domain::Timestamp;

/// A point in time in the API.
#[derive(Clone, Copy)]
pub(super) struct DateTime(pub(super) Timestamp);

/// RFC 3339 in UTC with at most microseconds, e.g. `2026-01-31T12:00:00.123456Z`.
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

/// A count or a version as an Int, which has 32 bits; what is larger than any is the largest.
pub(super) fn int(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

impl From<Timestamp> for DateTime {
    fn from(time: Timestamp) -> Self {
        Self(time)
    }
}
