//! Resolves objects eagerly if none of their fields has to wait, and counts the memory and text of all
//! objects.
//!
//! async-graphql makes a boxed future for each field of each row, joins them all, and makes a map of the values. The
//! fields of a loaded row need not wait, so each is polled here once, one after the other, and its value is written as
//! JSON. If a field has to wait for a loader, async-graphql resolves its row and the following rows. It resolves all
//! fields of that row again, which is why the type of a row must be [`Pure`].
//!
//! An object within a row that is being tried does not fall back to the library by itself: the row will
//! resolve it again, and each level of nesting would double the work.

mod attempt;
mod size;

use std::borrow::Cow;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::registry::{MetaType, Registry};
use async_graphql::{
    ContainerType, ContextSelectionSet, OutputType, Positioned, ServerResult, Value,
};
use futures_util::stream::FuturesOrdered;
use futures_util::{StreamExt, TryStreamExt};

use self::attempt::{attempt, is_trying, try_or_roll_back};
pub(super) use self::size::bytes_of;
use self::size::{FIELD_BYTES, json_in, take, text_in, values_in};
use super::execution::Execution;
use super::json;
use super::path::keep_path;

/// Types whose resolvers have no side effects, so that they may run twice for one response.
pub(in crate::graphql) trait Pure: ContainerType {}

impl<T: Pure> Pure for &T {}

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

/// The approximate memory of an object that waits, and of each of its fields with objects: their futures, and what they
/// wait for. (20,000 cards that count their comments took 160 MB.)
const WAITING_BYTES: usize = 4096;

/// The same of each field of these objects, for connections, whose fields wait too.
const WAITING_FIELD_BYTES: usize = 512;

/// After this many rows, and after each part of a list, a request checks whether it should yield.
const YIELD_EVERY: usize = 16;

/// The minimum size of the parts of a list in JSON, in bytes. One text for the whole list would be copied when it grows.
const PART: usize = 64 << 10;

impl<T: Pure> OutputType for EagerList<T> {
    fn type_name() -> Cow<'static, str> {
        Vec::<T>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<T>::qualified_type_name()
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
        let execution = ctx.data_opt::<Arc<Execution>>();
        if rows.is_empty() {
            return Ok(Value::List(Vec::new()));
        }
        let (mut values, first) = without_waiting(ctx, execution, rows).await?;
        let rest = rows.iter().enumerate().skip(first);
        let rest = rest.map(|(index, row)| (ctx.with_index(index), row));
        let rest = rest.map(async |(ctx, row)| {
            sliced(execution, by_async_graphql(&ctx, execution, row, field)).await
        });
        values.extend(rest.collect::<FuturesOrdered<_>>().try_collect::<Vec<_>>().await?);
        Ok(Value::List(values))
    }
}

impl<T: Pure> OutputType for NullableList<T> {
    fn type_name() -> Cow<'static, str> {
        Vec::<Option<T>>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<Option<T>>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<Option<T>>::create_type_info(registry)
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        let execution = ctx.data_opt::<Arc<Execution>>();
        let rows = self.0.iter().enumerate().map(|(index, row)| (ctx.with_index(index), row));
        let rows = rows.map(async |(ctx, row)| match row {
            Some(row) => sliced(execution, by_async_graphql(&ctx, execution, row, field))
                .await
                .unwrap_or_else(|error| {
                    ctx.add_error(error);
                    Value::Null
                }),
            None => Value::Null,
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
        let execution = ctx.data_opt::<Arc<Execution>>();
        if !is_abstract::<T>(ctx) {
            let mut json = Vec::new();
            let write = || write_object(ctx, execution, &self.0, &mut json);
            if let Some(written) = try_or_roll_back(ctx, execution, write).await {
                return written.map(|()| json::raw(json));
            }
        }
        by_async_graphql(ctx, execution, &self.0, field).await
    }
}

/// Polls a part only while the time slice of the request lasts, unless it is part of an attempt, which does not wait.
async fn sliced<F: Future>(execution: Option<&Arc<Execution>>, part: F) -> F::Output {
    match execution {
        Some(execution) if !is_trying() => execution.scheduler.sliced(part).await,
        _ => part.await,
    }
}

/// Resolves an object through async-graphql; its fields may wait.
async fn by_async_graphql<T: Pure>(
    ctx: &ContextSelectionSet<'_>,
    execution: Option<&Arc<Execution>>,
    object: &T,
    field: &Positioned<Field>,
) -> ServerResult<Value> {
    let bytes = WAITING_BYTES + waiting_bytes(&ctx.item.node);
    let waiting = Waiting { execution, bytes };
    take(ctx, execution, bytes, 0)?;
    // Not `resolve_container`: through a reference to an interface, it would not know the object type.
    let resolved = object.resolve(ctx, field).await;
    drop(waiting);
    let value = resolved.map_err(|error| keep_path(ctx, error))?;
    if let Value::Object(fields) = &value {
        let keys = fields.keys().map(|key| key.len()).sum::<usize>();
        let values = fields.values().map(values_in).sum::<usize>();
        let text = keys + fields.values().map(text_in).sum::<usize>();
        take(ctx, execution, (values + 1) * FIELD_BYTES, text)?;
    }
    Ok(value)
}

/// The memory of an object while it waits; released also if it is dropped, because another one has failed.
struct Waiting<'e> {
    execution: Option<&'e Arc<Execution>>,
    bytes: usize,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(execution) = self.execution {
            execution.budget.drop_objects(self.bytes);
        }
    }
}

