//! Figures as they are collected and printed.

use std::time::Duration;

/// Named figures in the order in which they were taken.
#[derive(Debug, Default)]
pub(crate) struct Figures(Vec<(String, f64, &'static str)>);

impl Figures {
    /// Adds `bench.host.NAME`.
    pub(crate) fn add(&mut self, name: &str, value: f64, unit: &'static str) {
        self.0.push((format!("bench.host.{name}"), value, unit));
    }

    /// Prints one figure a line as `name value unit`, or all as one JSON object.
    pub(crate) fn print(&self, json: bool) {
        if json {
            let object: serde_json::Map<String, serde_json::Value> = self
                .0
                .iter()
                .map(|(name, value, _)| (name.clone(), serde_json::Value::from(*value)))
                .collect();
            println!("{}", serde_json::Value::Object(object));
            return;
        }
        for (name, value, unit) in &self.0 {
            println!("{name} {value:.3} {unit}");
        }
    }
}

/// The shortest of several times.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Best(Option<Duration>);

impl Best {
    pub(crate) fn take(&mut self, time: Duration) {
        self.0 = Some(self.0.map_or(time, |best| best.min(time)));
    }

    /// In seconds; `None` if nothing was measured.
    pub(crate) fn seconds(self) -> Option<f64> {
        self.0.map(|time| time.as_secs_f64())
    }
}
