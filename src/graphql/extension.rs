//! Gives every error a code, also those that the library makes.

use std::sync::Arc;

use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextParseQuery, NextRequest, NextValidation,
};
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{
    ErrorExtensionValues, Response, ServerError, ServerResult, ValidationResult, Variables,
};

use super::context::Caller;
use super::error::CODE;

/// Makes [`Coder`]s.
pub(super) struct ErrorCodes;

impl ExtensionFactory for ErrorCodes {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Coder)
    }
}

struct Coder;

#[async_trait::async_trait]
impl Extension for Coder {
    async fn request(&self, ctx: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        let mut response = next.run(ctx).await;
        for error in &mut response.errors {
            // What has a path came up while a field was resolved: an argument out of range, say.
            let code = if error.path.is_empty() { "BAD_REQUEST" } else { "BAD_USER_INPUT" };
            set_code(error, code);
            if let (Some(extensions), Some(caller)) =
                (&mut error.extensions, ctx.data_opt::<Caller>())
                && extensions.get(CODE) == Some(&"INTERNAL_SERVER_ERROR".into())
            {
                extensions.set("requestId", caller.request_id.as_str());
            }
        }
        response
    }

    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        next.run(ctx, query, variables).await.map_err(|mut error| {
            set_code(&mut error, "GRAPHQL_PARSE_FAILED");
            error
        })
    }

    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        next.run(ctx).await.map_err(|mut errors| {
            for error in &mut errors {
                set_code(error, "GRAPHQL_VALIDATION_FAILED");
            }
            errors
        })
    }
}

/// Sets the code of an error that has none.
fn set_code(error: &mut ServerError, code: &str) {
    let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
    if extensions.get(CODE).is_none() {
        extensions.set(CODE, code);
    }
}
