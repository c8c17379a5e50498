//! Runs queries and mutations.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Executor, Variables};

use super::answer::{self, Answer};
use super::budget::STOP_AFTER_ERRORS;
use super::caller::Caller;
use super::operation::PreparedOperation;
use super::plan::plan;
use super::request::Request;
use super::request_state::RequestState;
use super::{Engine, Operations, eager};
use crate::domain::Error;
use crate::graphql::error;
use crate::metrics::{self, Limit};
use crate::store::ReadMode;

impl<E: Executor, P: Executor> Engine<E, P> {
    /// Runs a request for its caller, if its operation type is allowed.
    pub(in crate::graphql) async fn execute(
        &self,
        request: Request,
        caller: impl Caller,
        allowed: Operations,
    ) -> Answer {
        let operation = match self.operation(&request, &caller, allowed) {
            Ok(operation) => operation,
            Err(answer) => return *answer,
        };
        let _permit = match caller.viewer_key() {
            Some(viewer) => self.viewer_limit.take(viewer).await,
            None => None,
        };
        let caller = Arc::new(caller);
        let (mut mode, mut rerun) = (operation.mode(), None);
        loop {
            // Boxed because a future is as large as all that it holds, and would be copied on every move.
            let run = Box::pin(self.run(&operation, request.variables.clone(), &caller, mode));
            if let Some(answer) = run.await {
                return answer;
            }
            caller.state().budget.reset();
            if caller.state().budget.is_short() && !caller.state().budget.wait(&mut rerun).await {
                metrics::get().accounts.refusals.of(Limit::Memory).inc();
                return Answer::failed(Error::Unavailable, caller.request_id());
            }
            mode = ReadMode::Transaction;
        }
    }

    /// Plans and executes an operation; `None` if the query has to run again, with more statements or
    /// more memory.
    async fn run(
        &self,
        operation: &PreparedOperation,
        variables: Variables,
        caller: &Arc<impl Caller>,
        mode: ReadMode,
    ) -> Option<Answer> {
        let values = self.coerced(operation, variables);
        let limit = self.limits.complexity;
        let plan = match values.and_then(|values| plan(&self.types, operation, values, limit)) {
            Ok(plan) => plan,
            Err(error) => return Some(Answer::refused(error)),
        };
        let is_query = operation.definition.is_query();
        let introspection = plan
            .introspection
            .as_ref()
            .and_then(|_| answer::introspection(&self.types, operation, &plan.variables));
        let RequestState { scheduler, budget, .. } = &**caller.state();
        budget.set_complexity(limit.saturating_sub(plan.cost));
        if let Some(introspection) = &introspection
            && let Err(refused) = budget.take_object(eager::bytes_of(introspection), 0)
        {
            return (!budget.is_short()).then(|| Answer::failed(refused, caller.request_id()));
        }
        let snapshot = caller.begin(mode);
        let planned = library_request(caller, plan.document, plan.variables);
        let mut execution = pin!(self.executor.execute(planned));
        // The number of errors is checked each time the execution is polled. A mutation goes on: it may have committed.
        let execution = poll_fn(|cx| {
            if is_query && budget.has_too_many_errors() {
                return Poll::Ready(None);
            }
            execution.as_mut().poll(cx).map(Some)
        });
        let response = scheduler.run(pin!(execution)).await;
        snapshot.end();
        if is_query {
            if snapshot.exceeded() || budget.is_short() {
                caller.forget();
                return None;
            }
            // The database became unavailable during the query. (A defect is reported in the field where
            // it occurred.)
            let errors = response.as_ref().map_or(&[][..], |response| &response.errors);
            if snapshot.failed() && !error::tells_of_a_defect(errors) {
                return Some(Answer::failed(Error::Unavailable, caller.request_id()));
            }
            if response.is_some() {
                operation.note_statements(snapshot.statements());
            }
        }
        let Some(response) = response else {
            let error = Error::TooManyErrors { most: STOP_AFTER_ERRORS };
            return Some(Answer::failed(error, caller.request_id()));
        };
        let mut answer = Answer::of_run(response, Arc::clone(budget), operation.holds_secrets);
        if let (Some(keys), Some(introspection)) = (plan.introspection, introspection) {
            answer.add_introspection(keys, introspection);
        }
        answer.complete(&operation.text, caller.request_id());
        if !is_query {
            error::tell_of_commits(&mut answer.response.errors);
        }
        Some(answer)
    }
}

/// The request with which async-graphql executes a planned operation.
pub(super) fn library_request(
    caller: &Arc<impl Caller>,
    document: ExecutableDocument,
    variables: Variables,
) -> async_graphql::Request {
    let request = async_graphql::Request::new("").variables(variables);
    let mut request = request.data(Arc::clone(caller)).data(Arc::clone(caller.state()));
    request.set_parsed_query(document);
    request
}
