//! A guard that rejects fields when no user is logged in.

use async_graphql::{Context, Guard};

use crate::graphql::context::ContextExt;

/// Guards every field of the query root; `context::mutate` does the same for mutations.
pub(super) struct LoggedIn;

impl Guard for LoggedIn {
    async fn check(&self, ctx: &Context<'_>) -> async_graphql::Result<()> {
        Ok(ctx.viewer().map(|_| ())?)
    }
}
