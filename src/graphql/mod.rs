//! The API: thin resolvers that read input, call a rule or a loader, and shape the answer.
//!
//! async-graphql is named here and in `http::endpoint` only.

mod context;
mod error;
mod extension;
mod guard;
mod inputs;
mod loaders;
mod mutation;
mod paging;
mod query;
mod scalars;
mod types;

use std::sync::Arc;

use async_graphql::{EmptySubscription, Request, Response, SDLExportOptions, SchemaBuilder};

pub use context::Caller;

use crate::service::Services;

type Builder = SchemaBuilder<query::Query, mutation::Mutation, EmptySubscription>;

fn builder() -> Builder {
    async_graphql::Schema::build(query::Query, mutation::Mutation::default(), EmptySubscription)
        .register_output_type::<types::UserEdge>()
}

/// The schema with everything its resolvers need. Cloning is cheap.
#[derive(Clone)]
pub struct Schema(async_graphql::Schema<query::Query, mutation::Mutation, EmptySubscription>);

impl Schema {
    /// Puts it together.
    pub fn new(services: Arc<Services>) -> Self {
        Self(builder().data(services).extension(extension::ErrorCodes).finish())
    }

    /// Runs a request for its caller.
    pub async fn execute(&self, request: Request, caller: Caller) -> Response {
        // Tokio's cooperative budget would suspend a level of more than 128 sibling loads
        // half-way, and a loader would then send several statements in place of one.
        tokio::task::unconstrained(self.0.execute(request.data(caller))).await
    }
}

/// The schema as text, which is what `schema.graphql` holds.
pub fn sdl() -> String {
    let options =
        SDLExportOptions::new().prefer_single_line_descriptions().use_space_ident().indent_width(2);
    builder().finish().sdl_with_options(options)
}
