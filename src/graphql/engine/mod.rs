//! Executes requests. The engine is independent of the types of the schema.
//!
//! The steps, in order, with the modules that perform them:
//!
//! 1. `document`: parses and validates the text according to the specification of September 2025, or
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
mod plan;
mod refusal;
mod scan;
mod scheduler;
mod schema;
mod usages;
mod variables;
mod viewer_limit;

use std::pin::pin;
use std::sync::Arc;

use apollo_compiler::Node;
use apollo_compiler::executable::{Field, Operation, OperationType};
use async_graphql::{Executor, Request, Variables};

pub use self::answer::{Answer, Verdict};
pub(super) use self::budget::Memory;
pub(super) use self::caller::Caller;
use self::document::{Document, Documents};
pub(super) use self::eager::{EagerList, EagerObject, Pure};
pub(super) use self::execution::Execution;
use self::plan::{Plan, plan};
use self::refusal::Refusal;
use self::schema::TypeSystem;
use self::variables::Values;
use self::viewer_limit::ViewerLimit;
use super::error;
use crate::config::{Config, Limits};
use crate::store::Mode;

/// The operation types that a request may run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Operations {
    /// Queries, which change no data.
    Queries,
    /// All operations.
    All,
}

/// Executes requests with the resolvers of `E`.
pub(super) struct Engine<E> {
    executor: E,
    types: TypeSystem,
    documents: Documents,
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

impl<E: Executor> Engine<E> {
    /// `sdl` is the schema of the resolvers. An error is a bug in the program.
    pub(super) fn new(executor: E, sdl: &str, config: &Config) -> Result<Self, String> {
        let types = TypeSystem::of(sdl, config.introspection)?;
        let documents = Documents::new(config.limits);
        let viewer_limit = ViewerLimit::new(config.database.pool_size);
        Ok(Self { executor, types, documents, viewer_limit, limits: config.limits })
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
                return Answer::unavailable();
            }
            mode = Mode::Transaction;
        }
    }

    /// The document of a request; an error if the caller may not run its operation.
    fn document(
        &self,
        request: &Request,
        caller: &impl Caller,
        allowed: Operations,
    ) -> Result<Arc<Document>, Box<Answer>> {
        let refused = |refusal: Refusal| Box::new(Answer::refused(refusal));
        let document = self.documents.get(&self.types, &request.query).map_err(refused)?;
        let operation = document.operation(request.operation_name.as_deref()).map_err(refused)?;
        if allowed == Operations::Queries && operation.operation_type != OperationType::Query {
            return Err(Box::new(Answer::not_allowed()));
        }
        if let Some(refusal) = caller.refusal()
            && !Anonymous::of(&document, operation).all
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
            .and_then(|operation| self.plan(document, operation, request.variables.clone()));
        let Planned { plan, introspection, holds_tokens, is_query } = match planned {
            Ok(planned) => planned,
            Err(refusal) => return Some(Answer::refused(refusal)),
        };
        let Execution { scheduler, budget } = &**caller.execution();
        budget.set_work(self.limits.complexity.saturating_sub(plan.cost));
        if let Some(told) = &introspection
            && let Err(refused) = budget.take_object(eager::bytes_of(told), 0)
        {
            return (!budget.is_short()).then(|| Answer::too_large(refused));
        }
        let snapshot = caller.begin(mode);
        let execution = Request::new("").variables(plan.variables);
        let mut execution = execution.data(Arc::clone(caller)).data(Arc::clone(caller.execution()));
        execution.set_parsed_query(plan.document);
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
        answer.complete(&request.query, caller.request_id());
        if !is_query {
            answer.tell_of_commits();
        }
        Some(answer)
    }

    fn plan(
        &self,
        document: &Document,
        operation: &Operation,
        variables: Variables,
    ) -> Result<Planned, Refusal> {
        let limit = self.limits.nesting;
        if variables.values().any(|value| variables::nested_deeper(value, limit)) {
            let message = format!("Variables are nested more than {limit} levels deep.");
            return Err(Refusal::too_complex(message));
        }
        let required = document.required(operation);
        let values = Values::coerce(&self.types, operation, required, variables)?;
        let plan = plan(&self.types, document, operation, values, self.limits.complexity)?;
        let introspection = plan
            .introspection
            .as_ref()
            .and_then(|_| answer::introspection(&self.types, document, operation, &plan.variables));
        let holds_tokens = Anonymous::of(document, operation).any;
        let is_query = operation.operation_type == OperationType::Query;
        Ok(Planned { plan, introspection, holds_tokens, is_query })
    }
}

/// Which root fields of a mutation need no access token, such as a log-in. The schema marks them with
/// `@anonymous`.
struct Anonymous {
    /// All of them. An invalid or expired token is ignored then, because clients send their token with
    /// every request.
    all: bool,
    /// Some of them: the response may hold tokens.
    any: bool,
}

impl Anonymous {
    fn of(document: &Document, operation: &Operation) -> Self {
        if operation.operation_type != OperationType::Mutation {
            return Self { all: false, any: false };
        }
        let fields = || operation.root_fields(document.executable());
        let is_anonymous = |field: &Node<Field>| field.definition.directives.has("anonymous");
        Self {
            all: fields().all(|field| field.name == "__typename" || is_anonymous(field)),
            any: fields().any(is_anonymous),
        }
    }
}
