//! Parses the input values of mutations; every error names its input field.

use async_graphql::{Context, ID, InputObject, InputType, Value};

use crate::domain::{At, Mutation, MutationId, PublicId, Result, rejection, sha256};
use crate::graphql::context::ContextExt;

/// The input field that makes retries safe.
#[derive(InputObject)]
pub(super) struct Retry {
    /// Makes a retry safe: sent again with the same ID and input, the mutation takes effect once, and its payload
    /// shows the objects as they are now (NOT_FOUND with `extensions.applied: true` if they are gone or hidden).
    /// 1 to 64 characters, for instance a UUID, unique among the viewer's mutations of the last seven days; CONFLICT
    /// with another input. The events of the change show it to the viewer.
    client_mutation_id: Option<String>,
}

/// The mutation with this input, as sent by the viewer.
pub(super) fn identify(
    ctx: &Context<'_>,
    input: &impl InputType,
    retry: &Retry,
) -> Result<Mutation> {
    let id = retry.client_mutation_id.as_deref();
    let id = id.map(|id| MutationId::parse(id, hash(input)).at("clientMutationId")).transpose()?;
    Ok(Mutation { viewer: ctx.viewer()?, id })
}

/// The hash of an input. Its type belongs to one mutation.
fn hash<I: InputType>(input: &I) -> String {
    sha256(&format!("{}{}", I::type_name(), canonical(input.to_value())))
}

/// The same text for equal inputs: without the ID and without fields that are null, so that the retry of a client that knows
/// more fields is the same, and with the fields in the order of their names.
fn canonical(input: Value) -> serde_json::Value {
    match input {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.into_iter().collect();
            fields.retain(|(name, value)| name != "clientMutationId" && *value != Value::Null);
            fields.sort_by(|(one, _), (other, _)| one.cmp(other));
            fields.into_iter().map(|(name, value)| (name.to_string(), canonical(value))).collect()
        }
        Value::List(items) => items.into_iter().map(canonical).collect(),
        other => other.into_json().unwrap_or_default(),
    }
}

/// Parses an ID in a mutation's input. BAD_USER_INPUT with the path `field` if it is not valid.
pub(super) fn id<T: PublicId>(id: &ID, field: &'static str) -> Result<T> {
    parse_id(id).at(field)
}

/// Parses an ID. BAD_USER_INPUT if it is malformed or belongs to another type.
pub(super) fn parse_id<T: PublicId>(id: &ID) -> Result<T> {
    T::from_public(id).ok_or_else(rejection::invalid_id)
}

/// Parses an optional input field.
pub(super) fn optional<T, U>(
    value: Option<T>,
    field: &'static str,
    parse: impl FnOnce(&T) -> Result<U>,
) -> Result<Option<U>> {
    value.map(|value| parse(&value).at(field)).transpose()
}

/// BAD_USER_INPUT if there are more than `max` IDs.
pub(super) fn limited(ids: &[ID], max: i32) -> Result<()> {
    if usize::try_from(max).is_ok_and(|max| ids.len() > max) {
        return Err(rejection::too_many_ids(max));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_fields_nulls_and_order_make_no_difference() {
        let value = |json| canonical(Value::from_json(json).unwrap_or_default()).to_string();
        let one = serde_json::json!({ "a": [{ "b": 1 }], "clientMutationId": "x" });
        let other = serde_json::json!({ "new": null, "a": [{ "later": null, "b": 1 }] });
        assert_eq!(value(one), value(other));
        let (one, other) = (serde_json::json!({ "a": [1] }), serde_json::json!({ "a": [1, null] }));
        assert_ne!(value(one), value(other));
    }
}
