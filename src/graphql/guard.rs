//! Refuses fields without a viewer.

use async_graphql::{Context, Guard};

use super::context::ContextExt;

/// Stands on every root field but those that log in.
pub(super) struct LoggedIn;

impl Guard for LoggedIn {
    async fn check(&self, ctx: &Context<'_>) -> async_graphql::Result<()> {
        Ok(ctx.viewer().map(|_| ())?)
    }
}
