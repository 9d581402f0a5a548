//! What a round gives.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::Result;

/// When a round ends.
#[derive(Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    pub fn after(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    pub fn passed(self) -> bool {
        Instant::now() >= self.0
    }
}

/// How long single calls took, up to a minute. Kept with two digits, which is less than any two
/// rounds differ.
#[derive(Debug, Clone)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        let bounds = Histogram::new_with_bounds(1, 60_000_000_000, 2);
        Self(bounds.expect("the bounds are in order and the digits few"))
    }
}

impl Latencies {
    pub fn record(&mut self, time: Duration) {
        self.0.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    pub fn add(&mut self, other: &Self) -> Result<()> {
        Ok(self.0.add(&other.0)?)
    }

    /// The time that so many of a hundred calls needed at most.
    pub fn percentile(&self, percent: f64) -> Duration {
        Duration::from_nanos(self.0.value_at_percentile(percent))
    }
}

/// What a contestant did in a round.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Round {
    pub done: u64,
    pub elapsed: Duration,
    #[serde(with = "pairs")]
    pub latencies: Latencies,
}

impl Round {
    pub fn per_second(&self) -> f64 {
        self.done as f64 / self.elapsed.as_secs_f64()
    }
}

/// What all workers of a round have done so far. A clone is the same sheet.
#[derive(Clone, Default)]
pub(crate) struct Sheet(Arc<Mutex<Round>>);

impl Sheet {
    /// What was done until now, which is the end of the round that began then.
    pub(crate) fn total(&self, begin: Instant) -> Round {
        let mut round = mem::take(&mut *self.0.lock());
        round.elapsed = begin.elapsed();
        round
    }
}

/// How many latencies a worker notes down for itself.
const NOTED: usize = 16;

/// A clock for the calls of one worker, who enters them in the sheet now and then: a histogram for
/// each of many tasks would push what is measured out of the processor's caches.
pub(crate) struct Clock {
    last: Instant,
    done: u64,
    noted: Vec<Duration>,
    sheet: Sheet,
}

impl Clock {
    pub(crate) fn start(sheet: &Sheet) -> Self {
        let noted = Vec::with_capacity(NOTED);
        Self { last: Instant::now(), done: 0, noted, sheet: sheet.clone() }
    }

    /// Whether no further call is to begin. It looks at the time of the last one's end.
    pub(crate) fn has_reached(&self, until: Deadline) -> bool {
        self.last >= until.0
    }

    /// A call has ended, and the next one begins.
    pub(crate) fn tick(&mut self, done: u64) {
        let now = Instant::now();
        self.done += done;
        self.noted.push(now - self.last);
        self.last = now;
        if self.noted.len() == NOTED {
            self.enter();
        }
    }

    fn enter(&mut self) {
        let mut round = self.sheet.0.lock();
        round.done += mem::take(&mut self.done);
        for time in self.noted.drain(..) {
            round.latencies.record(time);
        }
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.enter();
    }
}

/// Latencies on their way from a helper: each value with how often it was seen.
mod pairs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Latencies;

    pub fn serialize<S: Serializer>(latencies: &Latencies, to: S) -> Result<S::Ok, S::Error> {
        let seen = latencies.0.iter_recorded();
        let pairs = seen.map(|seen| (seen.value_iterated_to(), seen.count_at_value()));
        pairs.collect::<Vec<_>>().serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Latencies, D::Error> {
        let mut latencies = Latencies::default();
        for (value, count) in Vec::<(u64, u64)>::deserialize(from)? {
            latencies.0.saturating_record_n(value, count);
        }
        Ok(latencies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_survive_the_way_from_a_helper() {
        let mut round = Round { done: 100, elapsed: Duration::from_secs(2), ..Round::default() };
        for n in 1..=100 {
            round.latencies.record(Duration::from_micros(n * 10));
        }
        let line = serde_json::to_string(&round).unwrap();
        let back: Round = serde_json::from_str(&line).unwrap();
        assert!((back.per_second() - 50.0).abs() < 1e-9);
        for (percent, micros) in [(50.0, 500.0), (99.0, 990.0)] {
            for round in [&round, &back] {
                let found = round.latencies.percentile(percent).as_secs_f64() * 1e6;
                assert!((found / micros - 1.0).abs() < 0.02, "{percent}: {found}");
            }
        }
    }
}
