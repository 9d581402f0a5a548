//! Allocations, as the program `persist-bench-counted` counts them: it alone has an allocator that
//! counts.

use std::path::Path;
use std::process::{Command, Stdio};

use persist_bench_kit::Result;
use serde::{Deserialize, Serialize};
use stats_alloc::Stats;

use crate::{Case, Side, Work};

/// How many calls are counted.
const CALLS: u64 = 10_000;

/// What one call takes from the allocator.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Allocations {
    /// How often something is allocated, or grows.
    pub count: f64,
    pub bytes: f64,
}

/// Asks the program.
pub fn measure(counted: &Path, case: Case, side: Side) -> Result<Allocations> {
    let mut command = Command::new(counted);
    command.args([case.argument(), side.argument()]).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| format!("{}: {error}", counted.display()))?;
    if !output.status.success() {
        return Err(format!("{} ended with {}", counted.display(), output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Counts: the program's own part. `stats` is what its allocator has counted so far.
pub fn count(case: Case, side: Side, stats: impl Fn() -> Stats) -> Result<Allocations> {
    let mut work = Work::open(case, side)?;
    // What is kept from call to call is made by the first ones.
    work.run(CALLS)?;
    let before = stats();
    work.run(CALLS)?;
    let taken = stats() - before;
    let count = taken.allocations + taken.reallocations;
    let grown = taken.bytes_reallocated.max(0).unsigned_abs();
    let each = |total: usize| total as f64 / CALLS as f64;
    Ok(Allocations { count: each(count), bytes: each(taken.bytes_allocated + grown) })
}
