//! Measures persist beside the raw engines and beside what a user would pick instead, in one run:
//! `cargo xtask bench`.
//!
//! Keys are 16 bytes of text, values 100 bytes, and every write carries a new value. All
//! contestants of a case store the same rows with the same durability and have their rounds in
//! turn; the figures are medians of the rounds.

mod chart;
mod contest;
mod effort;
mod engines;
mod entrant;
mod fairness;
mod ground;
mod growth;
mod helpers;
mod machine;
mod ours;
mod report;
mod resident;

use std::path::PathBuf;

use clap::Parser;
use persist_bench_kit::{Result, WORKERS};

use contest::Contest;
use effort::Effort;
use report::Report;

#[derive(Parser)]
#[command(about = "Measures persist beside the raw engines and other libraries")]
struct Arguments {
    /// Fewer rows, fewer tasks and shorter rounds: under 3 minutes in all
    #[arg(long)]
    quick: bool,
    /// Only cases whose name ENGINE/FAMILY/TASKS contains this
    #[arg(long, default_value = "")]
    filter: String,
    /// Leaves out the peers: only ours and the raw engine
    #[arg(long)]
    no_peers: bool,
    /// Writes a line of JSON for each case to this file
    #[arg(long)]
    json: Option<PathBuf>,
    /// Measures instead what stores cost as they grow: calls on 10,000 and 1,000,000 rows, time to
    /// open, memory and files
    #[arg(long, conflicts_with_all = ["no_peers", "charts"])]
    growth: bool,
    /// Measures instead whether a reader or a writer is kept waiting by 64 writers
    #[arg(long, conflicts_with_all = ["growth", "no_peers", "charts"])]
    fairness: bool,
    /// Measures one store as it grows
    #[arg(long, num_args = 2, value_names = ["ENGINE", "ROWS"], hide = true)]
    grow: Option<Vec<String>>,
    /// Draws a chart of each family into this directory
    #[arg(long)]
    charts: Option<PathBuf>,
}

fn main() -> Result<()> {
    // The server of a shared store is this program, too.
    persist_dbm::serve_if_asked();
    let arguments = Arguments::parse();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    if let Some([engine, rows]) = arguments.grow.as_deref() {
        return runtime.block_on(growth::measure(engine, rows.parse()?));
    }
    if arguments.growth {
        return growth::tell(arguments.quick, &arguments.filter, arguments.json);
    }
    if arguments.fairness {
        let Arguments { quick, filter, json, .. } = arguments;
        return runtime.block_on(fairness::tell(quick, &filter, json));
    }
    let mut report = Report::new(arguments.json)?;
    let contest = Contest {
        effort: if arguments.quick { Effort::QUICK } else { Effort::FULL },
        filter: arguments.filter,
        peers: !arguments.no_peers,
    };
    let ended = runtime.block_on(contest.run(&engines::all(), &mut report));
    // A contestant that hangs was given up; its threads must not hold us up.
    runtime.shutdown_background();
    ended?;
    if let Some(directory) = arguments.charts {
        chart::draw(&directory, &report)?;
    }
    report.finish()
}
