//! The time limit of a request.

use std::time::Duration;

use super::refusal::Refusal;

/// What comes of it, or the refusal of what takes too long. What a request has begun to write ends by itself
/// (`store::Db::write`); what it reads, PostgreSQL stops.
pub(super) async fn keep<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, Refusal> {
    tokio::time::timeout(limit, work).await.map_err(|_| {
        Refusal::unavailable(format!(
            "The request took longer than {} seconds. What a mutation has begun may still be done.",
            limit.as_secs()
        ))
    })
}
