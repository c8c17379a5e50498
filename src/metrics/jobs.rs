//! Maintenance that runs periodically.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use prometheus::{Gauge, Histogram, IntCounterVec, Registry};

use super::label::{ByLabel, Label, counter_vec, float_gauges, histograms, label};

label! {
    /// The jobs. (Prometheus gives the label `job` to all series itself.)
    Job: "task" {
        /// Erases what has been in the trash for long enough.
        Purge = "purge",
        /// Deletes expired sessions.
        Sessions = "sessions",
        /// Deletes expired tokens of mails.
        MailTokens = "mail_tokens",
        /// Deletes old receipts of mutations.
        Receipts = "receipts",
        /// Folds stored texts anew.
        Fold = "fold",
        /// Looks for changes that subscribers were not told.
        Sweep = "sweep",
    }
}

label! {
    /// The outcome of a run.
    Outcome: "result" {
        /// It has done everything.
        Ok = "ok",
        /// Something has failed; the log has the cause.
        Failed = "failed",
    }
}

/// From a sweep to a purge of many boards.
const SECONDS: [f64; 8] = [0.001, 0.01, 0.1, 1.0, 5.0, 30.0, 120.0, 600.0];

/// Maintenance that runs periodically.
pub struct Jobs {
    runs: IntCounterVec,
    duration: ByLabel<Job, Histogram>,
    success: ByLabel<Job, Gauge>,
}

impl Jobs {
    pub(super) fn new(registry: &Registry) -> Self {
        let labels = [Job::NAME, Outcome::NAME];
        let runs = counter_vec(registry, "kanban_task_runs_total", "Runs of maintenance.", &labels);
        for job in Job::ALL {
            for outcome in Outcome::ALL {
                runs.with_label_values(&[job.text(), outcome.text()]);
            }
        }
        Self {
            runs,
            duration: histograms(
                registry,
                "kanban_task_duration_seconds",
                "Duration of maintenance.",
                &SECONDS,
            ),
            success: float_gauges(
                registry,
                "kanban_task_last_success_timestamp_seconds",
                "When maintenance last succeeded; 0 before.",
            ),
        }
    }

    /// Runs a job and counts it. `is_complete` tells whether a result without an error is a success.
    pub async fn run<T, E>(
        &self,
        job: Job,
        work: impl Future<Output = Result<T, E>>,
        is_complete: impl FnOnce(&T) -> bool,
    ) -> Result<T, E> {
        let began = Instant::now();
        let result = work.await;
        self.duration.of(job).observe(began.elapsed().as_secs_f64());
        let outcome = match &result {
            Ok(value) if is_complete(value) => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                self.success.of(job).set(now.as_secs_f64());
                Outcome::Ok
            }
            _ => Outcome::Failed,
        };
        self.runs.with_label_values(&[job.text(), outcome.text()]).inc();
        result
    }
}
