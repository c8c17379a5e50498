//! The API: thin resolvers that read input, call a rule or a loader, and shape the answer.
//!
//! async-graphql is named here and in `http::endpoint` only.

mod at_once;
mod context;
mod documents;
mod error;
mod guard;
mod inputs;
mod limits;
mod loaders;
mod mutation;
mod paging;
mod query;
mod rounds;
mod scalars;
mod types;
mod validation;

use std::pin::pin;
use std::sync::Arc;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{
    ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{
    EmptySubscription, Response, SDLExportOptions, SchemaBuilder, ValidationMode, Value,
};

pub use async_graphql::{Request, Variables};
pub use context::Caller;

use crate::config::{Config, Limits, StartError};
use crate::domain::{Client, Error, Result as DomainResult, Viewer};
use crate::service::Services;
use documents::Documents;
use limits::Refused;
use loaders::BoardCache;
use validation::{Validation, merge_root_fields};

type Builder = SchemaBuilder<query::Query, mutation::Mutation, EmptySubscription>;
type Executor = async_graphql::Schema<query::Query, mutation::Mutation, EmptySubscription>;

fn builder() -> Builder {
    async_graphql::Schema::build(query::Query, mutation::Mutation::default(), EmptySubscription)
        .register_output_type::<types::UserEdge>()
        .override_output_type_description::<async_graphql::ID>(
            "Opaque and unique over the whole schema: keep it as it is, make none.",
        )
}

/// The schema with everything its resolvers need.
pub struct Schema {
    schema: Executor,
    /// The same for documents that `schema` has found to be valid: it leaves out what reads them only.
    trusting: Executor,
    documents: Documents,
    services: Arc<Services>,
    cache: Arc<BoardCache>,
    validation: Validation,
    limits: Limits,
    introspection: bool,
}

/// Something of a request, or the answer that refuses it.
type Checked<T> = std::result::Result<T, Box<Response>>;

impl Schema {
    /// Puts it together.
    pub fn new(services: Arc<Services>, config: &Config) -> std::result::Result<Self, StartError> {
        let executor = |mode| {
            let builder = builder().data(Arc::clone(&services)).validation_mode(mode);
            if config.introspection {
                return builder.finish();
            }
            builder.disable_introspection().disable_suggestions().finish()
        };
        let (schema, trusting) = (executor(ValidationMode::Strict), executor(ValidationMode::Fast));
        let validation = Validation::new(&schema.sdl(), config.introspection);
        let validation = validation.map_err(|error| StartError::new(format!("schema: {error}")))?;
        let (limits, introspection) = (config.limits, config.introspection);
        Ok(Self {
            schema,
            trusting,
            documents: Documents::new(),
            services,
            cache: Arc::new(BoardCache::new(config.cache)),
            validation,
            limits,
            introspection,
        })
    }

    /// The caller of a request; without a viewer nobody is logged in, an error is what came of the
    /// attempt to find out who.
    pub fn caller(
        &self,
        client: Client,
        viewer: DomainResult<Option<Viewer>>,
        request_id: String,
    ) -> Caller {
        let (services, cache) = (Arc::clone(&self.services), Arc::clone(&self.cache));
        Caller::new(services, cache, self.limits.text, client, viewer, request_id)
    }

    /// Runs a request for its caller, if it is one of the allowed operations.
    pub async fn execute(
        &self,
        mut request: Request,
        caller: Caller,
        allowed: Operations,
    ) -> Answer {
        let known = self.documents.get(&request.query);
        let new = known.is_none().then(|| request.query.clone());
        let document = match known.map_or_else(|| self.parse(&request).map(Arc::new), Ok) {
            Ok(document) => document,
            Err(refusal) => return Answer::refused(*refusal),
        };
        let Some(operation) = operation(&document, &request) else {
            return Answer::refused(error::no_operation(request.operation_name.is_some()));
        };
        if allowed == Operations::Queries && operation.ty != OperationType::Query {
            let response = error::operation_not_allowed();
            return Answer { response, verdict: Verdict::OperationNotAllowed };
        }
        if let Some(refusal) = &caller.refusal
            && !logs_in(&document, operation)
        {
            return Answer::without_viewer(refusal.clone());
        }
        if let Err(refusal) = self.check(&document, operation, &request.variables) {
            return Answer::refused(*refusal);
        }
        request.set_parsed_query(ExecutableDocument::clone(&document));
        let (rounds, request_id) = (caller.rounds(), caller.request_id.clone());
        let snapshot = caller.loaders().snapshot().clone();
        let executor = if new.is_none() { &self.trusting } else { &self.schema };
        let execution = pin!(executor.execute(request.data(caller)));
        let mut response = rounds.run(execution).await;
        // That of a mutation's payload has ended with its caller.
        snapshot.end();
        error::complete(&mut response.errors, &request_id, self.introspection);
        let answer = Answer::of(response);
        if let (Some(text), Verdict::Run) = (new, answer.verdict) {
            self.documents.keep(text, document);
        }
        answer
    }

    /// Refuses what the library would find wrong only when it is half done, and what asks for too much.
    fn check(
        &self,
        document: &ExecutableDocument,
        operation: &OperationDefinition,
        variables: &Variables,
    ) -> Checked<()> {
        if limits::nested_deeper(variables, self.limits.nesting) {
            let limit = self.limits.nesting;
            let reason = format!("Variables are nested deeper than {limit}.");
            return Err(Box::new(error::too_complex(reason)));
        }
        let found = self.validation.check(document, operation, variables);
        let found = found.map_err(|invalid| Box::new(error::invalid(invalid)))?;
        let limit = self.limits.complexity;
        if found > limit {
            let reason = format!(
                "The query has a complexity of {found}; {limit} is allowed. Ask for smaller pages."
            );
            return Err(Box::new(error::too_complex(reason)));
        }
        Ok(())
    }

    /// Parses a document that is not made to be slow.
    fn parse(&self, request: &Request) -> Checked<ExecutableDocument> {
        let too_complex = |reason| Box::new(error::too_complex(reason));
        limits::check_text(&request.query, &self.limits).map_err(|refused| match refused {
            Refused::TooComplex(reason) => too_complex(reason),
            Refused::Unparsable(reason) => Box::new(error::unclosed(reason)),
        })?;
        let mut document =
            parse_query(&request.query).map_err(|error| Box::new(error::unparsable(error)))?;
        limits::check_document(&document, &self.limits).map_err(too_complex)?;
        match merge_root_fields(&mut document) {
            None => Ok(document),
            Some(name) => Err(Box::new(error::written_twice(&name))),
        }
    }
}

/// Which operations a request may run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Operations {
    /// Queries, which change nothing.
    Queries,
    /// All.
    All,
}

