//! The figures of one store.

use std::fmt;

use persist_bench_kit::Result;
use serde::{Deserialize, Serialize};

use crate::goal::Goal;

/// How many MiB a scan may need, however many rows there are.
const SCAN_MIB: f64 = 16.0;

#[derive(Serialize)]
pub struct Figures {
    /// To open the store again, until the first read.
    pub open_ms: f64,
    pub get_us: f64,
    /// Durable.
    pub put_us: f64,
    /// When the store was loaded and closed.
    pub files_kib: u64,
    #[serde(flatten)]
    pub memory: Memory,
}

/// That of the process, which is a client's if the engine is a server.
#[derive(Default, Serialize, Deserialize)]
pub struct Memory {
    /// Resident when it is idle: above what the process had before it, caches filled by reads.
    pub idle_kib: u64,
    /// What reading all rows needs beyond that at its peak, and reading them in a snapshot.
    pub scan_kib: u64,
    pub snapshot_scan_kib: u64,
}

/// The microseconds of a call, round by round.
#[derive(Default)]
pub struct Rounds(Vec<f64>);

impl Rounds {
    pub fn add(&mut self, cost: f64) {
        self.0.push(cost);
    }

    pub fn median(mut self) -> Result<f64> {
        self.0.sort_by(f64::total_cmp);
        Ok(*self.0.get(self.0.len() / 2).ok_or("there were no rounds")?)
    }
}

impl Figures {
    pub fn headings() -> String {
        format!(
            "{:<24} {:>9} {:>9} {:>9} {:>10} {:>10} {:>10} {:>10}",
            "case",
            "open ms",
            "get µs",
            "put µs",
            "idle KiB",
            "files KiB",
            "scan +KiB",
            "snap +KiB"
        )
    }

    /// What is to be so on a large store, whose connections have a cache of this size each.
    pub fn goals(&self, cache_mib: f64) -> [Goal; 2] {
        let goal = |what, kib: u64| Goal::under(what, kib as f64 / 1024.0, SCAN_MIB + cache_mib);
        let Memory { scan_kib, snapshot_scan_kib, .. } = self.memory;
        [
            goal("a scan's memory above idle, its cache included, MiB", scan_kib),
            goal("a snapshot scan's memory above idle, its cache included, MiB", snapshot_scan_kib),
        ]
    }

    pub fn json(&self, case: &str) -> Result<String> {
        #[derive(Serialize)]
        struct Line<'f> {
            case: &'f str,
            #[serde(flatten)]
            figures: &'f Figures,
        }
        Ok(serde_json::to_string(&Line { case, figures: self })?)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>9.1} {:>9.2} {:>9.2} {:>10} {:>10} {:>10} {:>10}",
            self.open_ms,
            self.get_us,
            self.put_us,
            self.memory.idle_kib,
            self.files_kib,
            self.memory.scan_kib,
            self.memory.snapshot_scan_kib
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_disturbed_round_decides_nothing() {
        let mut rounds = Rounds::default();
        for cost in [2.0, 90.0, 1.0] {
            rounds.add(cost);
        }
        assert!((rounds.median().unwrap() - 2.0).abs() < 1e-9);
        assert!(Rounds::default().median().is_err());
    }
}
