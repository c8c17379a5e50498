//! Resolves objects eagerly if none of their fields has to wait, and counts the memory and text of all
//! objects.
//!
//! The library makes a boxed future for each field of each row and joins them all, at 0.3 µs a field. The
//! fields of a loaded row are ready at once, so each is polled here once, one after the other. If a field
//! has to wait for a loader, the library resolves its row and the following rows. It resolves all fields
//! of that row again, which is why the type of a row must be [`Pure`].
//!
//! An object within a row that is being tried does not fall back to the library by itself: the row will
//! resolve it again, and each level of nesting would double the work.

mod attempt;
mod size;

use std::borrow::Cow;
use std::sync::Arc;
use std::task::Poll;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, Selection};
use async_graphql::registry::Registry;
use async_graphql::{
    ContainerType, ContextSelectionSet, Name, OutputType, Positioned, ServerResult, Value,
};
use futures_util::TryStreamExt;
use futures_util::stream::FuturesOrdered;

use self::attempt::{attempt, is_trying, try_or_roll_back};
pub(super) use self::size::bytes_of;
use self::size::{count, refused, text_in};
use super::execution::Execution;
use super::path::keep_path;

/// Types whose resolvers have no side effects, so that they may run twice for one response.
pub(in crate::graphql) trait Pure: ContainerType {}

impl<T: Pure> Pure for &T {}

/// A list of objects, resolved eagerly.
pub(in crate::graphql) struct EagerList<T>(pub(in crate::graphql) Vec<T>);

/// An object, resolved eagerly.
pub(in crate::graphql) struct EagerObject<T>(pub(in crate::graphql) T);

impl<T> From<T> for EagerObject<T> {
    fn from(object: T) -> Self {
        Self(object)
    }
}

/// The approximate memory of an object while its fields wait: their futures, and what they wait for.
/// (20,000 cards that count their comments took 160 MB.)
const WAITING_BYTES: usize = 8192;

/// After this many rows, a request checks whether it should yield.
const YIELD_EVERY: usize = 16;

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
        let mut values = match fields_of::<T>(ctx) {
            Some(fields) => without_waiting(ctx, execution, rows, fields).await?,
            None => Vec::new(),
        };
        let first = values.len();
        if let rest @ [_, ..] = &rows[first..] {
            values.extend(waiting(ctx, execution, rest, first, field).await?);
        }
        Ok(Value::List(values))
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
        if let Some(mut fields) = fields_of::<T>(ctx) {
            let answer = std::mem::take(&mut fields.answer);
            let object = || object(ctx, execution, &self.0, &fields, answer);
            if let Some(object) = try_or_roll_back(ctx, execution, object).await {
                return object;
            }
        }
        by_async_graphql(ctx, execution, &self.0, field).await
    }
}

/// Resolves rows whose fields wait, all at once. `first` is the index of the first one.
async fn waiting<T: Pure>(
    ctx: &ContextSelectionSet<'_>,
    execution: Option<&Arc<Execution>>,
    rows: &[T],
    first: usize,
    field: &Positioned<Field>,
) -> ServerResult<Vec<Value>> {
    let bytes = rows.len() * WAITING_BYTES;
    let taken = execution.map_or(Ok(()), |execution| execution.budget.take_object(bytes, 0));
    taken.map_err(|error| refused(ctx, error))?;
    let row = |(index, row)| {
        let ctx = ctx.with_index(first + index);
        async move {
            let resolved = by_async_graphql(&ctx, execution, row, field);
            match execution {
                Some(execution) if !is_trying() => execution.scheduler.sliced(resolved).await,
                _ => resolved.await,
            }
        }
    };
    let found = rows.iter().enumerate().map(row).collect::<FuturesOrdered<_>>();
    let found = found.try_collect().await;
    if let Some(execution) = execution {
        execution.budget.drop_objects(bytes);
    }
    found
}

/// Resolves an object through the library; its fields may wait.
async fn by_async_graphql<T: Pure>(
    ctx: &ContextSelectionSet<'_>,
    execution: Option<&Arc<Execution>>,
    object: &T,
    field: &Positioned<Field>,
) -> ServerResult<Value> {
    // Not `resolve_container`: through a reference to an interface, it would not know the object type.
    let value = object.resolve(ctx, field).await.map_err(|error| keep_path(ctx, error))?;
    if let Value::Object(fields) = &value {
        let keys = fields.keys().map(|key| key.len()).sum::<usize>();
        count(ctx, execution, fields.len(), keys + fields.values().map(text_in).sum::<usize>())?;
    }
    Ok(value)
}

