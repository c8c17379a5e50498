//! The results of one operation, for both transports.

use std::sync::Arc;

use futures_util::stream::{self, BoxStream, StreamExt};

use crate::graphql::{
    Answer, Caller, Deliveries, Delivery, Operations, Payload, Request, Verdict, Waiting,
};
use crate::http::{State, deadline};

/// What a transport sends for an operation.
pub(super) enum Output {
    /// An execution result, as JSON.
    Result(String),
    /// A payload of a subscription.
    Payload(Arc<Payload>),
    /// The errors of a request that was not executed, as JSON. Nothing follows.
    Errors(String),
    /// The operation has ended.
    Complete,
    /// The subscription has ended, because the database is not available.
    Failed,
}

pub(super) type Outputs = BoxStream<'static, Output>;

/// Runs an operation; the answer to it if the access token is invalid.
pub(super) async fn run(
    state: &State,
    caller: Caller,
    request: Request,
    operations: Operations,
    waiting: &Waiting,
) -> Result<Outputs, Box<Answer>> {
    let is_subscription = state.api.is_subscription(&request);
    let begin = Box::pin(async {
        if is_subscription {
            return match state.api.subscribe(&request, &caller, waiting).await {
                Ok(deliveries) => Ok(of_subscription(deliveries)),
                Err(answer) => refused(*answer),
            };
        }
        let answer = state.api.execute(request, caller, operations).await;
        if answer.verdict != Verdict::Run {
            return refused(answer);
        }
        Ok(stream::iter([Output::Result(answer.into_json()), Output::Complete]).boxed())
    });
    match deadline::keep(state.settings.request_time, begin).await {
        Ok(outputs) => outputs,
        Err(late) => Ok(stream::iter([Output::Errors(late.into_errors().to_string())]).boxed()),
    }
}

fn refused(answer: Answer) -> Result<Outputs, Box<Answer>> {
    if answer.verdict == Verdict::Unauthenticated {
        return Err(Box::new(answer));
    }
    Ok(stream::iter([Output::Errors(answer.errors_as_json())]).boxed())
}

fn of_subscription(deliveries: Deliveries) -> Outputs {
    let output = |delivery| match delivery {
        Delivery::Payload(payload) => Output::Payload(payload),
        Delivery::Complete => Output::Complete,
        Delivery::Failed => Output::Failed,
    };
    deliveries.map(output).boxed()
}
