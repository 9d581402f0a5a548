//! Measures persist beside the raw engines, in one run: `cargo xtask bench`.
//!
//! Every case runs ours and the raw engine in turn for several rounds, and reports the medians
//! and their ratio. Keys are 16 bytes of text, values 100 bytes; every put carries a new value,
//! since SQLite writes nothing for a row that stays as it is.

mod data;
mod measure;
mod mem;
mod ours;
mod report;
mod sqlite;

use std::path::PathBuf;

use clap::Parser;

use measure::{Effort, Failure};
use report::Report;

#[derive(Parser)]
#[command(about = "Measures persist beside the raw engines")]
struct Arguments {
    /// Fewer rows and shorter rounds: under 3 minutes in all
    #[arg(long)]
    quick: bool,
    /// Only cases whose name ENGINE/FAMILY/TASKS contains this
    #[arg(long, default_value = "")]
    filter: String,
    /// Writes a line of JSON for each case to this file
    #[arg(long)]
    json: Option<PathBuf>,
}

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let effort = if arguments.quick { Effort::QUICK } else { Effort::FULL };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut report = Report::new(arguments.filter, arguments.json)?;
    runtime.block_on(async {
        mem::run(effort, &mut report).await?;
        sqlite::run(effort, &mut report).await
    })?;
    report.finish()
}
