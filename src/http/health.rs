//! Health checks for monitoring.

use axum::extract;
use axum::http::StatusCode;

use super::State;

/// Liveness: the process runs.
pub(super) async fn live() -> &'static str {
    "ok"
}

/// Readiness: the database reads and would write, and the server does not stop. Only the log has the reason why it is not
/// ready, because anybody may ask.
pub(super) async fn ready(
    extract::State(state): extract::State<State>,
) -> (StatusCode, &'static str) {
    if state.draining.has_begun() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the server stops");
    }
    match state.services.db.check().await {
        Ok(()) => (StatusCode::OK, "ok"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "the database is not ready"),
    }
}
