//! What stores cost as they grow: time to open, memory, size of the files, cost of calls.
//!
//! Each store has a process of its own, so that its memory can be told.

mod figures;

use std::env;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use persist_bench_kit::Result;

use figures::Figures;
pub use figures::{ENGINES, measure, open};

/// How many rows the stores have, and in a quick run.
const ROWS: [u64; 2] = [10_000, 1_000_000];
const QUICK: [u64; 2] = [1_000, 10_000];

/// Prints a line for each store, and how much more the calls on the larger one cost.
pub fn tell(quick: bool, filter: &str, json: Option<PathBuf>) -> Result<()> {
    let mut json = json.map(File::create).transpose()?;
    println!("{}", Figures::headings());
    for engine in ENGINES {
        let mut costs = Vec::new();
        for rows in if quick { QUICK } else { ROWS } {
            let case = format!("growth/{engine}/{rows}");
            if !case.contains(filter) {
                continue;
            }
            let mut program = Command::new(env::current_exe()?);
            program.args(["--grow", engine, &rows.to_string()]).stdin(Stdio::null());
            let output = program.stderr(Stdio::inherit()).output()?;
            if !output.status.success() {
                return Err(format!("{case} ended with {}", output.status).into());
            }
            let figures: Figures = serde_json::from_slice(&output.stdout)?;
            println!("{case:<24} {figures}");
            if let Some(json) = &mut json {
                writeln!(json, "{}", figures.json(&case)?)?;
            }
            costs.push((figures.get_us, figures.put_us));
        }
        if let [small, large] = costs[..] {
            let (get, put) = (large.0 / small.0, large.1 / small.1);
            println!("{:<24} a get costs {get:.2} times as much, a put {put:.2} times", "");
        }
    }
    Ok(())
}
