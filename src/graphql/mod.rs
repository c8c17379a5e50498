//! The API: thin resolvers that read input, call a rule or a loader, and shape the answer.
//!
//! async-graphql is named here and in `http::endpoint` only.

mod context;
mod error;
mod guard;
mod inputs;
mod loaders;
mod mutation;
mod paging;
mod query;
mod rounds;
mod scalars;
mod types;

use std::sync::Arc;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{EmptySubscription, Request, Response, SDLExportOptions, SchemaBuilder, Value};

pub use context::Caller;

use crate::service::Services;

type Builder = SchemaBuilder<query::Query, mutation::Mutation, EmptySubscription>;

fn builder() -> Builder {
    async_graphql::Schema::build(query::Query, mutation::Mutation::default(), EmptySubscription)
        .register_output_type::<types::UserEdge>()
        .override_output_type_description::<async_graphql::ID>(
            "Opaque and unique over the whole schema: keep it as it is, make none.",
        )
}

/// The schema with everything its resolvers need. Cloning is cheap.
#[derive(Clone)]
pub struct Schema(async_graphql::Schema<query::Query, mutation::Mutation, EmptySubscription>);

impl Schema {
    /// Puts it together.
    pub fn new(services: Arc<Services>) -> Self {
        Self(builder().data(services).finish())
    }

    /// Runs a request for its caller.
    pub async fn execute(&self, mut request: Request, caller: Caller) -> Response {
        let document = match parse_query(&request.query) {
            Ok(document) => document,
            Err(error) => return error::unparsable(error.into()),
        };
        if let Some(name) = missing_variable(&document, &request) {
            return error::missing_variable(&name);
        }
        request.set_parsed_query(document);
        let (rounds, request_id) = (caller.rounds(), caller.request_id.clone());
        let mut response = rounds.run(self.0.execute(request.data(caller))).await;
        for error in &mut response.errors {
            error::complete(error, &request_id);
        }
        response
    }
}

/// A variable that the operation requires and the request does not give. The library would notice
/// in the middle of a document, when other fields have been run.
fn missing_variable(document: &ExecutableDocument, request: &Request) -> Option<String> {
    let name = request.operation_name.as_deref();
    let mut operations = document.operations.iter();
    let (_, operation) = operations
        .find(|(own, _)| name.is_none_or(|name| own.is_some_and(|own| own.as_str() == name)))?;
    let given = |name| !matches!(request.variables.get(name), None | Some(Value::Null));
    let mut required =
        operation.node.variable_definitions.iter().map(|one| &one.node).filter(|variable| {
            !variable.var_type.node.nullable && variable.default_value.is_none()
        });
    required.find(|variable| !given(&variable.name.node)).map(|one| one.name.node.to_string())
}

/// The schema as text, which is what `schema.graphql` holds.
pub fn sdl() -> String {
    let options =
        SDLExportOptions::new().prefer_single_line_descriptions().use_space_ident().indent_width(2);
    builder().finish().sdl_with_options(options)
}
