//! Executes requests. The engine is independent of the types of the schema.
//!
//! The steps, in order, with the modules that perform them:
//!
//! 1. `persisted`: finds the text of a document that a request names (`trusted` reads the list of those
//!    that may run). `document`: parses and validates the text according to the specification of September 2025, or
//!    finds it in the cache. `scan` and `measure` check limits first; `scan`, `usages` and `plan/list_arguments`
//!    check what apollo-compiler does not. `operation` is one operation of it.
//! 2. `Engine::operation`: selects the operation and checks whether the caller may run it. Then
//!    `viewer_limit` limits how many requests of one viewer run at once.
//! 3. `variables`: coerces the values of variables (`coercion`), once. `literals` are values in the document.
//! 4. `plan`: expands fragments, merges fields with the same response key, and applies `@skip` and `@include`; `cost` and
//!    `list_size` give the complexity. The introspection fields
//!    are executed by `answer`, before the others. Steps 1 to 4 run before the guards of fields.
//! 5. async-graphql executes the plan. Resolvers call loaders; `scheduler` decides when loads are sent;
//!    `eager` resolves objects and writes them as `json`; `budget` limits the resources of the running request, and `sending` the time for
//!    which a response that is being sent may hold memory.
//! 6. `answer`: inserts the result of the introspection and completes the codes, paths (`path`) and
//!    locations of errors.
//!
//! Steps 3 to 5 of a query run again (`Engine::execute`) if it needs more statements than the last time,
//! or if there was too little memory. Before step 1, the request may have used a statement to find the
//! session.
//!
//! `run` takes these steps for queries and mutations. A subscription takes the steps 1 to 4 once, without `viewer_limit`, and
//! the steps 5 and 6 for each payload (`subscription`); `shape` is what it selects.
//!
//! `request` and `caller` are what comes in, `verdict` what became of it. `schema` holds the types that steps 1 to 4 check
//! against, `request_state` what the parts of a request share, `request_error` the errors of requests that are not run, and
//! `position` the places in documents that errors name.
//!
//! Invariants:
//!
//! - Resolvers of [`Pure`] types may run several times for one response, and so may those of the query
//!   root, when a query runs again. Resolvers of mutations run once.
//! - Loads are sent only when every field of the request has its value or waits for a load.
//! - A cache keeps nothing that depends on who asks: documents, unless they may hold passwords
//!   (`Document::may_be_kept`), and rows of one version of a board (`loaders/cache`). Results of searches are not kept,
//!   because stored texts are folded anew at times. Permissions are read by every request.
//! - Every object of a response is an [`EagerObject`], or in an [`EagerList`] or [`NullableList`]. Through these types `eager`
//!   charges the budget for rows, for fields that wait and for errors. Connections and payloads of mutations are exceptions.
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
mod coercion;
mod cost;
mod document;
mod eager;
pub(super) mod json;
mod list_size;
mod literals;
mod measure;
mod operation;
mod path;
mod persisted;
mod plan;
mod position;
mod request;
mod request_error;
mod request_state;
mod run;
mod scan;
mod scheduler;
mod schema;
mod sending;
mod shape;
mod subscription;
mod trusted;
mod usages;
mod variables;
mod verdict;
mod viewer_limit;

use std::sync::Arc;

use apollo_compiler::executable::OperationType;
use async_graphql::{Executor, Variables};

pub use self::answer::Answer;
pub(super) use self::budget::{Budget, Memory};
pub(super) use self::caller::Caller;
pub(super) use self::cost::Cost;
use self::document::{Document, Documents};
pub(super) use self::eager::{EagerList, EagerObject, NullableList, Pure};
use self::operation::PreparedOperation;
use self::persisted::Persisted;
pub use self::request::{DocumentSource, Request};
use self::request_error::RequestError;
pub(super) use self::request_state::RequestState;
use self::schema::TypeSystem;
pub use self::sending::Transfer;
pub(super) use self::shape::Shape;
use self::shape::Shapes;
pub(super) use self::subscription::Subscription;
use self::variables::Values;
pub use self::verdict::Verdict;
use self::viewer_limit::ViewerLimit;
use crate::config::{Config, Limits, StartError};
use crate::metrics::work;

/// The operation types that a request may run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Operations {
    /// Queries, which change no data.
    Queries,
    /// Queries and mutations.
    QueriesAndMutations,
    /// Subscriptions. The caller has checked the type.
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
            documents.get(&types, text).map(drop).map_err(|error| error.first_problem())
        })?;
        let viewer_limit = ViewerLimit::new(config.database.pool_size);
        let (shapes, limits) = (Shapes::default(), config.limits);
        Ok(Self { executor, payloads, shapes, types, documents, persisted, viewer_limit, limits })
    }

    fn find(&self, source: &DocumentSource) -> Result<Arc<Document>, RequestError> {
        self.persisted.find(source, |text| self.documents.get(&self.types, text))
    }

    /// The operation of a request; an error if the caller may not run it.
    fn operation(
        &self,
        request: &Request,
        caller: &impl Caller,
        allowed: Operations,
    ) -> Result<Arc<PreparedOperation>, Box<Answer>> {
        let refused = |error| Box::new(Answer::refused(error));
        let document = self.find(&request.document).map_err(refused)?;
        let operation = document.operation(request.operation_name.as_deref()).map_err(refused)?;
        work::with(|work| {
            let _ = work.operation.set(Arc::clone(operation.series()));
            let _ = work.document.set(Arc::clone(&operation.text));
        });
        match operation.definition.operation_type {
            OperationType::Mutation if allowed == Operations::Queries => {
                return Err(refused(RequestError::operation_not_allowed()));
            }
            OperationType::Subscription if allowed != Operations::Subscriptions => {
                return Err(refused(RequestError::no_stream()));
            }
            _ => {}
        }
        if let Some(error) = caller.auth_error()
            && !is_anonymous(operation)
        {
            return Err(Box::new(Answer::failed(error.clone(), caller.request_id())));
        }
        Ok(Arc::clone(operation))
    }

    fn coerced(
        &self,
        operation: &PreparedOperation,
        variables: Variables,
    ) -> Result<Values, RequestError> {
        let limit = self.limits.nesting;
        if variables.values().any(|value| variables::nested_deeper(value, limit)) {
            let message = format!("Variables are nested more than {limit} levels deep.");
            return Err(RequestError::too_complex(message));
        }
        Values::coerce(&self.types, operation, variables)
    }
}

/// Whether all root fields of a mutation need no access token, such as a log-in. The schema marks them with `@anonymous`. An
/// invalid or expired token is ignored then, because clients send their token with every request.
fn is_anonymous(operation: &PreparedOperation) -> bool {
    operation.definition.operation_type == OperationType::Mutation
        && operation
            .root_fields()
            .all(|field| field.name == "__typename" || field.definition.directives.has("anonymous"))
}
