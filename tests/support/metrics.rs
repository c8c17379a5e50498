//! The metrics of a server.

use std::collections::{BTreeMap, BTreeSet};

/// What a server has answered to Prometheus.
pub struct Metrics(String);

/// A metric: its type, its labels and its description.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Metric {
    pub kind: String,
    pub labels: BTreeSet<String>,
    pub help: String,
}

impl Metrics {
    pub async fn of(url: &str) -> Self {
        let response = reqwest::get(url).await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
        Self(response.text().await.unwrap())
    }

    /// The sum of all samples of a metric with these labels.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let labels: Vec<_> =
            labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        let samples = self
            .samples(name)
            .filter(|(found, _)| labels.iter().all(|label| found.contains(&label.as_str())));
        samples.map(|(_, value)| value).sum()
    }

    /// The labels of all samples of a metric, and their values.
    pub fn samples<'m>(&'m self, name: &'m str) -> impl Iterator<Item = (Vec<&'m str>, f64)> {
        self.0.lines().filter_map(move |line| {
            let (series, value) = line.rsplit_once(' ')?;
            let (found, labels) = series.split_once('{').unwrap_or((series, ""));
            let labels = labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty());
            (found == name).then(|| (labels.collect(), value.parse().unwrap()))
        })
    }

    /// All metrics by name.
    pub fn all(&self) -> BTreeMap<String, Metric> {
        let mut all: BTreeMap<String, Metric> = BTreeMap::new();
        for line in self.0.lines() {
            let mut words = line.splitn(4, ' ');
            if let (Some("#"), Some(what), Some(name), Some(text)) =
                (words.next(), words.next(), words.next(), words.next())
            {
                let metric = all.entry(name.to_owned()).or_default();
                let field = if what == "HELP" { &mut metric.help } else { &mut metric.kind };
                text.clone_into(field);
            }
        }
        for (name, metric) in &mut all {
            let suffix = if metric.kind == "histogram" { "_count" } else { "" };
            for (labels, _) in self.samples(&format!("{name}{suffix}")) {
                metric
                    .labels
                    .extend(labels.iter().map(|label| label.split('=').next().unwrap().to_owned()));
            }
        }
        all
    }
}