/// Resolves the first rows of a list, up to one that has to wait.
async fn without_waiting<T: Pure>(
    ctx: &ContextSelectionSet<'_>,
    execution: Option<&Arc<Execution>>,
    rows: &[T],
    mut fields: Fields<'_>,
) -> ServerResult<Vec<Value>> {
    let mut values = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        if let (0, false, Some(execution)) = (index % YIELD_EVERY, is_trying(), execution) {
            execution.scheduler.yield_if_due().await;
        }
        let ctx = ctx.with_index(index);
        let is_last = index + 1 == rows.len();
        let answer =
            if is_last { std::mem::take(&mut fields.answer) } else { fields.answer.clone() };
        let fields = &fields;
        let object = || object(&ctx, execution, row, fields, answer);
        match try_or_roll_back(&ctx, execution, object).await {
            Some(value) => values.push(value?),
            None => break,
        }
    }
    Ok(values)
}

/// Resolves the selected fields of an object; `None` if one of them has to wait. `answer` has an entry
/// for each field.
fn object<T: Pure>(
    ctx: &ContextSelectionSet<'_>,
    execution: Option<&Arc<Execution>>,
    object: &T,
    fields: &Fields<'_>,
    mut answer: IndexMap<Name, Value>,
) -> Option<ServerResult<Value>> {
    let mut text = fields.keys;
    for (field, place) in fields.selected.iter().zip(answer.values_mut()) {
        *place = if field.node.name.node == "__typename" {
            Value::String(T::type_name().into_owned())
        } else {
            let ctx = ctx.with_field(field);
            match attempt(object.resolve_field(&ctx)) {
                Poll::Ready(Ok(value)) => value.unwrap_or_default(),
                Poll::Ready(Err(error)) => return Some(Err(keep_path(&ctx, error))),
                Poll::Pending => return None,
            }
        };
        text += text_in(place);
    }
    Some(count(ctx, execution, answer.len(), text).map(|()| Value::Object(answer)))
}

/// The selected fields of an object.
struct Fields<'a> {
    selected: Vec<&'a Positioned<Field>>,
    /// The length of their names in the response, in bytes.
    keys: usize,
    /// Their names with empty values. Each row gets a copy, so that the names are hashed only once.
    answer: IndexMap<Name, Value>,
}

/// The selected fields of an object. (A plan has only fields here.) `None` for interfaces, which the
/// library must resolve.
fn fields_of<'a, T: ContainerType>(ctx: &ContextSelectionSet<'a>) -> Option<Fields<'a>> {
    if ctx.schema_env.registry.types.get(&*T::type_name())?.is_abstract() {
        return None;
    }
    let field = |selection: &'a Positioned<Selection>| match &selection.node {
        Selection::Field(field) => Some(field),
        _ => None,
    };
    let selected: Vec<_> = ctx.item.node.items.iter().map(field).collect::<Option<_>>()?;
    let place = |field: &&Positioned<Field>| (field.node.response_key().node.clone(), Value::Null);
    let keys = selected.iter().map(|field| field.node.response_key().node.len()).sum();
    Some(Fields { answer: selected.iter().map(place).collect(), keys, selected })
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

        /// Is computed for a millisecond.
        async fn takes_long(&self) -> bool {
            let began = Instant::now();
            while began.elapsed() < Duration::from_millis(1) {}
            true
        }

        async fn many(&self) -> EagerList<Level> {
            EagerList((0..64).map(|_| Level).collect())
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
        for fields in ["takesLong", "takesLong waits"] {
            let execution = Arc::new(Execution::new(Arc::new(Memory::new(1 << 20)), usize::MAX));
            let schema = Schema::build(Level, EmptyMutation, EmptySubscription);
            let schema = schema.data(Asked::default()).data(Arc::clone(&execution)).finish();
            let request = pin!(schema.execute(format!("{{ many {{ {fields} }} }}")));
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
            assert!(pauses >= 3, "{fields}: {pauses} pauses");
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
