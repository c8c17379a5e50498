//! The memory and text of objects, which are taken from the budget of the request.

use async_graphql::{ContextSelectionSet, ServerResult, Value};

use super::attempt::errors;
use crate::domain::Result;
use crate::graphql::engine::budget::Budget;
use crate::graphql::engine::path::keep_path;

/// The approximate maximum memory of a field in the response, without its text: its value, its entry in
/// the object and the overhead of the allocator.
pub(super) const FIELD_BYTES: usize = 160;

/// The approximate maximum memory of a value of the introspection.
pub(in crate::graphql::engine) fn bytes_of(value: &Value) -> usize {
    let beneath = match value {
        Value::List(items) => items.iter().map(bytes_of).sum(),
        Value::Object(fields) => fields.values().map(bytes_of).sum(),
        Value::String(text) => text.len(),
        _ => 0,
    };
    FIELD_BYTES + beneath
}

/// The bytes of text in a field of an object, with the keys of connections. (Objects in lists, and those that are JSON, have
/// been counted already.)
pub(super) fn text_in(field: &Value) -> usize {
    match field {
        Value::String(text) => text.len(),
        Value::List(items) => {
            let scalars = items.iter().filter(|item| !matches!(item, Value::Object(_)));
            scalars.map(text_in).sum()
        }
        Value::Object(fields) => fields.iter().map(|(key, value)| key.len() + text_in(value)).sum(),
        _ => 0,
    }
}

/// The number of values in a field of an object; what has been counted already counts once.
pub(super) fn values_in(field: &Value) -> usize {
    match field {
        Value::List(items) => 1 + items.len(),
        Value::Object(fields) => 1 + fields.values().map(values_in).sum::<usize>(),
        _ => 1,
    }
}

/// The bytes of JSON in a field, which have been counted already.
pub(super) fn json_in(field: &Value) -> usize {
    match field {
        Value::Binary(json) => json.len(),
        Value::List(items) => items.iter().map(json_in).sum(),
        Value::Object(fields) => fields.values().map(json_in).sum(),
        _ => 0,
    }
}

/// Takes something from the budget, and the memory of the errors so far.
pub(super) fn charge(
    ctx: &ContextSelectionSet<'_>,
    budget: &Budget,
    take: impl FnOnce(&Budget) -> Result<()>,
) -> ServerResult<()> {
    budget.count_errors(errors(ctx).len());
    take(budget).map_err(|error| {
        let error = async_graphql::Error::from(error).into_server_error(ctx.item.pos);
        keep_path(ctx, ctx.set_error_path(error))
    })
}
