//! Executes requests. The engine is independent of the types of the schema.
//!
//! The steps, in order, with the modules that perform them:
//!
//! 1. `persisted`: finds the text of a document that a request names (`trusted` reads the list of those
//!    that may run). `document`: parses and validates the text according to the specification of September 2025, or
//!    finds it in the cache. `scan` and `measure` check limits first; `usages` checks how variables are
//!    used.
//! 2. `Engine::document`: selects the operation and checks whether the caller may run it. Then
//!    `viewer_limit` limits how many requests of one viewer run at once.
//! 3. `variables`: coerces the values of variables, once.
//! 4. `plan`: expands fragments, merges equal fields and applies `@skip` and `@include`; `cost` and
//!    `list_size` give the complexity. The library executes the resulting plan. The introspection fields
//!    are executed by `answer`, before the others.
//! 5. The library executes the plan. Resolvers call loaders; `scheduler` decides when loads are sent;
//!    `eager` resolves objects; `budget` limits the resources of the running request.
//! 6. `answer`: inserts the result of the introspection and completes the codes, paths (`path`) and
//!    locations of errors.
//!
//! Steps 3 to 5 of a query run again (`Engine::execute`) if it needs more statements than the last time,
//! or if there was too little memory. Before step 1, the request may have used a statement to find the
//! session.
//!
//! A subscription takes the steps 1 to 4 once (`subscription`), and step 5 for each payload.
//!
//! `schema` holds the types that steps 1 to 4 check against, `execution` what steps 4 and 5 share, and
//! `refusal` the errors of requests that are not run.
//!
//! Invariants:
//!
//! - Resolvers of [`Pure`] types may run several times for one response, and so may those of the query
//!   root, when a query runs again. Resolvers of mutations run once.
//! - Loads are sent only when every field of the request has its value or waits for a load.
//! - Every object of a response is an [`EagerObject`] or in an [`EagerList`], except connections and
//!   payloads of mutations, so that `eager` takes the memory and text of rows from the budget.
//!
//! | done here | why not by async-graphql |
//! |---|---|
//! | parsing, validation (apollo-compiler) | it accepts documents that the specification rejects, and the other way round |
//! | merging of fields, `@skip`, `@include` | it runs equal fields twice, and ignores default values of variables |
//! | introspection (apollo-compiler) | its result differs from that of graphql-js for the same schema |
//! | paths of errors | it cuts them at lists |
//! | objects (`eager`) | it makes a boxed future for each field of each row |

mod answer;
mod budget;
mod caller;
mod cost;
mod document;
mod eager;
mod execution;
mod list_size;
mod measure;
mod path;
mod persisted;
mod plan;
mod refusal;
mod request;
mod scan;
mod scheduler;
mod schema;
mod subscription;
mod trusted;
mod usages;
mod variables;
mod verdict;
mod viewer_limit;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use apollo_compiler::executable::{Operation, OperationType};
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Executor, Variables};

pub use self::answer::Answer;
pub(super) use self::budget::Memory;
pub(super) use self::caller::Caller;
pub(super) use self::cost::Cost;
use self::document::{Document, Documents};
pub(super) use self::eager::{EagerList, EagerObject, Pure};
pub(super) use self::execution::Execution;
use self::persisted::Persisted;
use self::plan::{Plan, plan, root_of_subscription};
use self::refusal::Refusal;
pub use self::request::{Request, Source};
use self::schema::TypeSystem;
use self::subscription::Shapes;
pub(super) use self::subscription::{Shape, Subscription};
use self::variables::Values;
pub use self::verdict::Verdict;
use self::viewer_limit::ViewerLimit;
use super::error;
use crate::config::{Config, Limits, StartError};
use crate::metrics::{self, Limit, work};
use crate::store::{Mode, Snapshot};

/// The operation types that a request may run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Operations {
    /// Queries, which change no data.
    Queries,
    /// Queries and mutations.
    All,
    /// Subscriptions.
    Subscriptions,
}

/// Executes requests with the resolvers of `E`, and the payloads of subscriptions with those of `P`.
pub(super) struct Engine<E, P> {
    executor: E,
    payloads: P,
    shapes: Shapes,
    types: TypeSystem,
    documents: Documents,
    persisted: Persisted,
    viewer_limit: ViewerLimit,
    limits: Limits,
}

/// An operation that is ready for execution.
struct Planned {
    plan: Plan,
    /// The result of the introspection fields.
    introspection: Option<async_graphql::Value>,
    holds_tokens: bool,
    is_query: bool,
}

impl<E: Executor, P: Executor> Engine<E, P> {
    /// `sdl` is the schema of the resolvers. Fails if the list of trusted documents cannot be used.
    pub(super) fn new(
        executor: E,
        payloads: P,
        sdl: &str,
        config: &Config,
    ) -> Result<Self, StartError> {
        let types = TypeSystem::of(sdl, config.introspection)
            .map_err(|bug| StartError::new(format!("schema: {bug}")))?;
        let documents = Documents::new(config.limits);
        let persisted = Persisted::new(&config.documents, |text| {
            documents.get(&types, text).map(drop).map_err(|refusal| refusal.reason())
        })?;
        let viewer_limit = ViewerLimit::new(config.database.pool_size);
        let (shapes, limits) = (Shapes::default(), config.limits);
        Ok(Self { executor, payloads, shapes, types, documents, persisted, viewer_limit, limits })
    }

