//! The figures of a case, as a line of a table and of JSON.

use persist_bench_kit::Result;
use serde::Serialize;

use crate::Case;
use crate::allocations::Allocations;

/// What the typed layer may add.
const ALLOCATIONS: f64 = 3.0;
const PART: f64 = 0.25;

/// What was found of a case.
#[derive(Serialize)]
pub struct Line {
    pub case: &'static str,
    /// What ours is compared with.
    pub over: &'static str,
    pub ours: Figures,
    pub bare: Figures,
    pub more: More,
}

/// What one call costs.
#[derive(Clone, Copy, Serialize)]
pub struct Figures {
    pub allocations: f64,
    pub bytes: f64,
    /// `None` without valgrind.
    pub instructions: Option<f64>,
    pub nanoseconds: f64,
}

/// What ours costs more: in allocations and bytes, and in parts of the other side's instructions
/// and time.
#[derive(Clone, Copy, Serialize)]
pub struct More {
    pub allocations: f64,
    pub bytes: f64,
    pub instructions: Option<f64>,
    pub time: f64,
}

impl Figures {
    pub fn new(allocations: Allocations, instructions: Option<f64>, nanoseconds: f64) -> Self {
        Self {
            allocations: rounded(allocations.count, 100.0),
            bytes: rounded(allocations.bytes, 10.0),
            instructions: instructions.map(f64::round),
            nanoseconds: nanoseconds.round(),
        }
    }
}

impl Line {
    pub fn new(case: Case, ours: Figures, bare: Figures) -> Self {
        let part = |ours: f64, bare: f64| rounded(ours / bare - 1.0, 1000.0);
        let more = More {
            allocations: rounded(ours.allocations - bare.allocations, 100.0),
            bytes: rounded(ours.bytes - bare.bytes, 10.0),
            instructions: ours.instructions.zip(bare.instructions).map(|(o, b)| part(o, b)),
            time: part(ours.nanoseconds, bare.nanoseconds),
        };
        Self { case: case.name(), over: case.bare(), ours, bare, more }
    }

    pub fn headings() -> String {
        format!(
            "{:<18} {:<9} {:>17} {:>6} {:>17} {:>7} {:>15} {:>6} {:>13} {:>6}  {}",
            "case",
            "over",
            "allocations",
            "more",
            "bytes",
            "more",
            "instructions",
            "more",
            "ns",
            "more",
            "goal"
        )
    }

    pub fn json(&self) -> Result<String> {
        Ok(serde_json::to_string(self)?)
    }

    /// Whether the typed layer is within its goal; SQLite has others.
    fn goal(&self) -> &'static str {
        let parts = self.more.instructions.into_iter().chain([self.more.time]);
        let within = self.more.allocations <= ALLOCATIONS && { parts }.all(|part| part < PART);
        match (self.over, within) {
            ("contract", true) => "met",
            ("contract", false) => "MISSED",
            _ => "-",
        }
    }
}

/// Of each kind both figures, ours first, and what is between them.
impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { ours, bare, more, .. } = self;
        let percent = |part: f64| format!("{:+.0} %", part * 100.0);
        let instructions = ours.instructions.zip(bare.instructions);
        let instructions = instructions.map_or("-".to_owned(), |(o, b)| format!("{o} / {b}"));
        write!(
            f,
            "{:<18} {:<9} {:>17} {:>6} {:>17} {:>7} {:>15} {:>6} {:>13} {:>6}  {}",
            self.case,
            self.over,
            format!("{:.2} / {:.2}", ours.allocations, bare.allocations),
            format!("{:+.2}", more.allocations),
            format!("{:.0} / {:.0}", ours.bytes, bare.bytes),
            format!("{:+.0}", more.bytes),
            instructions,
            more.instructions.map_or("-".to_owned(), percent),
            format!("{} / {}", ours.nanoseconds, bare.nanoseconds),
            percent(more.time),
            self.goal(),
        )
    }
}

fn rounded(number: f64, steps: f64) -> f64 {
    (number * steps).round() / steps
}