/// The approximate memory of the fields of an object while it waits. In an interface, that of the object type with the most.
fn waiting_bytes(set: &SelectionSet) -> usize {
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

/// Resolves the first rows of a list, up to one that has to wait. Returns their JSON, in parts, and their number.
async fn without_waiting<T: Pure>(
    ctx: &ContextSelectionSet<'_>,
    execution: Option<&Arc<Execution>>,
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
        if (is_full || index % YIELD_EVERY == 0)
            && !is_trying()
            && let Some(execution) = execution
        {
            execution.scheduler.yield_if_due().await;
        }
        let (ctx, end) = (ctx.with_index(index), json.len());
        if end > 0 {
            json.push(b',');
        }
        let write = || write_object(&ctx, execution, row, &mut json);
        let Some(written) = try_or_roll_back(&ctx, execution, write).await else {
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

/// Writes an object with the selected fields; `None` if one of them has to wait.
fn write_object<T: Pure>(
    ctx: &ContextSelectionSet<'_>,
    execution: Option<&Arc<Execution>>,
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
    Some(take(ctx, execution, bytes.saturating_sub(text) + bytes.min(json::MAX_SPARE), text))
}

/// Whether it is an interface, which async-graphql must resolve.
fn is_abstract<T: OutputType>(ctx: &ContextSelectionSet<'_>) -> bool {
    let known = ctx.schema_env.registry.types.get(&*T::type_name());
    known.is_none_or(MetaType::is_abstract)
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    use async_graphql::{Context, EmptyMutation, EmptySubscription, Object, Schema};

    use super::*;
    use crate::graphql::engine::Memory;

    /// How often a waiting field was resolved.
    type Asked = Arc<AtomicUsize>;

    struct Level;

    impl Pure for Level {}

    #[Object]
    impl Level {
        async fn list(&self) -> EagerList<Level> {
            EagerList(vec![Level, Level])
        }

        async fn one(&self) -> EagerObject<Level> {
            EagerObject(Level)
        }

        async fn is_there(&self) -> bool {
            true
        }

        /// Is computed for a millisecond.
        async fn takes_long(&self) -> bool {
            let began = Instant::now();
            while began.elapsed() < Duration::from_millis(1) {}
            true
        }

        async fn many(&self) -> EagerList<Level> {
            EagerList((0..64).map(|_| Level).collect())
        }

        async fn some(&self) -> NullableList<Level> {
            NullableList((0..64).map(|n| (n % 2 == 0).then_some(Level)).collect())
        }

        async fn fails(&self) -> Option<Result<bool, &'static str>> {
            Some(Err("it fails"))
        }

        async fn waits(&self, ctx: &Context<'_>) -> bool {
            ctx.data_unchecked::<Asked>().fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            true
        }
    }

    async fn run(query: String) -> (async_graphql::Response, usize) {
        let asked = Asked::default();
        let schema = Schema::build(Level, EmptyMutation, EmptySubscription);
        let schema = schema.data(Arc::clone(&asked)).finish();
        (schema.execute(query).await, asked.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn depth_adds_to_the_work_and_does_not_double_it() {
        const DEPTH: usize = 8;
        for (field, rows) in [("one", 1), ("list", 1 << DEPTH)] {
            let nested = format!("{{ {field} ").repeat(DEPTH);
            let (response, asked) = run(nested + "{ waits }" + &"}".repeat(DEPTH)).await;
            assert!(response.is_ok(), "{:?}", response.errors);
            // Each is resolved once by the library, and once by each list above that begins with it.
            assert!((rows..=rows * 2 + DEPTH).contains(&asked), "{field}: resolved {asked} times");
        }
    }

    #[tokio::test]
    async fn long_lists_pause() {
        for (list, fields) in
            [("many", "takesLong"), ("many", "takesLong waits"), ("some", "takesLong")]
        {
            let execution = Arc::new(Execution::new(Arc::new(Memory::new(1 << 20)), usize::MAX));
            let schema = Schema::build(Level, EmptyMutation, EmptySubscription);
            let schema = schema.data(Asked::default()).data(Arc::clone(&execution)).finish();
            let request = pin!(schema.execute(format!("{{ {list} {{ {fields} }} }}")));
            let mut run = pin!(execution.scheduler.run(request));
            let mut pauses = 0;
            let response = poll_fn(|cx| {
                let polled = run.as_mut().poll(cx);
                pauses += usize::from(polled.is_pending());
                polled
            });
            let response = response.await;
            assert!(response.is_ok(), "{:?}", response.errors);
            // A list pauses after a multiple of 16 rows without fields that wait, otherwise after 4 ms.
            assert!(pauses >= 3, "{list} {fields}: {pauses} pauses");
        }
    }

    #[tokio::test]
    async fn rows_become_json_whether_they_wait_or_not() {
        for fields in ["isThere", "isThere waits", "one { isThere list { isThere } }", "fails"] {
            let (response, _) = run(format!("{{ list {{ {fields} }} some {{ {fields} }} }}")).await;
            let row = match fields {
                "isThere" => r#"{"isThere":true}"#,
                "isThere waits" => r#"{"isThere":true,"waits":true}"#,
                "fails" => r#"{"fails":null}"#,
                _ => r#"{"one":{"isThere":true,"list":[{"isThere":true},{"isThere":true}]}}"#,
            };
            let some = [row, "null"].repeat(32).join(",");
            let mut json = Vec::new();
            json::write(&response.data, &mut json);
            let expected = format!(r#"{{"list":[{row},{row}],"some":[{some}]}}"#);
            assert_eq!(String::from_utf8(json).unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn an_error_is_told_once() {
        let (response, _) = run("{ list { one { fails waits } } }".to_owned()).await;
        let paths: Vec<_> = response.errors.iter().map(|error| error.path.clone()).collect();
        assert_eq!(paths.len(), 2, "{paths:?}");
        assert_ne!(paths[0], paths[1]);
    }
}
