//! Resolves objects eagerly: in one poll, written as JSON, if none of their fields waits for a load. Otherwise async-graphql
//! resolves them. Counts the memory and text of all objects.
//!
//! async-graphql makes a boxed future for each field of each row, joins them all, and makes a map of the values. The
//! fields of a loaded row need not wait, so each is polled here once, one after the other, and its value is written as
//! JSON. If a field has to wait for a loader, async-graphql resolves its row and the following rows. It resolves all
//! fields of that row again, which is why the type of a row must be [`Pure`].
//!
//! An object within a row that is being tried does not fall back to async-graphql by itself: the row will
//! resolve it again, and each level of nesting would double the work.

mod attempt;
mod pure;
mod size;
mod waiting;
mod write;

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::parser::types::Field;
use async_graphql::registry::{MetaType, Registry};
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value};
use futures_util::stream::FuturesOrdered;
use futures_util::{StreamExt, TryStreamExt};

use self::attempt::{is_trying, try_or_roll_back};
pub(in crate::graphql) use self::pure::Pure;
pub(super) use self::size::bytes_of;
use self::waiting::{WaitingMemory, by_async_graphql, row_by_async_graphql, waiting_bytes};
use self::write::write_object;
use super::json;
use super::request_state::RequestState;

/// A list of objects, resolved eagerly.
pub(in crate::graphql) struct EagerList<T>(pub(in crate::graphql) Vec<T>);

/// A list of objects, some of which are null, and all of which may have to wait.
pub(in crate::graphql) struct NullableList<T>(pub(in crate::graphql) Vec<Option<T>>);

/// An object, resolved eagerly.
pub(in crate::graphql) struct EagerObject<T>(pub(in crate::graphql) T);

impl<T> From<T> for EagerObject<T> {
    fn from(object: T) -> Self {
        Self(object)
    }
}

/// After this many rows, and after each part of a list, a request checks whether it should yield.
const YIELD_EVERY: usize = 16;

/// The minimum size of the parts of a list in JSON, in bytes. One text for the whole list would be copied when it grows.
const PART: usize = 64 << 10;

/// Most objects outside of lists are no longer than this number of bytes in JSON.
const OBJECT: usize = 128;

impl<T: Pure> OutputType for EagerList<T> {
    fn type_name() -> Cow<'static, str> {
        Vec::<T>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<T>::create_type_info(registry)
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        let rows = &self.0;
        let state = ctx.data_unchecked::<Arc<RequestState>>();
        if rows.is_empty() {
            return Ok(Value::List(Vec::new()));
        }
        let (mut values, first) = without_waiting(ctx, state, rows).await?;
        if first == rows.len() {
            return Ok(Value::List(values));
        }
        let mut memory = WaitingMemory::of_rows(ctx, state, rows.len() - first)?;
        let bytes = waiting_bytes(&ctx.item.node);
        let rest = rows.iter().enumerate().skip(first).map(|(index, row)| {
            let memory = memory.share();
            async move {
                let _memory = memory;
                row_by_async_graphql(&ctx.with_index(index), state, row, field, bytes).await
            }
        });
        values.extend(rest.collect::<FuturesOrdered<_>>().try_collect::<Vec<_>>().await?);
        Ok(Value::List(values))
    }
}

impl<T: Pure> OutputType for NullableList<T> {
    fn type_name() -> Cow<'static, str> {
        Vec::<Option<T>>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<Option<T>>::create_type_info(registry)
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        let state = ctx.data_unchecked::<Arc<RequestState>>();
        let mut memory = WaitingMemory::of_rows(ctx, state, self.0.len())?;
        let bytes = waiting_bytes(&ctx.item.node);
        let rows = self.0.iter().enumerate().map(|(index, row)| {
            let memory = memory.share();
            async move {
                let _memory = memory;
                let Some(row) = row else { return Value::Null };
                let ctx = ctx.with_index(index);
                let resolved = row_by_async_graphql(&ctx, state, row, field, bytes).await;
                resolved.unwrap_or_else(|error| {
                    ctx.add_error(error);
                    Value::Null
                })
            }
        });
        Ok(Value::List(rows.collect::<FuturesOrdered<_>>().collect().await))
    }
}

impl<T: Pure> OutputType for EagerObject<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        let state = ctx.data_unchecked::<Arc<RequestState>>();
        if !is_abstract::<T>(ctx) {
            let mut json = Vec::with_capacity(OBJECT);
            let write = || write_object(ctx, state, &self.0, &mut json);
            if let Some(written) = try_or_roll_back(ctx, state, write).await {
                return written.map(|()| json::raw(json));
            }
        }
        by_async_graphql(ctx, state, &self.0, field).await
    }
}

/// Resolves the first rows of a list, up to one that has to wait. Returns their JSON, in parts, and their number.
async fn without_waiting<T: Pure>(
    ctx: &ContextSelectionSet<'_>,
    state: &RequestState,
    rows: &[T],
) -> ServerResult<(Vec<Value>, usize)> {
    let (mut parts, mut json, mut first) = (Vec::new(), Vec::new(), 0);
    if is_abstract::<T>(ctx) {
        return Ok((parts, first));
    }
    for (index, row) in rows.iter().enumerate() {
        let is_full = json.len() >= PART;
        if is_full {
            parts.push(json::raw(std::mem::take(&mut json)));
        }
        if (is_full || index % YIELD_EVERY == 0) && !is_trying() {
            state.scheduler.yield_if_due().await;
        }
        let (ctx, end) = (ctx.with_index(index), json.len());
        if end > 0 {
            json.push(b',');
        }
        let write = || write_object(&ctx, state, row, &mut json);
        let Some(written) = try_or_roll_back(&ctx, state, write).await else {
            json.truncate(end);
            break;
        };
        written?;
        first = index + 1;
    }
    if !json.is_empty() {
        parts.push(json::raw(json));
    }
    Ok((parts, first))
}

/// Whether it is an interface, which async-graphql must resolve.
fn is_abstract<T: OutputType>(ctx: &ContextSelectionSet<'_>) -> bool {
    let known = ctx.schema_env.registry.types.get(&*T::type_name());
    known.is_none_or(MetaType::is_abstract)
}

#[cfg(test)]
mod tests;
