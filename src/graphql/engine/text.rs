//! Strings of an answer that can be long.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value};

use super::path::keep_path;
use crate::graphql::context::Caller;

/// A `String` of the schema. What it takes is counted wherever it stands in an answer: one long text can stand
/// there thousands of times.
pub(in crate::graphql) struct Text<'t>(pub(in crate::graphql) Cow<'t, str>);

impl<'t> From<&'t str> for Text<'t> {
    fn from(text: &'t str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl<'t> From<&'t String> for Text<'t> {
    fn from(text: &'t String) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

impl OutputType for Text<'_> {
    fn type_name() -> Cow<'static, str> {
        <String as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <String as OutputType>::create_type_info(registry)
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        if let Some(caller) = ctx.data_opt::<Arc<Caller>>()
            && let Err(error) = caller.budget().take_text(self.0.len())
        {
            let error = async_graphql::Error::from(error).into_server_error(field.pos);
            return Err(keep_path(ctx, ctx.set_error_path(error)));
        }
        Ok(Value::String(self.0.clone().into_owned()))
    }
}
