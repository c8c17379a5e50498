//! The time limit of a request.

use std::time::Duration;

use super::refusal::Refusal;

/// Runs `work` with a time limit; SERVICE_UNAVAILABLE if it expires. A write that has started still
/// completes (`store::Db::write`); PostgreSQL cancels reads.
pub(super) async fn keep<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, Refusal> {
    tokio::time::timeout(limit, work).await.map_err(|_| {
        Refusal::late(format!(
            "The request took longer than {} seconds. A mutation that has started may still complete.",
            limit.as_secs()
        ))
    })
}
