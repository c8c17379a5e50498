//! What the API is: types, fields, inputs and paging.

mod directives;
mod guard;
mod inputs;
mod mutation;
mod paging;
mod query;
mod scalars;
mod types;

use std::sync::Arc;

use async_graphql::{EmptySubscription, SDLExportOptions, SchemaBuilder, ValidationMode};

use crate::service::Services;

/// Runs the resolvers.
pub(super) type Executor =
    async_graphql::Schema<query::Query, mutation::Mutation, EmptySubscription>;

type Builder = SchemaBuilder<query::Query, mutation::Mutation, EmptySubscription>;

fn builder() -> Builder {
    async_graphql::Schema::build(query::Query, mutation::Mutation::default(), EmptySubscription)
        .override_output_type_description::<async_graphql::ID>(
        "Opaque and unique over the whole schema: keep it as it is, make none.",
    )
}

/// The resolvers, for operations that the engine has planned: it has validated them, bounds their depth and
/// answers the introspection itself.
pub(super) fn executor(services: Arc<Services>) -> Executor {
    builder()
        .data(services)
        .validation_mode(ValidationMode::Fast)
        .limit_recursive_depth(usize::MAX)
        .disable_introspection()
        // Or the library looks through all types for entities at each root field: 3 % of a small query. Its own
        // fields for them are not in `sdl`, so no valid document has them.
        .enable_federation()
        .finish()
}

/// What the schema is about, for those who read it.
const ABOUT: &str = "Kanban boards: cards in the columns BACKLOG, TODO, DOING and DONE, labels, comments, members and histories. \
Log in with `logIn` and send the access token as `Authorization: Bearer`. \
Every list is a Relay connection; every change of a board is an event with a sequence number.";

/// The schema as text, which is what `schema.graphql` holds.
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .include_specified_by()
        .prefer_single_line_descriptions()
        .use_space_ident()
        .indent_width(2);
    let sdl = builder().finish().sdl_with_options(options);
    // The library has no description of a schema.
    sdl.replacen("\nschema {", &format!("\n\"{ABOUT}\"\nschema {{"), 1)
}
