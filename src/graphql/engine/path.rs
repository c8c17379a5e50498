//! The paths of errors.
//!
//! async-graphql sets the path of an error again at every list and every field of a `SimpleObject` on the
//! way up, so that the path ends there and not where the error occurred. The first path is therefore kept
//! in the error.

use std::sync::Arc;

use async_graphql::{ContextBase, PathSegment, ServerError};

struct First(Vec<PathSegment>);

/// Keeps the path of an error that a field has just returned.
pub(super) fn keep_path<T>(ctx: &ContextBase<'_, T>, error: ServerError) -> ServerError {
    if error.source.as_ref().is_some_and(|source| source.is::<First>()) {
        return error;
    }
    let mut error = if error.path.is_empty() { ctx.set_error_path(error) } else { error };
    error.source = Some(Arc::new(First(error.path.clone())));
    error
}

/// Restores the path that was kept.
pub(super) fn restore_path(error: &mut ServerError) {
    if let Some(First(path)) = error.source.as_ref().and_then(|source| source.downcast_ref()) {
        error.path.clone_from(path);
    }
}
