//! Parses the input values of mutations; every error names its input field.

use async_graphql::ID;

use crate::domain::{At, Error, PublicId, Result};

/// Parses an ID in a mutation's input. BAD_USER_INPUT with the path `field` if it is not valid.
pub(super) fn id<T: PublicId>(id: &ID, field: &'static str) -> Result<T> {
    parse_id(id).at(field)
}

/// Parses an ID. BAD_USER_INPUT if it is malformed or belongs to another type.
pub(super) fn parse_id<T: PublicId>(id: &ID) -> Result<T> {
    T::from_public(id).ok_or_else(|| Error::bad_input("This is not a valid ID for this field."))
}

/// Parses an optional input field.
pub(super) fn optional<T, U>(
    value: Option<T>,
    field: &'static str,
    parse: impl FnOnce(&T) -> Result<U>,
) -> Result<Option<U>> {
    value.map(|value| parse(&value).at(field)).transpose()
}