    /// Runs a request for its caller, if its operation type is allowed.
    pub(super) async fn execute(
        &self,
        request: Request,
        caller: impl Caller,
        allowed: Operations,
    ) -> Answer {
        let document = match self.document(&request, &caller, allowed) {
            Ok(document) => document,
            Err(answer) => return *answer,
        };
        let _permit = match caller.account() {
            Some(account) => self.viewer_limit.take(account).await,
            None => None,
        };
        let caller = Arc::new(caller);
        let operation = document.operation(request.operation_name.as_deref());
        let is_query = operation.is_ok_and(|operation| operation.is_query());
        let mut mode = if is_query { document.mode() } else { Mode::Transaction };
        let mut rerun = None;
        loop {
            // Boxed because a future is as large as all that it holds, and would be copied on every move.
            if let Some(answer) = Box::pin(self.run(&document, &request, &caller, mode)).await {
                return answer;
            }
            caller.execution().budget.reset();
            if caller.execution().budget.is_short()
                && !caller.execution().budget.wait(&mut rerun).await
            {
                metrics::get().accounts.refusals.of(Limit::Memory).inc();
                return Answer::unavailable();
            }
            mode = Mode::Transaction;
        }
    }

    fn find(&self, source: &Source) -> Result<Arc<Document>, Refusal> {
        self.persisted.find(source, |text| self.documents.get(&self.types, text))
    }

    /// The document of a request; an error if the caller may not run its operation.
    fn document(
        &self,
        request: &Request,
        caller: &impl Caller,
        allowed: Operations,
    ) -> Result<Arc<Document>, Box<Answer>> {
        let refused = |refusal: Refusal| Box::new(Answer::refused(refusal));
        let document = self.find(&request.document).map_err(refused)?;
        let operation = document.operation(request.operation_name.as_deref()).map_err(refused)?;
        work::with(|work| {
            if let Some(series) = document.series(operation) {
                let _ = work.operation.set(Arc::clone(series));
                let _ = work.document.set(Arc::clone(document.text()));
            }
        });
        match operation.operation_type {
            OperationType::Mutation if allowed == Operations::Queries => {
                return Err(refused(Refusal::operation_not_allowed()));
            }
            OperationType::Subscription if allowed != Operations::Subscriptions => {
                return Err(refused(Refusal::no_stream()));
            }
            _ => {}
        }
        if let Some(refusal) = caller.refusal()
            && !is_anonymous(&document, operation)
        {
            return Err(Box::new(Answer::without_viewer(refusal.clone(), caller.request_id())));
        }
        Ok(document)
    }

    /// Plans and executes an operation; `None` if the query has to run again, with more statements or
    /// more memory.
    async fn run(
        &self,
        document: &Document,
        request: &Request,
        caller: &Arc<impl Caller>,
        mode: Mode,
    ) -> Option<Answer> {
        let planned = document
            .operation(request.operation_name.as_deref())
            .and_then(|operation| self.planned(document, operation, request.variables.clone()));
        let Planned { plan, introspection, holds_tokens, is_query } = match planned {
            Ok(planned) => planned,
            Err(refusal) => return Some(Answer::refused(refusal)),
        };
        let Execution { scheduler, budget, .. } = &**caller.execution();
        budget.set_work(self.limits.complexity.saturating_sub(plan.cost));
        if let Some(told) = &introspection
            && let Err(refused) = budget.take_object(eager::bytes_of(told), 0)
        {
            return (!budget.is_short()).then(|| Answer::too_large(refused));
        }
        let snapshot = caller.begin(mode);
        let execution = execution_of(caller, plan.document, plan.variables);
        let execution = pin!(self.executor.execute(execution));
        let response = scheduler.run(execution).await;
        snapshot.end();
        if is_query {
            if snapshot.exceeded() || budget.is_short() {
                caller.forget();
                return None;
            }
            document.note_statements(snapshot.statements());
            // The database became unavailable during the query. (A defect is reported in the field where
            // it occurred.)
            if snapshot.failed() && !error::tells_of_a_defect(&response.errors) {
                return Some(Answer::unavailable());
            }
        }
        let mut answer = Answer::run(response, Arc::clone(budget), holds_tokens);
        if let (Some(keys), Some(told)) = (plan.introspection, introspection) {
            answer.add_introspection(keys, told);
        }
        answer.complete(document.text(), caller.request_id());
        if !is_query {
            answer.tell_of_commits();
        }
        Some(answer)
    }

