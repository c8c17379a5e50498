//! The results of one operation, for both transports.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};

use crate::graphql::{
    Answer, Caller, Deliveries, Delivery, ErrorCode, Operations, Payload, Request, Transfer,
    Verdict, Waiting,
};
use crate::http::record::Record;
use crate::http::{State, deadline};
use crate::metrics::work;

/// What a transport sends for an operation.
pub(super) enum Output {
    /// An execution result. Its memory is counted until it is dropped, so not before it is sent.
    Payload(Arc<Payload>),
    /// The errors of a request that was not executed, as JSON. Nothing follows.
    Errors(String),
    /// The operation has ended.
    Complete,
    /// The subscription has ended or cannot begin now, mostly because the database is not available. Clients try again.
    Failed,
}

/// The JSON of a payload as bytes that share it, hold its memory, and last as long as its transfer.
pub(super) fn bytes_of(payload: &Arc<Payload>, transfer: Option<Transfer>) -> Bytes {
    // The transfer ends before the memory is free.
    struct Shared(#[allow(dead_code, reason = "it ends on drop")] Option<Transfer>, Arc<Payload>);
    impl AsRef<[u8]> for Shared {
        fn as_ref(&self) -> &[u8] {
            self.1.json.as_bytes()
        }
    }
    Bytes::from_owner(Shared(transfer, Arc::clone(payload)))
}

pub(super) type Outputs = BoxStream<'static, Output>;

/// Runs an operation, which may be a subscription; the answer to it if the access token is invalid.
pub(super) async fn run(
    state: &State,
    caller: Caller,
    request: Request,
    is_subscription: bool,
    operations: Operations,
    waiting: &Waiting,
) -> Result<Outputs, Box<Answer>> {
    let limit = state.settings.request_time;
    let due = Instant::now() + limit;
    let record = Record::begin(due, state.settings.slow_request);
    record.is_of(caller.logged_in());
    let begin = Box::pin(begin(state, caller, request, is_subscription, operations, waiting));
    let begin = work::note(record.work(), begin);
    match deadline::keep(limit, begin).await {
        Ok((outputs, codes)) => {
            record.end(codes);
            outputs
        }
        Err(_) if is_subscription => Ok(failed()),
        Err(late) => Ok(stream::iter([Output::Errors(late.into_errors().to_string())]).boxed()),
    }
}

/// Clients try again.
fn failed() -> Outputs {
    stream::iter([Output::Failed]).boxed()
}

/// Runs an operation, or begins a subscription. Returns the codes of its errors too.
async fn begin(
    state: &State,
    caller: Caller,
    request: Request,
    is_subscription: bool,
    operations: Operations,
    waiting: &Waiting,
) -> (Result<Outputs, Box<Answer>>, Vec<&'static str>) {
    if is_subscription {
        return match state.api.subscribe(&request, &caller, waiting).await {
            Ok(deliveries) => (Ok(of_subscription(deliveries)), Vec::new()),
            Err(answer) if answer.codes().contains(&ErrorCode::ServiceUnavailable.as_str()) => {
                (Ok(failed()), answer.codes())
            }
            Err(answer) => refused(*answer),
        };
    }
    let answer = state.api.execute(request, caller, operations).await;
    if answer.verdict != Verdict::Run {
        return refused(answer);
    }
    let codes = answer.codes();
    let outputs = stream::iter([Output::Payload(Arc::new(Payload::of(answer))), Output::Complete]);
    (Ok(outputs.boxed()), codes)
}

fn refused(answer: Answer) -> (Result<Outputs, Box<Answer>>, Vec<&'static str>) {
    let codes = answer.codes();
    if answer.verdict == Verdict::Unauthenticated {
        return (Err(Box::new(answer)), codes);
    }
    (Ok(stream::iter([Output::Errors(answer.errors_as_json())]).boxed()), codes)
}

fn of_subscription(deliveries: Deliveries) -> Outputs {
    let output = |delivery| match delivery {
        Delivery::Payload(payload) => Output::Payload(payload),
        Delivery::Complete => Output::Complete,
        Delivery::Failed => Output::Failed,
    };
    // After `Complete` the operation is stopped. Without an end of its own, its task has panicked.
    deliveries.map(output).chain(failed()).boxed()
}
