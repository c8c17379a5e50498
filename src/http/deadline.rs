//! The time limit of a request.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::media_type::MediaType;
use super::refusal::Refusal;

/// Answers for a request that takes too long, from its first byte to its answer. What it has begun to
/// write ends by itself (`store::Db::write`); what it reads, PostgreSQL stops.
pub(super) async fn keep(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    let wanted = MediaType::wanted(request.headers());
    let Ok(response) = tokio::time::timeout(limit, next.run(request)).await else {
        let message = format!(
            "The request took longer than {} seconds. What a mutation has begun may still be done.",
            limit.as_secs()
        );
        return Refusal::unavailable(message).into_answer(wanted);
    };
    response
}
