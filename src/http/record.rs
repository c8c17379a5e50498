//! What the log and the metrics are told of a GraphQL request: one line and one count for each, whatever its transport is.
//! The line has the ID of the HTTP request and the address of the client too (`cli/log.rs`).

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::http::Response;

use crate::domain::{PublicId, UserId, Viewer, sha256};
use crate::graphql::{Answer, ErrorCode};
use crate::metrics::work::{self, Work};
use crate::metrics::{self, Operation};

/// The error of a request whose client has left before the response.
const CANCELLED: &str = "CANCELLED";

/// A request that runs. Tells of it when it is dropped, because the client may leave at any time.
pub(super) struct Record {
    work: Arc<Work>,
    viewer: OnceLock<UserId>,
    began: Instant,
    /// When its time limit ends.
    due: Instant,
    slow: Duration,
    /// The different codes of its errors; `None` until there is a response.
    codes: Option<Vec<&'static str>>,
}

impl Record {
    /// Begins a request whose time limit ends at `due`.
    pub(super) fn begin(due: Instant, slow: Duration) -> Self {
        Self {
            work: Arc::new(Work::of_graphql()),
            viewer: OnceLock::new(),
            began: Instant::now(),
            due,
            slow,
            codes: None,
        }
    }

    /// What the request does, to be noted while it runs.
    pub(super) fn work(&self) -> Arc<Work> {
        Arc::clone(&self.work)
    }

    /// Who has sent it.
    pub(super) fn is_of(&self, viewer: Option<Viewer>) {
        if let Some(viewer) = viewer {
            let _ = self.viewer.set(viewer.id);
        }
    }

    /// There is a response.
    pub(super) fn answer(self, answer: &Answer) {
        self.end(answer.codes());
    }

    /// The request has ended with these errors.
    pub(super) fn end(mut self, codes: Vec<&'static str>) {
        self.codes = Some(codes);
    }

    /// The reason why no response was sent.
    fn unfinished(&self) -> &'static str {
        if std::thread::panicking() {
            ErrorCode::InternalServerError.as_str()
        } else if Instant::now() >= self.due {
            ErrorCode::ServiceUnavailable.as_str()
        } else {
            CANCELLED
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        let codes = self.codes.take().unwrap_or_else(|| vec![self.unfinished()]);
        let unknown = &metrics::get().requests.unknown;
        let operation = self.work.operation.get().unwrap_or(unknown);
        count(operation, &codes, took);
        macro_rules! tell {
            ($level:ident, $($more:tt)*) => {
                tracing::$level!(
                    operation = operation.name(),
                    r#type = operation.kind(),
                    errors = (!codes.is_empty()).then(|| codes.join(",")),
                    viewer = self.viewer.get().map(PublicId::to_public),
                    duration_ms = milliseconds(took),
                    statements = self.work.statements(),
                    rows = self.work.rows(),
                    $($more)*
                )
            };
        }
        // The task that drops it may belong to no request.
        work::note_call(&self.work, || {
            if self.slow.is_zero() || took < self.slow {
                tell!(info, "request");
            } else {
                let document = self.work.document.get().map(|text| sha256(text));
                tell!(warn, document, "slow request");
            }
        });
    }
}

/// Counts a request with the different codes of its errors.
fn count(operation: &Operation, codes: &[&'static str], took: Duration) {
    operation.count(codes.first().copied(), took);
    let requests = &metrics::get().requests;
    if has(codes, ErrorCode::InternalServerError) {
        requests.internal_errors.inc();
    }
    if has(codes, ErrorCode::ServiceUnavailable) {
        requests.unavailable_errors.inc();
    }
}

/// Whether it is the code of any of the errors: a defect counts, whatever the first error is.
fn has(codes: &[&str], code: ErrorCode) -> bool {
    codes.contains(&code.as_str())
}

/// In microseconds precision.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

/// A response whose request was told of before.
#[derive(Clone, Copy)]
pub(super) struct AlreadyLogged;

/// A response with an error of the HTTP layer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused(pub(super) &'static str);

/// Tells of the requests that no [`Record`] has told of: those that are refused before their document is looked at, and
/// those of other routes.
pub(super) fn tell<B>(response: &Response<B>, took: Duration) {
    if response.extensions().get::<AlreadyLogged>().is_some() {
        return;
    }
    let refused = response.extensions().get::<Refused>().map(|refused| refused.0);
    if let Some(code) = refused {
        count(&metrics::get().requests.unknown, &[code], took);
    }
    let (status, duration_ms) = (response.status().as_u16(), milliseconds(took));
    tracing::info!(status, errors = refused, duration_ms, "request");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_counts_whatever_the_first_error_is() {
        let codes = [ErrorCode::NotFound.as_str(), ErrorCode::InternalServerError.as_str()];
        assert!(has(&codes, ErrorCode::InternalServerError));
        assert!(!has(&codes, ErrorCode::ServiceUnavailable));
    }
}
