//! `cargo xtask bench`: the benchmarks, which are a workspace of their own.
//!
//! They are kept apart because they need crates that no user of persist should have to build.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::{Result, command};

/// What the benchmarks take; everything is handed on as it is.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Measure for a short time: enough to see that it works
    #[arg(long)]
    quick: bool,
    /// Measure only what has this in its name
    #[arg(long)]
    filter: Option<String>,
    /// Write the results to this file too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
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
    if let Some(filter) = &args.filter {
        bench.arg("--filter").arg(filter);
    }
    if let Some(file) = &args.json {
        // The command runs at the root; the file was named from where the user stands.
        bench.arg("--json").arg(std::path::absolute(file)?);
    }
    Ok(bench)
}
