use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_graphql::{Context, EmptyMutation, EmptySubscription, Object, Schema};

use super::waiting::{WAITING_BYTES, WAITING_FIELD_BYTES};
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

fn state() -> Arc<RequestState> {
    Arc::new(RequestState::new(Arc::new(Memory::new(64 << 20)), usize::MAX))
}

async fn run(query: String) -> (async_graphql::Response, usize) {
    let asked = Asked::default();
    let schema = Schema::build(Level, EmptyMutation, EmptySubscription);
    let schema = schema.data(Arc::clone(&asked)).data(state()).finish();
    (schema.execute(query).await, asked.load(Ordering::Relaxed))
}

#[tokio::test]
async fn depth_adds_to_the_work_and_does_not_double_it() {
    const DEPTH: usize = 8;
    for (field, rows) in [("one", 1), ("list", 1 << DEPTH)] {
        let nested = format!("{{ {field} ").repeat(DEPTH);
        let (response, asked) = run(nested + "{ waits }" + &"}".repeat(DEPTH)).await;
        assert!(response.is_ok(), "{:?}", response.errors);
        // Each is resolved once by async-graphql, and once by each list above that begins with it.
        assert!((rows..=rows * 2 + DEPTH).contains(&asked), "{field}: resolved {asked} times");
    }
}

#[tokio::test]
async fn long_lists_pause() {
    for (list, fields) in
        [("many", "takesLong"), ("many", "takesLong waits"), ("some", "takesLong")]
    {
        let state = state();
        let schema = Schema::build(Level, EmptyMutation, EmptySubscription);
        let schema = schema.data(Asked::default()).data(Arc::clone(&state)).finish();
        let request = pin!(schema.execute(format!("{{ {list} {{ {fields} }} }}")));
        let mut run = pin!(state.scheduler.run(request));
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

/// Rows that were not polled yet have futures already.
#[tokio::test]
async fn objects_that_wait_take_memory() {
    for (query, least, at_most) in [
        ("{ many { waits } }", 64 * WAITING_BYTES, 66 * WAITING_BYTES),
        // Every second row is null, and releases its share in the first poll.
        ("{ some { waits } }", 32 * WAITING_BYTES, 34 * WAITING_BYTES),
        (
            "{ one { one { waits } } }",
            3 * WAITING_BYTES + WAITING_FIELD_BYTES,
            4 * WAITING_BYTES + WAITING_FIELD_BYTES,
        ),
    ] {
        let state = state();
        let schema = Schema::build(Level, EmptyMutation, EmptySubscription);
        let schema = schema.data(Asked::default()).data(Arc::clone(&state)).finish();
        let mut request = pin!(schema.execute(query));
        let mut most = 0;
        let response = poll_fn(|cx| {
            let polled = request.as_mut().poll(cx);
            most = most.max(state.budget.bytes());
            polled
        });
        assert!(response.await.is_ok());
        assert!((least..at_most).contains(&most), "{query}: {most} bytes");
        assert!(state.budget.bytes() < least / 2, "{query}: not released");
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
