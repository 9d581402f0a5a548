//! Measures persist beside the raw engines and beside what a user would pick instead, in one run:
//! `cargo xtask bench`.
//!
//! Keys are 16 bytes of text, values 100 bytes, and every write carries a new value. All
//! contestants of a case store the same rows with the same durability and have their rounds in
//! turn; the figures are medians of the rounds.

mod builds;
mod chart;
mod contest;
mod effort;
mod engines;
mod entrant;
mod fairness;
mod goal;
mod ground;
mod growth;
mod helpers;
mod machine;
mod other;
mod ours;
mod report;
mod resident;
mod stores;
mod watches;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use persist_bench_kit::{Result, WORKERS};

use contest::Contest;
use effort::Effort;
use growth::Plan;
use other::Part;
use report::Report;

#[derive(Parser)]
#[command(about = "Measures persist beside the raw engines and other libraries")]
struct Arguments {
    /// Fewer rows, fewer tasks and shorter rounds: under 3 minutes in all
    #[arg(long)]
    quick: bool,
    /// What all rounds may take together, instead of an hour; they get shorter or longer by it
    #[arg(long, value_name = "N", conflicts_with = "mode")]
    minutes: Option<u64>,
    /// Only cases whose name ENGINE/FAMILY/TASKS contains this
    #[arg(long, default_value = "")]
    filter: String,
    /// Leaves out the peers: only ours and the raw engine
    #[arg(long, conflicts_with = "mode")]
    no_peers: bool,
    /// Writes a line of JSON for each case to this file
    #[arg(long)]
    json: Option<PathBuf>,
    /// Measures instead what stores cost as they grow: calls on 10,000 and 1,000,000 rows, time to
    /// open, memory, files after loading
    #[arg(long, group = "mode")]
    growth: bool,
    /// Has the large store of --growth hold 10,000,000 rows
    #[arg(long, requires = "growth", conflicts_with = "quick")]
    ten_million: bool,
    /// Measures instead whether a reader or a writer is kept waiting by 64 writers
    #[arg(long, group = "mode")]
    fairness: bool,
    /// Measures instead how long a watcher waits for what another process has written
    #[arg(long, group = "mode")]
    watches: bool,
    /// Measures instead cold builds of a program that uses an engine, through ours and through
    /// opendal: time and number of crates
    #[arg(long, group = "mode")]
    build: bool,
    /// Is the other process of a measurement
    #[arg(long, value_parser = |text: &str| serde_json::from_str::<Part>(text), hide = true)]
    part: Option<Part>,
    /// Draws a chart of each family into this directory
    #[arg(long, conflicts_with = "mode")]
    charts: Option<PathBuf>,
}

fn main() -> Result<()> {
    // The server of a shared store is this program, too.
    persist_dbm::serve_if_asked();
    let arguments = Arguments::parse();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    if let Some(part) = arguments.part {
        return runtime.block_on(part.play());
    }
    let Arguments { quick, filter, json, .. } = arguments;
    if arguments.growth {
        let plan = if arguments.ten_million { Plan::TEN_MILLION } else { Plan::of(quick) };
        return growth::tell(plan, &filter, json);
    }
    if arguments.fairness {
        return runtime.block_on(fairness::tell(quick, &filter, json));
    }
    if arguments.watches {
        return watches::tell(&runtime, quick, &filter, json);
    }
    if arguments.build {
        return builds::tell(quick, &filter, json);
    }
    let mut report = Report::new(json)?;
    let effort = if quick { Effort::QUICK } else { Effort::FULL };
    let budget = arguments.minutes.map_or(effort.budget, Duration::from_mins);
    let contest =
        Contest { effort: Effort { budget, ..effort }, filter, peers: !arguments.no_peers };
    let ended = runtime.block_on(contest.run(&engines::all(), &mut report));
    // A contestant that hangs was given up; its threads must not hold us up.
    runtime.shutdown_background();
    ended?;
    if let Some(directory) = arguments.charts {
        chart::draw(&directory, &report)?;
    }
    report.finish()
}
