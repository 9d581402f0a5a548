//! `cargo xtask bench`: the benchmarks, which are a workspace of their own.
//!
//! They are kept apart because they need crates that no user of persist should have to build.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::{Result, command};

/// The programs that count what ours costs above what it stands on: one asks the other.
const COSTS: &str = "persist-bench-costs";

/// What the benchmarks take; everything is handed on as it is.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Args {
    /// Measure fewer rows and tasks for a shorter time: under 3 minutes in all
    #[arg(long)]
    quick: bool,
    /// What all rounds may take together, instead of an hour; they get shorter or longer by it
    #[arg(long, value_name = "N", conflicts_with = "mode")]
    minutes: Option<u64>,
    /// Measure only cases with this in their name ENGINE/FAMILY/TASKS
    #[arg(long)]
    filter: Option<String>,
    /// Count instead what ours costs above what it stands on: allocations, instructions (with
    /// valgrind) and time, of the typed layer over the contract and of SQLite over rusqlite
    #[arg(long, group = "mode")]
    costs: bool,
    /// Measure instead what stores cost as they grow: calls on 10,000 and 1,000,000 rows, time to
    /// open, memory, files after loading
    #[arg(long, group = "mode")]
    growth: bool,
    /// Have the large store of --growth hold 10,000,000 rows
    #[arg(long, requires = "growth", conflicts_with = "quick")]
    ten_million: bool,
    /// Measure instead whether a reader or a writer is kept waiting by 64 writers
    #[arg(long, group = "mode")]
    fairness: bool,
    /// Measure instead how long a watcher waits for what another process has written
    #[arg(long, group = "mode")]
    watches: bool,
    /// Measure instead cold builds of a program that uses an engine, through ours and through
    /// opendal: time and number of crates
    #[arg(long, group = "mode")]
    build: bool,
    /// Leave out the peers: only ours and the raw engines
    #[arg(long, conflicts_with = "mode")]
    no_peers: bool,
    /// Write a line of JSON for each case to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw a chart of each family into this directory; a run that leaves nothing out draws those in
    /// docs/benchmarks
    #[arg(long, value_name = "DIR", conflicts_with = "mode")]
    charts: Option<PathBuf>,
}

/// Builds and runs the benchmarks; their exit code is ours.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    if args.costs {
        command::run(cargo("build").args(["--package", COSTS, "--bins"]))?;
    }
    let status = command::status(&mut benchmarks(args)?)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

fn benchmarks(args: &Args) -> Result<Command> {
    let mut bench = cargo("run");
    if args.costs {
        bench.args(["--package", COSTS]);
    }
    bench.arg("--");
    if args.quick {
        bench.arg("--quick");
    }
    if let Some(minutes) = args.minutes {
        bench.arg("--minutes").arg(minutes.to_string());
    }
    for (chosen, flag) in args.modes() {
        if chosen {
            bench.arg(flag);
        }
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
    } else if args.whole() {
        bench.arg("--charts").arg(command::root().join("docs/benchmarks"));
    }
    Ok(bench)
}

impl Args {
    /// The flags of what is measured instead, which the benchmark has too.
    fn modes(&self) -> [(bool, &'static str); 5] {
        [
            (self.growth, "--growth"),
            (self.ten_million, "--ten-million"),
            (self.fairness, "--fairness"),
            (self.watches, "--watches"),
            (self.build, "--build"),
        ]
    }

    /// Whether every case is measured, so that the charts can be drawn anew.
    fn whole(&self) -> bool {
        let part = self.quick || self.no_peers || self.filter.is_some();
        !(part || self.costs || self.modes().iter().any(|(chosen, _)| *chosen))
    }
}

/// A command of cargo's on the benchmarks.
fn cargo(verb: &str) -> Command {
    let root = command::root();
    let mut cargo = command::cargo([verb, "--release", "--manifest-path"]);
    cargo.arg(root.join("bench/Cargo.toml")).arg("--target-dir").arg(root.join("target/bench"));
    cargo
}
