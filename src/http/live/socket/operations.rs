//! The operations of a socket.

use std::sync::Arc;
use std::time::Instant;

use futures_util::stream::{StreamExt, abortable};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::Notify;
use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;

use super::end::{End, closed};
use super::{Running, Socket};
use crate::domain::Viewer;
use crate::graphql::{ErrorCode, Operations, Payload, Request};
use crate::http::live::operation::{self, Output, Outputs};
use crate::http::live::protocol::{self, Close};
use crate::http::live::token::Token;
use crate::http::parameters;
use crate::http::record::Record;
use crate::http::refusal::Refusal;
use crate::metrics::{self, Limit, work};

impl Socket {
    /// Starts an operation.
    pub(super) async fn subscribe(&mut self, id: Arc<str>, request: &RawValue) -> Result<(), End> {
        if self.running.contains_key(&id) {
            return Err(Close::DUPLICATE.into());
        }
        if self.running.len() >= self.state.settings.live.operations {
            metrics::get().accounts.refusals.of(Limit::Operations).inc();
            let message = "Too many operations run on this WebSocket.";
            let code = ErrorCode::RateLimited.as_str();
            self.note_refusal(vec![code]);
            let error = json!([{ "message": message, "extensions": { "code": code } }]);
            return self.send_text(protocol::error(&id, &error.to_string())).await;
        }
        let max_values = self.state.settings.max_values;
        let request = parameters::in_message(request.get().as_bytes(), max_values);
        let request = match request.map_err(|_| Close::BAD_REQUEST)? {
            Ok(request) => request,
            Err(refused) => {
                self.note_refusal(refused.codes());
                return self.send_text(protocol::error(&id, &refused.errors_as_json())).await;
            }
        };
        let viewer = match &self.token {
            Some(token) => Some(token.authenticate().await.map_err(|error| closed(&error))?),
            None => None,
        };
        self.start(id, viewer, request);
        Ok(())
    }

    /// Tells the log and the metrics of an operation that is not run.
    fn note_refusal(&self, codes: Vec<&'static str>) {
        let record = Record::begin(Instant::now(), self.state.settings.slow_request);
        record.is_of(self.token.as_ref().map(Token::viewer));
        record.end(codes);
    }

    fn start(&mut self, id: Arc<str>, viewer: Option<Viewer>, request: Request) {
        let (state, waiting) = (Arc::clone(&self.state), self.waiting.clone());
        let is_subscription = state.api.is_subscription(&request);
        let caller = state.api.caller(self.client.clone(), Ok(viewer), self.request_id.clone());
        let begin = async move {
            let all = Operations::QueriesAndMutations;
            operation::run(&state, caller, request, is_subscription, all, &waiting).await
        };
        // In a task of its own, because it holds a connection to the database while the socket waits for its client.
        let begin = work::note(work::current(), begin);
        let begin = AbortOnDropHandle::new(tokio::spawn(begin));
        let request_id = self.request_id.clone();
        let outputs = futures_util::stream::once(begin).flat_map(move |begun| -> Outputs {
            let output = match begun {
                Ok(Ok(outputs)) => return outputs,
                // Only a token is refused like that, and this one was valid.
                Ok(Err(answer)) => Output::Errors(answer.errors_as_json()),
                Err(error) => failure(&error, is_subscription, &request_id),
            };
            futures_util::stream::iter([output]).boxed()
        });
        let key = Arc::clone(&id);
        let (outputs, abort) = abortable(outputs.map(move |output| (Arc::clone(&key), output)));
        self.operations.push(outputs.boxed());
        self.running.insert(id, Running { abort, is_subscription });
    }

    /// Stops an operation whose client wants no more of it.
    pub(super) fn stop(&mut self, id: &str) {
        if let Some(operation) = self.running.remove(id) {
            operation.abort.abort();
        }
    }

    /// Sends what an operation has given.
    pub(super) async fn answer(&mut self, id: &Arc<str>, output: Output) -> Result<(), End> {
        if !self.running.contains_key(id) {
            return Ok(());
        }
        match &output {
            Output::Payload(payload) => self.send_payload(id, payload).await?,
            Output::Errors(json) => self.send_text(protocol::error(id, json)).await?,
            Output::Complete => self.send_text(protocol::complete(id)).await?,
            Output::Failed => return Err(Close::TRY_AGAIN.into()),
        }
        // Not earlier, or the socket might be closed before the end of a query is sent.
        if matches!(output, Output::Errors(_) | Output::Complete) {
            self.stop(id);
        }
        Ok(())
    }

    /// Closes the socket if its client reads too slowly and others need the memory.
    async fn send_payload(&mut self, id: &Arc<str>, payload: &Arc<Payload>) -> Result<(), End> {
        let slow = Arc::new(Notify::new());
        let close = Arc::clone(&slow);
        let _transfer = payload.transfer(move || close.notify_one());
        tokio::select! {
            biased;
            sent = self.send(async |wire| wire.send_next(id, payload).await) => sent,
            () = slow.notified() => Err(End::Lost),
        }
    }

    /// Sends the results of the queries and mutations that run. One of them may have ended the session, and nothing else
    /// tells its client of that.
    pub(super) async fn answer_rest(&mut self) -> Result<(), End> {
        self.running.retain(|_, running| {
            if running.is_subscription {
                running.abort.abort();
            }
            !running.is_subscription
        });
        while !self.running.is_empty()
            && let Some((id, output)) = self.operations.next().await
        {
            self.answer(&id, output).await?;
        }
        Ok(())
    }

    /// Whether only subscriptions run, which clients resume elsewhere. Queries and mutations are answered first.
    pub(super) fn may_stop(&self) -> bool {
        self.running.values().all(|running| running.is_subscription)
    }
}

/// The result of an operation whose task has failed. After a panic, a mutation may have taken effect, so it gets an error as
/// over HTTP: if the socket was closed, clients would send it again.
fn failure(error: &JoinError, is_subscription: bool, request_id: &str) -> Output {
    if is_subscription || !error.is_panic() {
        return Output::Failed;
    }
    Output::Errors(Refusal::errors_of_panic(request_id).to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::graphql::ErrorCode;

    #[tokio::test]
    #[allow(clippy::panic)]
    async fn after_a_panic_only_subscriptions_are_tried_again() {
        let error = tokio::spawn(async { panic!("on purpose") }).await.unwrap_err();
        assert!(matches!(failure(&error, true, "abc-1"), Output::Failed));
        let Output::Errors(json) = failure(&error, false, "abc-1") else { panic!("not told") };
        let errors: Value = serde_json::from_str(&json).unwrap();
        let code = ErrorCode::InternalServerError.as_str();
        let expected = json!({ "code": code, "outcome": "UNKNOWN", "requestId": "abc-1" });
        assert_eq!(errors[0]["extensions"], expected);
        let stopped = tokio::spawn(std::future::pending::<()>());
        stopped.abort();
        assert!(matches!(failure(&stopped.await.unwrap_err(), false, "abc-1"), Output::Failed));
    }
}