    /// Whether the request is a valid one for a subscription.
    pub(super) fn is_subscription(&self, request: &Request) -> bool {
        self.find(&request.document).is_ok_and(|document| {
            let operation = document.operation(request.operation_name.as_deref());
            operation.is_ok_and(|operation| operation.is_subscription())
        })
    }

    /// Checks a subscription, and finds out what it selects. `lists` has the name of the list in the payloads of each root
    /// field, whose length is known only when a payload is made.
    pub(super) fn subscribe(
        &self,
        request: &Request,
        caller: &impl Caller,
        lists: &[(&str, &str)],
    ) -> Result<Subscription, Box<Answer>> {
        let refused = |refusal: Refusal| Box::new(Answer::refused(refusal));
        let document = self.document(request, caller, Operations::Subscriptions)?;
        let operation = document.operation(request.operation_name.as_deref()).map_err(refused)?;
        self.subscription(&document, operation, request, lists).map_err(refused)
    }

    fn subscription(
        &self,
        document: &Document,
        operation: &Operation,
        request: &Request,
        lists: &[(&str, &str)],
    ) -> Result<Subscription, Refusal> {
        let values = self.coerced(document, operation, request.variables.clone())?;
        let (root, cost) = root_of_subscription(&self.types, document, operation, &values, lists)?;
        let (most, limit) = (cost.of_one(), self.limits.complexity);
        if most > limit {
            let message =
                format!("A payload has a complexity of up to {most}; at most {limit} is allowed.");
            return Err(Refusal::too_complex(message));
        }
        let plan = plan(&self.types, document, operation, values, Cost::MAX)?;
        let text = Arc::clone(document.text());
        let Plan { document, variables, .. } = plan;
        let shape = Shape { text, document, variables, cost, is_personal: AtomicBool::new(false) };
        Ok(Subscription { root, shape: self.shapes.shared(shape) })
    }

    /// The complexity that is left for the objects in the list of a payload.
    pub(super) fn left(&self, shape: &Shape) -> Cost {
        self.limits.complexity.saturating_sub(shape.cost.empty())
    }

    /// Executes a payload in a snapshot that its caller has begun. `source` is what it is about, as data of the context.
    /// `cost` is that of the objects in its list. `None` if the database is not available, or memory is short.
    pub(super) async fn payload(
        &self,
        shape: &Shape,
        caller: &Arc<impl Caller>,
        snapshot: &Snapshot,
        source: impl Send + Sync + 'static,
        cost: Cost,
    ) -> Option<Answer> {
        let Execution { scheduler, budget, .. } = &**caller.execution();
        budget.set_work(self.left(shape).saturating_sub(cost));
        let execution = execution_of(caller, shape.document.clone(), shape.variables.clone());
        let response = scheduler.run(pin!(self.payloads.execute(execution.data(source)))).await;
        snapshot.end();
        let is_lost = snapshot.failed() && !error::tells_of_a_defect(&response.errors);
        if is_lost || budget.is_short() {
            return None;
        }
        let mut answer = Answer::run(response, Arc::clone(budget), false);
        answer.complete(&shape.text, caller.request_id());
        Some(answer)
    }

    fn coerced(
        &self,
        document: &Document,
        operation: &Operation,
        variables: Variables,
    ) -> Result<Values, Refusal> {
        let limit = self.limits.nesting;
        if variables.values().any(|value| variables::nested_deeper(value, limit)) {
            let message = format!("Variables are nested more than {limit} levels deep.");
            return Err(Refusal::too_complex(message));
        }
        Values::coerce(&self.types, operation, document.required(operation), variables)
    }

    fn planned(
        &self,
        document: &Document,
        operation: &Operation,
        variables: Variables,
    ) -> Result<Planned, Refusal> {
        let values = self.coerced(document, operation, variables)?;
        let plan = plan(&self.types, document, operation, values, self.limits.complexity)?;
        let introspection = plan
            .introspection
            .as_ref()
            .and_then(|_| answer::introspection(&self.types, document, operation, &plan.variables));
        let holds_tokens = self.types.hold_tokens(operation.root_fields(document.executable()));
        let is_query = operation.operation_type == OperationType::Query;
        Ok(Planned { plan, introspection, holds_tokens, is_query })
    }
}

/// The execution of a planned operation by the library.
fn execution_of(
    caller: &Arc<impl Caller>,
    document: ExecutableDocument,
    variables: Variables,
) -> async_graphql::Request {
    let request = async_graphql::Request::new("").variables(variables);
    let mut request = request.data(Arc::clone(caller)).data(Arc::clone(caller.execution()));
    request.set_parsed_query(document);
    request
}

/// Whether all root fields of a mutation need no access token, such as a log-in. The schema marks them with `@anonymous`. An
/// invalid or expired token is ignored then, because clients send their token with every request.
fn is_anonymous(document: &Document, operation: &Operation) -> bool {
    operation.operation_type == OperationType::Mutation
        && operation
            .root_fields(document.executable())
            .all(|field| field.name == "__typename" || field.definition.directives.has("anonymous"))
}
