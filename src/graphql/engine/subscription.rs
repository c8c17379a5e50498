//! Checks subscriptions, and executes their payloads.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use async_graphql::{Executor, Variables};

use super::answer::Answer;
use super::caller::Caller;
use super::cost::Cost;
use super::operation::PreparedOperation;
use super::plan::{Plan, RootField, plan, root_of_subscription};
use super::request::Request;
use super::request_error::RequestError;
use super::request_state::RequestState;
use super::run::library_request;
use super::shape::Shape;
use super::{Engine, Operations};
use crate::graphql::error;
use crate::store::Snapshot;

/// A subscription that was checked, and whose payloads can be executed.
pub(in crate::graphql) struct Subscription {
    pub(in crate::graphql) root: RootField,
    pub(in crate::graphql) shape: Arc<Shape>,
}

impl<E: Executor, P: Executor> Engine<E, P> {
    /// Whether the request is a valid one for a subscription.
    pub(in crate::graphql) fn is_subscription(&self, request: &Request) -> bool {
        self.find(&request.document).is_ok_and(|document| {
            let operation = document.operation(request.operation_name.as_deref());
            operation.is_ok_and(|operation| operation.definition.is_subscription())
        })
    }

    /// Checks a subscription, and finds out what it selects. `lists` has the name of the list in the payloads of each root
    /// field, whose length is known only when a payload is made.
    pub(in crate::graphql) fn subscribe(
        &self,
        request: &Request,
        caller: &impl Caller,
        lists: &[(&str, &str)],
    ) -> Result<Subscription, Box<Answer>> {
        let refused = |error: RequestError| Box::new(Answer::refused(error));
        let operation = self.operation(request, caller, Operations::Subscriptions)?;
        self.subscription(&operation, request.variables.clone(), lists).map_err(refused)
    }

    fn subscription(
        &self,
        operation: &PreparedOperation,
        variables: Variables,
        lists: &[(&str, &str)],
    ) -> Result<Subscription, RequestError> {
        let values = self.coerced(operation, variables)?;
        let (root, cost) = root_of_subscription(&self.types, operation, &values, lists)?;
        let (most, limit) = (cost.of_one(), self.limits.complexity);
        if most > limit {
            let message =
                format!("A payload has a complexity of up to {most}; at most {limit} is allowed.");
            return Err(RequestError::too_complex(message));
        }
        let plan = plan(&self.types, operation, values, Cost::MAX)?;
        let text = Arc::clone(&operation.text);
        let Plan { document, variables, .. } = plan;
        let shape = Shape { text, document, variables, cost, is_personal: AtomicBool::new(false) };
        Ok(Subscription { root, shape: self.shapes.shared(shape) })
    }

    /// The complexity that is left for the objects in the list of a payload.
    pub(in crate::graphql) fn left(&self, shape: &Shape) -> Cost {
        self.limits.complexity.saturating_sub(shape.cost.empty)
    }

    /// Executes a payload in a snapshot that its caller has begun. `source` is what it is about, as data of the context.
    /// `cost` is that of the objects in its list. `None` if the database is not available, or memory is short.
    pub(in crate::graphql) async fn payload(
        &self,
        shape: &Shape,
        caller: &Arc<impl Caller>,
        snapshot: &Snapshot,
        source: impl Send + Sync + 'static,
        cost: Cost,
    ) -> Option<Answer> {
        let RequestState { scheduler, budget, .. } = &**caller.state();
        budget.set_complexity(self.left(shape).saturating_sub(cost));
        let planned = library_request(caller, shape.document.clone(), shape.variables.clone());
        let response = scheduler.run(pin!(self.payloads.execute(planned.data(source)))).await;
        snapshot.end();
        let is_lost = snapshot.failed() && !error::tells_of_a_defect(&response.errors);
        if is_lost || budget.is_short() {
            return None;
        }
        let mut answer = Answer::of_run(response, Arc::clone(budget), false);
        answer.complete(&shape.text, caller.request_id());
        Some(answer)
    }
}
