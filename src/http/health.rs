//! Health checks for monitoring.

use axum::extract;
use axum::http::StatusCode;

use super::State;

/// Liveness: the process runs.
pub(super) async fn live() -> &'static str {
    "ok"
}

/// Readiness: the database responds, and the server does not stop.
pub(super) async fn ready(
    extract::State(state): extract::State<State>,
) -> (StatusCode, &'static str) {
    if state.draining.has_begun() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the server stops");
    }
    match state.services.db.check().await {
        Ok(()) => (StatusCode::OK, "ok"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "the database does not respond"),
    }
}
