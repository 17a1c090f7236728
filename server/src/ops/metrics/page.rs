//! The page of metrics: families and their series, handed to the encoder. It knows no metric.

use std::fmt::Error;

use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

use crate::measure::shard_metrics::Histogram;

/// The page that is being written.
pub(super) struct Page<'a>(pub(super) DescriptorEncoder<'a>);

/// A metric family. Its unit, and the `_total` of a counter, are appended to its name.
pub(super) struct Family {
    name: &'static str,
    help: &'static str,
    unit: Option<Unit>,
    kind: MetricType,
}

pub(super) type Labels = Vec<(&'static str, String)>;

/// The value of a series.
pub(super) enum Value {
    Number(u64),
    Seconds(f64),
    Spread(Spread),
}

pub(super) struct Spread {
    sum_s: f64,
    count: u64,
    buckets: Vec<(f64, u64)>,
}

impl Family {
    pub(super) const fn counter(name: &'static str, help: &'static str) -> Family {
        Family { name, help, unit: None, kind: MetricType::Counter }
    }

    pub(super) const fn gauge(name: &'static str, help: &'static str) -> Family {
        Family { name, help, unit: None, kind: MetricType::Gauge }
    }

    pub(super) const fn histogram(name: &'static str, help: &'static str) -> Family {
        Family { name, help, unit: None, kind: MetricType::Histogram }
    }

    pub(super) fn bytes(self) -> Family {
        Family { unit: Some(Unit::Bytes), ..self }
    }

    pub(super) fn seconds(self) -> Family {
        Family { unit: Some(Unit::Seconds), ..self }
    }
}

impl Spread {
    pub(super) fn of(durations: &Histogram) -> Spread {
        let buckets = durations.buckets().to_vec();
        // Derived from the buckets, because a separate read could see one record more.
        let count = buckets.iter().map(|(_, count)| count).sum();
        Spread { sum_s: durations.sum_ns() as f64 / 1e9, count, buckets }
    }
}

impl Page<'_> {
    pub(super) fn counter(
        &mut self,
        name: &'static str,
        help: &'static str,
        value: u64,
    ) -> Result<(), Error> {
        self.family(Family::counter(name, help), [one(value)])
    }

    pub(super) fn gauge(
        &mut self,
        name: &'static str,
        help: &'static str,
        value: u64,
    ) -> Result<(), Error> {
        self.family(Family::gauge(name, help), [one(value)])
    }

    pub(super) fn info(
        &mut self,
        name: &str,
        help: &str,
        labels: &[(&str, String)],
    ) -> Result<(), Error> {
        self.0.encode_descriptor(name, help, None, MetricType::Info)?.encode_info(&labels)
    }

    pub(super) fn family(
        &mut self,
        family: Family,
        series: impl IntoIterator<Item = (Labels, Value)>,
    ) -> Result<(), Error> {
        let Family { name, help, unit, kind } = family;
        let mut encoder = self.0.encode_descriptor(name, help, unit.as_ref(), kind)?;
        for (labels, value) in series {
            if labels.is_empty() {
                write(&mut encoder, kind, &value)?;
            } else {
                write(&mut encoder.encode_family(&labels)?, kind, &value)?;
            }
        }
        Ok(())
    }
}

fn write(encoder: &mut MetricEncoder<'_>, kind: MetricType, value: &Value) -> Result<(), Error> {
    let counts = matches!(kind, MetricType::Counter);
    match value {
        Value::Number(number) if counts => {
            encoder.encode_counter::<NoLabelSet, _, f64>(number, None)
        }
        Value::Seconds(number) if counts => {
            encoder.encode_counter::<NoLabelSet, _, f64>(number, None)
        }
        Value::Number(number) => encoder.encode_gauge(number),
        Value::Seconds(number) => encoder.encode_gauge(number),
        Value::Spread(Spread { sum_s, count, buckets }) => {
            encoder.encode_histogram::<NoLabelSet>(*sum_s, *count, buckets, None)
        }
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Value {
        Value::Number(number)
    }
}

pub(super) fn seconds(nanoseconds: u64) -> Value {
    Value::Seconds(nanoseconds as f64 / 1e9)
}

pub(super) const fn one(number: u64) -> (Labels, Value) {
    (Vec::new(), Value::Number(number))
}

pub(super) fn labelled(label: &'static str, value: &str, number: u64) -> (Labels, Value) {
    (vec![(label, value.to_owned())], Value::Number(number))
}
