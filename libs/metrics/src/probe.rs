//! Gauges and counters that are looked up when they are asked for.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;

use crate::label::Pair;

type Look<T> = Box<dyn Fn() -> Option<T> + Send + Sync>;

/// Those who can say a value. One that says nothing has ended, and is not asked again.
pub struct Probe<T>(Mutex<Vec<Look<T>>>);

impl<T> Default for Probe<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> fmt::Debug for Probe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probe")
    }
}

impl<T> Probe<T> {
    /// Asks `look` at each scrape, until it gives `None`. It must not block, nor begin to watch something itself.
    pub fn watch(&self, look: impl Fn() -> Option<T> + Send + Sync + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(look));
    }

    /// What they say now.
    pub(crate) fn values(&self) -> Vec<T> {
        let mut values = Vec::new();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|look| match look() {
            Some(value) => {
                values.push(value);
                true
            }
            None => false,
        });
        values
    }
}

/// A number that is looked up, with up to `N` labels for each of its series.
pub(crate) struct LookedUp<const N: usize> {
    kind: Kind,
    look: Box<dyn Fn() -> Vec<([Pair; N], f64)> + Send + Sync>,
}

#[derive(Clone, Copy)]
enum Kind {
    Gauge,
    Counter,
}

impl<const N: usize> LookedUp<N> {
    pub(crate) fn gauges(look: impl Fn() -> Vec<([Pair; N], f64)> + Send + Sync + 'static) -> Self {
        Self { kind: Kind::Gauge, look: Box::new(look) }
    }

    pub(crate) fn counters(look: impl Fn() -> Vec<([Pair; N], f64)> + Send + Sync + 'static) -> Self {
        Self { kind: Kind::Counter, look: Box::new(look) }
    }
}

impl LookedUp<0> {
    /// One gauge; nothing where `look` gives nothing.
    pub(crate) fn gauge(look: impl Fn() -> Option<f64> + Send + Sync + 'static) -> Self {
        Self::gauges(move || look().map(|value| ([], value)).into_iter().collect())
    }

    /// One counter; nothing where `look` gives nothing.
    pub(crate) fn counter(look: impl Fn() -> Option<f64> + Send + Sync + 'static) -> Self {
        Self::counters(move || look().map(|value| ([], value)).into_iter().collect())
    }
}

impl<const N: usize> fmt::Debug for LookedUp<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LookedUp")
    }
}

impl<const N: usize> EncodeMetric for LookedUp<N> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for (labels, value) in (self.look)() {
            let mut series = encoder.encode_family(&labels)?;
            match self.kind {
                Kind::Gauge => series.encode_gauge(&value)?,
                Kind::Counter => series.encode_counter::<[Pair; 0], f64, f64>(&value, None)?,
            }
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        match self.kind {
            Kind::Gauge => MetricType::Gauge,
            Kind::Counter => MetricType::Counter,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn whoever_has_ended_is_asked_no_more() {
        let probe = Probe::default();
        let here = Arc::new(7);
        let seen = Arc::downgrade(&here);
        probe.watch(move || seen.upgrade().map(|value| *value));
        probe.watch(|| Some(1));
        assert_eq!(probe.values(), [7, 1]);
        drop(here);
        assert_eq!(probe.values(), [1]);
        assert_eq!(probe.0.lock().map(|looks| looks.len()).ok(), Some(1));
    }
}
