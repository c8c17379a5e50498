//! From what clients write to parsed values; every error names its field.

use async_graphql::ID;

use crate::domain::{At, Error, PublicId, Result};

/// The key behind an id in a mutation's input.
pub(super) fn id<T: PublicId>(id: &ID, field: &'static str) -> Result<T> {
    parse_id(id).at(field)
}

/// The key behind an id.
pub(super) fn parse_id<T: PublicId>(id: &ID) -> Result<T> {
    T::from_public(id).ok_or_else(|| Error::bad_input("This is no id of the right kind."))
}

/// Parses a field that may be left out.
pub(super) fn optional<T, U>(
    value: Option<T>,
    field: &'static str,
    parse: impl FnOnce(&T) -> Result<U>,
) -> Result<Option<U>> {
    value.map(|value| parse(&value).at(field)).transpose()
}
