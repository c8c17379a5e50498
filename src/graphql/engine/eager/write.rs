//! Writes objects as JSON whose fields need not wait.

use std::pin::pin;
use std::task::Poll;

use async_graphql::parser::types::Selection;
use async_graphql::{ContextSelectionSet, ServerResult, Value};

use super::attempt::attempt;
use super::pure::Pure;
use super::size::{charge, json_in, text_in};
use crate::graphql::engine::json;
use crate::graphql::engine::path::keep_path;
use crate::graphql::engine::request_state::RequestState;

/// Writes an object with the selected fields; `None` if one of them has to wait.
pub(super) fn write_object<T: Pure>(
    ctx: &ContextSelectionSet<'_>,
    state: &RequestState,
    object: &T,
    json: &mut Vec<u8>,
) -> Option<ServerResult<()>> {
    let (start, mut text, mut nested) = (json.len(), 0, 0);
    json.push(b'{');
    for (index, selection) in ctx.item.node.items.iter().enumerate() {
        // A plan has only fields here.
        let Selection::Field(field) = &selection.node else { return None };
        let value = if field.node.name.node == "__typename" {
            Value::String(T::type_name().into_owned())
        } else {
            let ctx = ctx.with_field(field);
            // The future is as large as that of the largest field, so it is not moved.
            match attempt(pin!(object.resolve_field(&ctx))) {
                Poll::Ready(Ok(value)) => value.unwrap_or_default(),
                Poll::Ready(Err(error)) => return Some(Err(keep_path(&ctx, error))),
                Poll::Pending => return None,
            }
        };
        let key = &field.node.response_key().node;
        text += key.len() + text_in(&value);
        nested += json_in(&value);
        if index > 0 {
            json.push(b',');
        }
        json::write_key(key, json);
        json::write(&value, json);
    }
    json.push(b'}');
    let bytes = json.len() - start - nested;
    let bytes = bytes.saturating_sub(text) + bytes.min(json::MAX_SPARE);
    Some(charge(ctx, &state.budget, |budget| budget.take_object(bytes, text)))
}
