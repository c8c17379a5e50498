//! Objects that have to wait, which async-graphql resolves, and the memory that they take meanwhile.

use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::{ContextSelectionSet, Positioned, ServerResult, Value};

use super::attempt::is_trying;
use super::pure::Pure;
use super::size::{FIELD_BYTES, charge, text_in, values_in};
use crate::graphql::engine::path::keep_path;
use crate::graphql::engine::request_state::RequestState;

/// The approximate memory of an object that waits, and of each of its fields with objects: their futures, and what they
/// wait for. (20,000 cards that count their comments took 160 MB.)
pub(super) const WAITING_BYTES: usize = 4096;

/// The same of each field of these objects, for connections, whose fields wait too. (190 in each of 1,000 connections
/// took 316 MB.)
pub(super) const WAITING_FIELD_BYTES: usize = 1664;

/// Memory that is taken while objects wait. It is released also if they are dropped, because another one has failed.
pub(super) struct WaitingMemory<'e> {
    state: &'e RequestState,
    bytes: usize,
}

impl<'e> WaitingMemory<'e> {
    fn take(
        ctx: &ContextSelectionSet<'_>,
        state: &'e RequestState,
        bytes: usize,
    ) -> ServerResult<Self> {
        // Made first: what could not be reserved is counted too, and must be released.
        let memory = Self { state, bytes };
        charge(ctx, &state.budget, |budget| budget.take_waiting(bytes))?;
        Ok(memory)
    }

    /// Takes the memory of so many rows, whose futures exist before the first one is polled. (That takes the memory of
    /// its fields too.)
    pub(super) fn of_rows(
        ctx: &ContextSelectionSet<'_>,
        state: &'e RequestState,
        rows: usize,
    ) -> ServerResult<Self> {
        Self::take(ctx, state, rows.saturating_mul(WAITING_BYTES))
    }

    /// Splits off the memory of one row.
    pub(super) fn share(&mut self) -> Self {
        let bytes = self.bytes.min(WAITING_BYTES);
        self.bytes -= bytes;
        Self { state: self.state, bytes }
    }
}

impl Drop for WaitingMemory<'_> {
    fn drop(&mut self) {
        self.state.budget.drop_objects(self.bytes);
    }
}

/// Resolves an object through async-graphql; its fields may wait.
pub(super) async fn by_async_graphql<T: Pure>(
    ctx: &ContextSelectionSet<'_>,
    state: &RequestState,
    object: &T,
    field: &Positioned<Field>,
) -> ServerResult<Value> {
    let bytes = WAITING_BYTES + waiting_bytes(&ctx.item.node);
    resolve(ctx, state, object, field, bytes).await
}

/// The same for a row of a list, which is polled only while the time slice of the request lasts. (An attempt does not wait.)
/// `bytes` is the memory of its fields meanwhile ([`waiting_bytes`]).
pub(super) async fn row_by_async_graphql<T: Pure>(
    ctx: &ContextSelectionSet<'_>,
    state: &RequestState,
    row: &T,
    field: &Positioned<Field>,
    bytes: usize,
) -> ServerResult<Value> {
    let resolved = resolve(ctx, state, row, field, bytes);
    if is_trying() { resolved.await } else { state.scheduler.sliced(resolved).await }
}

/// `bytes` are taken until all fields have their values.
async fn resolve<T: Pure>(
    ctx: &ContextSelectionSet<'_>,
    state: &RequestState,
    object: &T,
    field: &Positioned<Field>,
    bytes: usize,
) -> ServerResult<Value> {
    let memory = WaitingMemory::take(ctx, state, bytes)?;
    // Not `resolve_container`: through a reference to an interface, it would not know the object type.
    let resolved = object.resolve(ctx, field).await;
    drop(memory);
    let value = resolved.map_err(|error| keep_path(ctx, error))?;
    let (bytes, text) = (values_in(&value) * FIELD_BYTES, text_in(&value));
    charge(ctx, &state.budget, |budget| budget.take_object(bytes, text))?;
    Ok(value)
}

/// The approximate memory of the fields of an object with this selection set while they wait. In an interface, that of the
/// object type with the most.
pub(super) fn waiting_bytes(set: &SelectionSet) -> usize {
    let (mut bytes, mut most) = (0, 0);
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => {
                let below = fields_in(&field.node.selection_set.node, 2);
                if below > 0 {
                    bytes += WAITING_BYTES + below * WAITING_FIELD_BYTES;
                }
            }
            Selection::InlineFragment(inline) => {
                most = most.max(waiting_bytes(&inline.node.selection_set.node));
            }
            Selection::FragmentSpread(_) => {}
        }
    }
    bytes + most
}

/// The number of fields, with those of so many levels.
fn fields_in(set: &SelectionSet, levels: usize) -> usize {
    let fields = set.items.iter().map(|selection| match &selection.node {
        Selection::Field(field) if levels > 1 => {
            1 + fields_in(&field.node.selection_set.node, levels - 1)
        }
        Selection::InlineFragment(inline) => fields_in(&inline.node.selection_set.node, levels),
        _ => 1,
    });
    fields.sum()
}
