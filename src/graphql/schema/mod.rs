//! The GraphQL schema: types, fields, inputs and paging.

mod directives;
mod guard;
mod inputs;
mod mutation;
mod paging;
mod query;
mod scalars;
mod subscription;
mod types;

use std::sync::Arc;

use async_graphql::{
    EmptyMutation, EmptySubscription, ObjectType, SDLExportOptions, SchemaBuilder,
    SubscriptionType, ValidationMode,
};

use super::ErrorCode;
use crate::service::Services;

/// The async-graphql schema, which runs the resolvers.
pub(super) type Executor =
    async_graphql::Schema<query::Query, mutation::Mutation, EmptySubscription>;

/// The schema that runs the resolvers of payloads. async-graphql executes each payload as a query.
pub(super) type Payloads =
    async_graphql::Schema<subscription::Subscription, EmptyMutation, EmptySubscription>;

pub(super) use subscription::{BoardListNews, BoardNews, LISTS, SubscriptionTarget, type_names};

fn builder<S: SubscriptionType + 'static>(
    subscription: S,
) -> SchemaBuilder<query::Query, mutation::Mutation, S> {
    async_graphql::Schema::build(query::Query, mutation::Mutation::default(), subscription)
        .override_output_type_description::<async_graphql::ID>(
        "An opaque ID, unique across all types. Clients store IDs as they are and never construct them.",
    )
}

/// The resolvers, for operations that the engine has planned. The engine validates operations, limits
/// their depth and answers introspection itself, so async-graphql does none of this.
pub(super) fn executor(services: Arc<Services>) -> Executor {
    for_planned(builder(EmptySubscription).data(services)).finish()
}

/// The same for payloads of subscriptions.
pub(super) fn payloads() -> Payloads {
    let root = subscription::Subscription;
    for_planned(async_graphql::Schema::build(root, EmptyMutation, EmptySubscription)).finish()
}

fn for_planned<Q, M, S>(builder: SchemaBuilder<Q, M, S>) -> SchemaBuilder<Q, M, S>
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    builder
        .validation_mode(ValidationMode::Fast)
        .limit_recursive_depth(usize::MAX)
        .disable_introspection()
        // Otherwise async-graphql searches all types for federation entities at each root field (3 % of a
        // small query). Its own fields for them are not in `sdl`, so no valid document selects them.
        .enable_federation()
}

/// The description of the schema.
const ABOUT: &str = "An API for Kanban boards: cards in the columns BACKLOG, TODO, DOING and DONE, labels, comments, members and histories. \
Log in with `logIn` and send the access token as `Authorization: Bearer <token>`. \
Paged lists are Relay connections. Every change to a board is an event with a sequence number.";

/// The schema in SDL: the content of `schema.graphql`.
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .include_specified_by()
        .prefer_single_line_descriptions()
        .use_space_ident()
        .indent_width(2);
    let schema = builder(subscription::Described).register_output_type::<ErrorCode>();
    let sdl = schema.finish().sdl_with_options(options);
    // async-graphql does not support a description of the schema.
    sdl.replacen("\nschema {", &format!("\n\"{ABOUT}\"\nschema {{"), 1)
}
