//! Objects whose fields are at hand, put together in one go.
//!
//! The library makes a future for each field of each row, in a box, and joins them all: 0.3 µs a field. The
//! fields of a row that has been loaded wait for nothing, so here each is polled once, one after the other. If
//! one does wait after all (for a loader), the whole list goes the library's way.
//!
//! A list within one that is being tried does not go on by itself then: the outer one will ask it again, and
//! each level of nesting would double the work.

use std::cell::Cell;
use std::pin::pin;
use std::sync::{MutexGuard, PoisonError};
use std::task::{Context as Task, Poll, Waker};

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::{resolve_container, resolve_list};
use async_graphql::{
    ContainerType, ContextSelectionSet, Name, OutputType, Positioned, ServerError, ServerResult,
    Value,
};
use std::borrow::Cow;

use super::context::Caller;

/// A list of objects.
pub(super) struct Rows<T>(pub(super) Vec<T>);

/// One object.
pub(super) struct Row<T>(pub(super) T);

impl<T: ContainerType> OutputType for Rows<T> {
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
        if !self.0.is_empty()
            && let Some(fields) = fields_of::<T>(ctx)
        {
            let rows = self.0.iter().enumerate().map(|(index, row)| {
                let ctx = ctx.with_index(index);
                let row = object(&ctx, row, &fields.selected, fields.answer.clone())?;
                Some(row.map_err(|error| ctx.set_error_path(error)))
            });
            let rows = || rows.collect::<Option<ServerResult<Vec<Value>>>>();
            if let Some(rows) = without_traces(ctx, rows).await {
                return rows.map(Value::List);
            }
        }
        resolve_list(ctx, field, &self.0, Some(self.0.len())).await
    }
}

impl<T: ContainerType> OutputType for Row<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        _field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        if let Some(fields) = fields_of::<T>(ctx) {
            let object = || object(ctx, &self.0, &fields.selected, fields.answer);
            if let Some(object) = without_traces(ctx, object).await {
                return object;
            }
        }
        resolve_container(ctx, &self.0).await
    }
}

/// What was put together; `None` when it has to be done again, the library's way. What fields leave behind when
/// they are asked is forgotten then: they count their text, and nullable ones note their errors. (Nothing else
/// of the request runs meanwhile.) Within an object that is being tried this never ends; its field is then
/// found to wait, and dropped.
async fn without_traces<T>(
    ctx: &ContextSelectionSet<'_>,
    put_together: impl FnOnce() -> Option<T>,
) -> Option<T> {
    let caller = ctx.data_opt::<Caller>();
    let before = (caller.map(Caller::text), errors(ctx).len());
    let made = put_together();
    if made.is_none() {
        let (text, noted) = before;
        if let (Some(caller), Some(text)) = (caller, text) {
            caller.set_text(text);
        }
        errors(ctx).truncate(noted);
        if TRYING.get() {
            std::future::pending::<()>().await;
        }
    }
    made
}

fn errors<'c>(ctx: &'c ContextSelectionSet<'_>) -> MutexGuard<'c, Vec<ServerError>> {
    ctx.query_env.errors.lock().unwrap_or_else(PoisonError::into_inner)
}

thread_local! {
    /// Whether a field of an object is being polled that must not wait.
    static TRYING: Cell<bool> = const { Cell::new(false) };
}

/// Polls a field once.
fn attempt<F: Future>(field: F) -> Poll<F::Output> {
    let _trying = Trying { outer: TRYING.replace(true) };
    pin!(field).poll(&mut Task::from_waker(Waker::noop()))
}

/// Ends the attempt, even with a panic.
struct Trying {
    outer: bool,
}

impl Drop for Trying {
    fn drop(&mut self) {
        TRYING.set(self.outer);
    }
}

