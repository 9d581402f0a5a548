//! `cargo xtask bench`: the benchmarks, which are a workspace of their own.
//!
//! They are kept apart because they need crates that no user of persist should have to build.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::{Result, command};

/// What the benchmarks take; everything is handed on as it is.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Measure fewer rows and tasks for a shorter time: under 3 minutes in all
    #[arg(long)]
    quick: bool,
    /// Measure only cases with this in their name ENGINE/FAMILY/TASKS
    #[arg(long)]
    filter: Option<String>,
    /// Leave out the peers: only ours and the raw engines
    #[arg(long)]
    no_peers: bool,
    /// Write a line of JSON for each case to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw a chart of each family into this directory; a run that leaves nothing out draws those in
    /// docs/benchmarks
    #[arg(long, value_name = "DIR")]
    charts: Option<PathBuf>,
}

/// Builds and runs the benchmarks; their exit code is ours.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let status = command::status(&mut benchmarks(args)?)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

fn benchmarks(args: &Args) -> Result<Command> {
    let root = command::root();
    let mut bench = command::cargo(["run", "--release", "--manifest-path"]);
    bench.arg(root.join("bench/Cargo.toml"));
    bench.arg("--target-dir").arg(root.join("target/bench")).arg("--");
    if args.quick {
        bench.arg("--quick");
    }
    if args.no_peers {
        bench.arg("--no-peers");
    }
    if let Some(filter) = &args.filter {
        bench.arg("--filter").arg(filter);
    }
    if let Some(file) = &args.json {
        // The command runs at the root; the file was named from where the user stands.
        bench.arg("--json").arg(std::path::absolute(file)?);
    }
    if let Some(directory) = &args.charts {
        bench.arg("--charts").arg(std::path::absolute(directory)?);
    } else if !args.quick && !args.no_peers && args.filter.is_none() {
        bench.arg("--charts").arg(root.join("docs/benchmarks"));
    }
    Ok(bench)
}
