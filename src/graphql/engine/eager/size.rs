//! The memory and text of objects, which are taken from the budget of the request.

use std::sync::Arc;

use async_graphql::{ContextSelectionSet, ServerError, ServerResult, Value};

use crate::domain::Error;
use crate::graphql::engine::execution::Execution;
use crate::graphql::engine::path::keep_path;

/// The approximate maximum memory of a field in the response, without its text: its value, its entry in
/// the object and the overhead of the allocator.
const FIELD_BYTES: usize = 160;

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

/// The bytes of text in a field of an object. (Objects below it have been counted already.)
pub(super) fn text_in(field: &Value) -> usize {
    match field {
        Value::String(text) => text.len(),
        Value::List(items) => items.iter().map(text_in).sum(),
        _ => 0,
    }
}

/// Takes the memory and text of an object from the budget.
pub(super) fn count(
    ctx: &ContextSelectionSet<'_>,
    execution: Option<&Arc<Execution>>,
    fields: usize,
    text: usize,
) -> ServerResult<()> {
    let Some(execution) = execution else { return Ok(()) };
    let taken = execution.budget.take_object((fields + 1) * FIELD_BYTES, text);
    taken.map_err(|error| refused(ctx, error))
}

pub(super) fn refused(ctx: &ContextSelectionSet<'_>, error: Error) -> ServerError {
    let error = async_graphql::Error::from(error).into_server_error(ctx.item.pos);
    keep_path(ctx, ctx.set_error_path(error))
}
