//! Requests by operation.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, Registry};

use super::label::{Label, counter, counter_vec, gauge, histogram_vec, label};

label! {
    /// The types of operations.
    Kind: "type" {
        /// A query.
        Query = "query",
        /// A mutation.
        Mutation = "mutation",
        /// A subscription; its request ends when it has begun.
        Subscription = "subscription",
        /// There is no valid document.
        Unknown = "unknown",
    }
}

/// The name of operations without a name.
const ANONYMOUS: &str = "anonymous";

/// The name of requests without a valid document.
const UNKNOWN: &str = "unknown";

/// The name of operations after the first [`MAX_NAMES`], and of those with a long name.
const OTHER: &str = "other";

/// How many operations have series of their own, unless all documents are trusted.
const MAX_NAMES: usize = 200;

/// The maximum length of a name, in bytes.
const MAX_LENGTH: usize = 100;

/// The `code` of requests without an error.
const OK: &str = "OK";

/// Up to the default time limit of requests.
const SECONDS: [f64; 15] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0];

/// Requests by operation.
pub struct Requests {
    total: IntCounterVec,
    duration: HistogramVec,
    /// Requests that failed because of a defect. A series of `total` begins with its first error, and Prometheus does not
    /// see the increase from nothing to 1; this one exists from the start.
    pub internal_errors: IntCounter,
    /// The same for requests that could not be served.
    pub unavailable_errors: IntCounter,
    /// Requests that wait because as many of the same user run as may.
    pub waiting_for_user: IntGauge,
    names: Mutex<HashSet<(String, &'static str)>>,
    max_names: AtomicUsize,
    /// Requests without a valid document.
    pub unknown: Arc<Operation>,
}

/// An operation and its series.
pub struct Operation {
    /// The name for the log.
    name: String,
    /// The label `operation`.
    label: String,
    kind: Kind,
    total: IntCounterVec,
    ok: IntCounter,
    duration: Histogram,
}

impl Requests {
    pub(super) fn new(registry: &Registry) -> Self {
        let total = counter_vec(
            registry,
            "kanban_requests_total",
            "GraphQL requests by the code of their first error.",
            &["operation", Kind::NAME, "code"],
        );
        let duration = histogram_vec(
            registry,
            "kanban_request_duration_seconds",
            "Time from a request that was read to its response, without sending it.",
            &["operation", Kind::NAME],
            &SECONDS,
        );
        let unknown = Arc::new(Operation::new(&total, &duration, UNKNOWN, Kind::Unknown));
        let internal_errors = counter(
            registry,
            "kanban_internal_errors_total",
            "Requests with an error INTERNAL_SERVER_ERROR.",
        );
        let unavailable_errors = counter(
            registry,
            "kanban_unavailable_errors_total",
            "Requests with an error SERVICE_UNAVAILABLE.",
        );
        let waiting_for_user = gauge(
            registry,
            "kanban_requests_waiting_for_user",
            "Requests that wait because as many of the same user run as may.",
        );
        let (names, max_names) = (Mutex::default(), AtomicUsize::new(MAX_NAMES));
        Self {
            total,
            duration,
            internal_errors,
            unavailable_errors,
            waiting_for_user,
            names,
            max_names,
            unknown,
        }
    }

    /// From now on all operations have series of their own, because only those of the operator can run.
    pub fn trust_names(&self) {
        self.max_names.store(usize::MAX, Ordering::Relaxed);
    }

    /// The series of an operation. Documents keep them, so this is not called for each request.
    pub fn operation(&self, name: Option<&str>, kind: Kind) -> Arc<Operation> {
        let label = match name {
            None => ANONYMOUS,
            Some(name) if self.is_told(name, kind) => name,
            Some(_) => OTHER,
        };
        let operation = Operation::new(&self.total, &self.duration, label, kind);
        let name = name.unwrap_or(ANONYMOUS).chars().take(MAX_LENGTH).collect();
        Arc::new(Operation { name, ..operation })
    }

    /// Whether an operation has series of its own.
    fn is_told(&self, name: &str, kind: Kind) -> bool {
        let mut names = self.names.lock();
        let key = (name.to_owned(), kind.text());
        if name.len() > MAX_LENGTH || names.contains(&key) {
            return name.len() <= MAX_LENGTH;
        }
        names.len() < self.max_names.load(Ordering::Relaxed) && names.insert(key)
    }
}

impl Operation {
    fn new(total: &IntCounterVec, duration: &HistogramVec, label: &str, kind: Kind) -> Self {
        Self {
            name: label.to_owned(),
            label: label.to_owned(),
            kind,
            total: total.clone(),
            ok: total.with_label_values(&[label, kind.text(), OK]),
            duration: duration.with_label_values(&[label, kind.text()]),
        }
    }

    /// The name, cut to a bounded length.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type of the operation.
    pub fn kind(&self) -> &'static str {
        self.kind.text()
    }

    /// Counts a request that took so long, with the code of its first error.
    pub fn count(&self, code: Option<&'static str>, took: Duration) {
        match code {
            None => self.ok.inc(),
            Some(code) => {
                self.total.with_label_values(&[self.label.as_str(), self.kind.text(), code]).inc();
            }
        }
        self.duration.observe(took.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_limited_in_number_and_length() {
        let requests = Requests::new(&Registry::new());
        let label = |name: &str| requests.operation(Some(name), Kind::Query).label.clone();
        assert_eq!(label(&"x".repeat(MAX_LENGTH + 1)), OTHER);
        assert_eq!(
            requests.operation(Some(&"x".repeat(1000)), Kind::Query).name().len(),
            MAX_LENGTH
        );
        for n in 0..MAX_NAMES {
            assert_eq!(label(&format!("Q{n}")), format!("Q{n}"));
        }
        assert_eq!((label("Late"), label("Q7")), (OTHER.to_owned(), "Q7".to_owned()));
        assert_eq!(requests.operation(Some("Q7"), Kind::Mutation).label, OTHER);
        assert_eq!(requests.operation(None, Kind::Query).label, ANONYMOUS);
        requests.trust_names();
        assert_eq!(label("Late"), "Late");
    }
}
