//! How a request is executed. It knows no board and no card.
//!
//! The steps, in order, and who takes them:
//!
//! 1. `document`: the text becomes a valid document, by the specification of September 2025, or is known from
//!    before. `scan` and `measure` bound it first.
//! 2. `Engine::document`: which operation, and may this caller run it at all? Then `viewer_limit` lets each viewer run a
//!    few requests at once.
//! 3. `variables`: the values of variables are coerced, once.
//! 4. `plan`: fragments, equal fields, `@skip` and `@include` are worked in, and `cost` says how much the answer
//!    may hold. What is left is what the library executes.
//! 5. The library executes the plan. Resolvers ask loaders; `scheduler` says when loads are sent; `rows` puts
//!    objects together; `budget` bounds what a request takes while it runs.
//! 6. `answer`: the introspection is added, and errors get their codes, their paths and their places.
//!
//! Steps 3 to 6 of a query run again (`Engine::execute`) when it needs more statements than the last time, and
//! when there was too little memory. A request's first statement may be one before step 1, which finds the session.
//!
//! What must hold:
//!
//! - Resolvers of [`Pure`] types may run twice for one answer; those of mutations run once.
//! - Loads are sent only when every field of the request has its answer or waits for a load.
//! - Objects of an answer are [`EagerObject`]s or in [`EagerList`], but for connections and payloads of mutations: `rows` takes
//!   from the budget what they and the text in them need.
//!
//! | what is our own | why it is not the library's |
//! |---|---|
//! | parsing, validation (apollo-compiler) | async-graphql accepts what the specification refuses, and the other way round |
//! | merging of fields, `@skip`, `@include` | it runs equal fields twice, and leaves defaults of variables out |
//! | introspection (apollo-compiler) | it differs from what graphql-js says of the same schema |
//! | paths of errors | it cuts them at lists |
//! | objects (`rows`) | it makes a boxed future for each field of each row |

mod answer;
mod budget;
mod cost;
mod document;
mod eager;
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
pub(super) use self::budget::{Budget, Memory};
use self::document::{Document, Documents};
pub(super) use self::eager::{EagerList, EagerObject, Pure};
use self::plan::{Plan, plan};
use self::refusal::Refusal;
pub(super) use self::scheduler::BatchScheduler;
use self::schema::TypeSystem;
use self::variables::Values;
use self::viewer_limit::ViewerLimit;
use super::context::Caller;
use super::error;
use crate::config::{Config, Limits};
use crate::store::Mode;

/// Which operations a request may run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Operations {
    /// Queries, which change nothing.
    Queries,
    /// All.
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

/// What can be executed.
struct Planned {
    plan: Plan,
    /// What the introspection answers.
    introspection: Option<async_graphql::Value>,
    holds_tokens: bool,
    is_query: bool,
}

impl<E: Executor> Engine<E> {
    /// `sdl` is the schema of the resolvers; an error is a defect of the program.
    pub(super) fn new(executor: E, sdl: &str, config: &Config) -> Result<Self, String> {
        let types = TypeSystem::of(sdl, config.introspection)?;
        let documents = Documents::new(config.limits);
        let viewer_limit = ViewerLimit::new(config.database.pool_size);
        Ok(Self { executor, types, documents, viewer_limit, limits: config.limits })
    }

    /// Runs a request for its caller, if it is one of the allowed operations.
    pub(super) async fn execute(
        &self,
        request: Request,
        caller: Caller,
        allowed: Operations,
    ) -> Answer {
        let document = match self.document(&request, &caller, allowed) {
            Ok(document) => document,
            Err(answer) => return *answer,
        };
        let _permit = match caller.viewer() {
            Ok(viewer) => self.viewer_limit.take(viewer.key).await,
            Err(_) => None,
        };
        let caller = Arc::new(caller);
        let operation = document.operation(request.operation_name.as_deref());
        let is_query = operation.is_ok_and(|operation| operation.is_query());
        let mut mode = if is_query { document.mode() } else { Mode::Transaction };
        let mut rerun = None;
        loop {
            // In a box, since futures are as large as all that they hold and are moved.
            if let Some(answer) = Box::pin(self.run(&document, &request, &caller, mode)).await {
                return answer;
            }
            caller.budget().reset();
            if caller.budget().is_short() && !caller.budget().wait(&mut rerun).await {
                return Answer::unavailable();
            }
            mode = Mode::Transaction;
        }
    }

    /// The document of a request, if the caller may run its operation.
    fn document(
        &self,
        request: &Request,
        caller: &Caller,
        allowed: Operations,
    ) -> Result<Arc<Document>, Box<Answer>> {
        let refused = |refusal: Refusal| Box::new(Answer::refused(refusal));
        let document = self.documents.get(&self.types, &request.query).map_err(refused)?;
        let operation = document.operation(request.operation_name.as_deref()).map_err(refused)?;
        if allowed == Operations::Queries && operation.operation_type != OperationType::Query {
            return Err(Box::new(Answer::not_allowed()));
        }
        if let Some(refusal) = &caller.refusal
            && !Anonymous::of(&document, operation).all
        {
            return Err(Box::new(Answer::without_viewer(refusal.clone())));
        }
        Ok(document)
    }

    /// Plans and executes; `None` when the query has to run again: with more statements, or with more memory.
    async fn run(
        &self,
        document: &Document,
        request: &Request,
        caller: &Arc<Caller>,
        mode: Mode,
    ) -> Option<Answer> {
        let planned = document
            .operation(request.operation_name.as_deref())
            .and_then(|operation| self.plan(document, operation, request.variables.clone()));
        let Planned { plan, introspection, holds_tokens, is_query } = match planned {
            Ok(planned) => planned,
            Err(refusal) => return Some(Answer::refused(refusal)),
        };
        let (scheduler, budget) = (caller.scheduler(), caller.budget());
        budget.set_work(self.limits.complexity.saturating_sub(plan.cost));
        if let Some(told) = &introspection
            && let Err(refused) = budget.take_object(eager::bytes_of(told), 0)
        {
            return (!budget.is_short()).then(|| Answer::too_large(refused));
        }
        let snapshot = caller.begin(mode).snapshot().clone();
        let execution = Request::new("").variables(plan.variables);
        let mut execution = execution.data(Arc::clone(caller));
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
            // The database was not there for all of it. (A defect is told where it is.)
            if snapshot.failed() && !error::tells_of_a_defect(&response.errors) {
                return Some(Answer::unavailable());
            }
        }
        let mut answer = Answer::run(response, Arc::clone(budget), holds_tokens);
        if let (Some(keys), Some(told)) = (plan.introspection, introspection) {
            answer.add_introspection(keys, told);
        }
        answer.complete(&request.query, &caller.request_id);
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
            let message = format!("Variables are nested deeper than {limit}.");
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

/// Which fields of a mutation need no access token: log-ins. The schema says so with `@anonymous`.
struct Anonymous {
    /// All of them: then a token that has ended does no harm, since clients send the one that they have.
    all: bool,
    /// Some of them: the answer may hold tokens.
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
