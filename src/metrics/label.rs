//! Metrics with a label whose values are the variants of an enum, and their registration.

use std::marker::PhantomData;

use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry,
};

/// The values of a label.
pub trait Label: Copy + 'static {
    /// The name of the label.
    const NAME: &'static str;
    /// All values, in the order of their indices.
    const ALL: &'static [Self];

    /// The value as text.
    fn text(self) -> &'static str;

    /// The place in `ALL`.
    fn index(self) -> usize;
}

/// Declares an enum of the values of a label.
macro_rules! label {
    ($(#[$doc:meta])* $type:ident: $label:literal { $($(#[$about:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $type { $($(#[$about])* $variant,)* }

        impl $crate::metrics::label::Label for $type {
            const NAME: &'static str = $label;
            const ALL: &'static [Self] = &[$(Self::$variant,)*];

            fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            fn index(self) -> usize {
                self as usize
            }
        }
    };
}
pub(super) use label;

/// A metric for each value of a label.
pub struct ByLabel<L, M> {
    metrics: Vec<M>,
    label: PhantomData<L>,
}

impl<L: Label, M> ByLabel<L, M> {
    pub(super) fn new(make: impl Fn(&'static str) -> M) -> Self {
        let metrics = L::ALL.iter().map(|value| make(value.text())).collect();
        Self { metrics, label: PhantomData }
    }

    /// The metric of a value.
    #[allow(clippy::indexing_slicing, reason = "there is one for each value")]
    pub fn of(&self, value: L) -> &M {
        &self.metrics[value.index()]
    }
}

/// The result of making a metric. It fails only if its name is invalid or used twice; names are constants.
#[allow(clippy::expect_used, reason = "the start of every test would fail")]
pub(super) fn valid<M>(made: prometheus::Result<M>) -> M {
    made.expect("names of metrics are valid and used once")
}

pub(super) fn register(registry: &Registry, metric: impl Collector + 'static) {
    valid(registry.register(Box::new(metric)));
}

fn registered<M: Collector + Clone + 'static>(
    registry: &Registry,
    metric: prometheus::Result<M>,
) -> M {
    let metric = valid(metric);
    register(registry, metric.clone());
    metric
}

pub(super) fn counter(registry: &Registry, name: &str, help: &str) -> IntCounter {
    registered(registry, IntCounter::new(name, help))
}

pub(super) fn gauge(registry: &Registry, name: &str, help: &str) -> IntGauge {
    registered(registry, IntGauge::new(name, help))
}

pub(super) fn histogram(registry: &Registry, name: &str, help: &str, buckets: &[f64]) -> Histogram {
    let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
    registered(registry, Histogram::with_opts(options))
}

pub(super) fn counter_vec(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> IntCounterVec {
    registered(registry, IntCounterVec::new(Opts::new(name, help), labels))
}

pub(super) fn gauge_vec(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> IntGaugeVec {
    registered(registry, IntGaugeVec::new(Opts::new(name, help), labels))
}

pub(super) fn histogram_vec(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
    buckets: &[f64],
) -> HistogramVec {
    let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
    registered(registry, HistogramVec::new(options, labels))
}

/// A counter for each value.
pub(super) fn counters<L: Label>(
    registry: &Registry,
    name: &str,
    help: &str,
) -> ByLabel<L, IntCounter> {
    let all = counter_vec(registry, name, help, &[L::NAME]);
    ByLabel::new(|value| all.with_label_values(&[value]))
}

/// A gauge for each value.
pub(super) fn gauges<L: Label>(
    registry: &Registry,
    name: &str,
    help: &str,
) -> ByLabel<L, IntGauge> {
    let all = gauge_vec(registry, name, help, &[L::NAME]);
    ByLabel::new(|value| all.with_label_values(&[value]))
}

/// The same for numbers with a fraction.
pub(super) fn float_gauges<L: Label>(
    registry: &Registry,
    name: &str,
    help: &str,
) -> ByLabel<L, Gauge> {
    let all = registered(registry, GaugeVec::new(Opts::new(name, help), &[L::NAME]));
    ByLabel::new(|value| all.with_label_values(&[value]))
}

/// A histogram for each value.
pub(super) fn histograms<L: Label>(
    registry: &Registry,
    name: &str,
    help: &str,
    buckets: &[f64],
) -> ByLabel<L, Histogram> {
    let all = histogram_vec(registry, name, help, &[L::NAME], buckets);
    ByLabel::new(|value| all.with_label_values(&[value]))
}