/// What became of a request.
pub struct Answer {
    /// What the client is told.
    pub response: Response,
    /// Whether it was run.
    pub verdict: Verdict,
}

/// Whether a request was run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was, perhaps with errors in some of its fields.
    Run,
    /// It was not: something is wrong with the request itself.
    Refused,
    /// It was not: the access token is of no use.
    Unauthenticated,
    /// It was not: the database did not say whose the access token is.
    Unavailable,
    /// It was not: the operation is not one of those that were allowed.
    OperationNotAllowed,
}

impl Answer {
    fn refused(response: Response) -> Self {
        Self { response, verdict: Verdict::Refused }
    }

    fn without_viewer(refusal: Error) -> Self {
        let verdict = match refusal {
            Error::BadToken { .. } => Verdict::Unauthenticated,
            _ => Verdict::Unavailable,
        };
        Self { response: error::of_request(refusal), verdict }
    }

    /// In how many seconds the client may try again what was too much.
    pub fn retry_after(&self) -> Option<u64> {
        self.response.errors.iter().filter_map(error::retry_after).max()
    }

    /// The library answers both kinds alike; an error of a field that was run names its path. Data that
    /// there is is never kept back.
    fn of(response: Response) -> Self {
        let run = response.data != Value::Null
            || response.errors.iter().all(|error| !error.path.is_empty());
        let verdict = if run { Verdict::Run } else { Verdict::Refused };
        Self { response, verdict }
    }
}

/// The operation that shall be run; `None` when there is none of that name, or more than one.
fn operation<'d>(
    document: &'d ExecutableDocument,
    request: &Request,
) -> Option<&'d OperationDefinition> {
    let mut operations = document.operations.iter();
    let found = match request.operation_name.as_deref() {
        Some(name) => operations.find(|(own, _)| own.is_some_and(|own| own.as_str() == name)),
        None => operations.next().filter(|_| operations.next().is_none()),
    };
    found.map(|(_, operation)| &operation.node)
}

/// Whether an operation does nothing but find out who is asking. Clients send the access token that
/// they have with it, which may be the very one that has ended.
fn logs_in(document: &ExecutableDocument, operation: &OperationDefinition) -> bool {
    operation.ty == OperationType::Mutation && only_logs_in(document, &operation.selection_set.node)
}

/// Fragments have been found to have no circles.
fn only_logs_in(document: &ExecutableDocument, set: &SelectionSet) -> bool {
    set.items.iter().all(|selection| match &selection.node {
        Selection::Field(field) => ["signUp", "logIn", "refreshSession", "__typename"]
            .contains(&field.node.name.node.as_str()),
        Selection::InlineFragment(inline) => {
            only_logs_in(document, &inline.node.selection_set.node)
        }
        Selection::FragmentSpread(spread) => {
            let fragment = document.fragments.get(&spread.node.fragment_name.node);
            fragment.is_some_and(|one| only_logs_in(document, &one.node.selection_set.node))
        }
    })
}

/// The schema as text, which is what `schema.graphql` holds.
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .include_specified_by()
        .prefer_single_line_descriptions()
        .use_space_ident()
        .indent_width(2);
    builder().finish().sdl_with_options(options)
}
