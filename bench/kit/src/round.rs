//! What a round gives.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
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

/// How long single calls took. Kept with three digits, which is less than any two rounds differ.
#[derive(Debug, Clone)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        Self(Histogram::new(3).expect("three digits are few enough"))
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
    pub fn add(&mut self, other: &Self) -> Result<()> {
        self.done += other.done;
        self.latencies.add(&other.latencies)
    }

    pub fn per_second(&self) -> f64 {
        self.done as f64 / self.elapsed.as_secs_f64()
    }
}

/// A clock for the calls of one worker, and what it has done.
pub(crate) struct Clock {
    last: Instant,
    pub(crate) round: Round,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { last: Instant::now(), round: Round::default() }
    }

    /// A call has ended, and the next one begins.
    pub(crate) fn tick(&mut self, done: u64) {
        let now = Instant::now();
        self.round.done += done;
        self.round.latencies.record(now - self.last);
        self.last = now;
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
