//! Health checks for monitoring.

use axum::extract;
use axum::http::StatusCode;

use super::{State, deadline};

/// Liveness: the process runs.
pub(super) async fn live() -> &'static str {
    "ok"
}

/// Readiness: the database responds.
pub(super) async fn ready(
    extract::State(state): extract::State<State>,
) -> (StatusCode, &'static str) {
    match deadline::keep(state.settings.request_time, state.services.db.ping()).await {
        Ok(Ok(())) => (StatusCode::OK, "ok"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "the database does not respond"),
    }
}