/// The object of these fields; `None` if one of them has to wait. `answer` has a place for each.
fn object<T: ContainerType>(
    ctx: &ContextSelectionSet<'_>,
    object: &T,
    fields: &[&Positioned<Field>],
    mut answer: IndexMap<Name, Value>,
) -> Option<ServerResult<Value>> {
    for (field, place) in fields.iter().zip(answer.values_mut()) {
        *place = if field.node.name.node == "__typename" {
            Value::String(T::type_name().into_owned())
        } else {
            let ctx = ctx.with_field(field);
            match attempt(object.resolve_field(&ctx)) {
                Poll::Ready(Ok(value)) => value.unwrap_or_default(),
                Poll::Ready(Err(error)) => return Some(Err(error)),
                Poll::Pending => return None,
            }
        };
    }
    Some(Ok(Value::Object(answer)))
}

/// The fields that are selected of an object.
struct Fields<'a> {
    selected: Vec<&'a Positioned<Field>>,
    /// Their names, each with a place for its value; each row gets a copy, which need not hash them again.
    ///
    /// They are the list's own, not those of the document: that one is kept, and requests that run on several
    /// cores would all count on the same names (a board of 1,000 cards took 3.2 ms of processor time on two
    /// cores, 2.5 on one; now it takes 2.65 and 2.5).
    answer: IndexMap<Name, Value>,
}

/// The fields that are selected of an object, with those of fragments in their places; `None` for what the
/// library must put together: interfaces, and two selections beneath one key.
fn fields_of<'a, T: ContainerType>(ctx: &ContextSelectionSet<'a>) -> Option<Fields<'a>> {
    if ctx.schema_env.registry.types.get(&*T::type_name())?.is_abstract() {
        return None;
    }
    let mut selected = Vec::new();
    add::<T>(ctx, &ctx.item.node, &mut selected)?;
    let place =
        |field: &&Positioned<Field>| (Name::new(&field.node.response_key().node), Value::Null);
    Some(Fields { answer: selected.iter().map(place).collect(), selected })
}

fn add<'a, T: ContainerType>(
    ctx: &ContextSelectionSet<'a>,
    set: &'a SelectionSet,
    fields: &mut Vec<&'a Positioned<Field>>,
) -> Option<()> {
    for selection in &set.items {
        let (condition, set) = match &selection.node {
            Selection::Field(field) => {
                add_field(field, fields)?;
                continue;
            }
            Selection::InlineFragment(inline) => {
                (inline.node.type_condition.as_ref(), &inline.node.selection_set.node)
            }
            Selection::FragmentSpread(spread) => {
                let fragment = &ctx.query_env.fragments.get(&spread.node.fragment_name.node)?.node;
                (Some(&fragment.type_condition), &fragment.selection_set.node)
            }
        };
        if condition.is_none_or(|condition| applies::<T>(ctx, &condition.node.on.node)) {
            add::<T>(ctx, set, fields)?;
        }
    }
    Some(())
}

fn add_field<'a>(
    field: &'a Positioned<Field>,
    fields: &mut Vec<&'a Positioned<Field>>,
) -> Option<()> {
    let same = |other: &&&Positioned<Field>| other.node.response_key() == field.node.response_key();
    match fields.iter().find(same) {
        None if field.node.directives.is_empty() => fields.push(field),
        // A leaf that is selected twice is the same one.
        Some(other) if is_leaf(other) && is_leaf(field) => {}
        _ => return None,
    }
    Some(())
}

fn is_leaf(field: &Positioned<Field>) -> bool {
    field.node.selection_set.node.items.is_empty()
}

/// Whether a fragment on this type is one on `T`.
fn applies<T: ContainerType>(ctx: &ContextSelectionSet<'_>, condition: &Name) -> bool {
    let name = T::type_name();
    let implemented = || ctx.schema_env.registry.implements.get(&*name);
    *condition == *name || implemented().is_some_and(|all| all.contains(condition.as_str()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_graphql::{Context, EmptyMutation, EmptySubscription, Object, Schema};

    use super::*;

    /// How often a field that waits was asked.
    type Asked = Arc<AtomicUsize>;

    struct Level;

    #[Object]
    impl Level {
        async fn list(&self) -> Rows<Level> {
            Rows(vec![Level, Level])
        }

        async fn one(&self) -> Row<Level> {
            Row(Level)
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
            // Each is asked once by the library, and once by each list above that begins with it.
            assert!((rows..=rows * 2 + DEPTH).contains(&asked), "{field}: asked {asked} times");
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
