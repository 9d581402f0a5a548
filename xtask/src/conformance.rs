//! `cargo xtask conformance`: the laws, on the backends one asks for.

use std::process::ExitCode;

use crate::Result;
use crate::backends::{self, Backend};
use crate::binary::Scope;
use crate::matrix::{self, Column};
use crate::report::{LawReport, Verdict};
use crate::services::Services;
use crate::suite::{self, SuiteRun};

/// Which laws to run, and how to tell.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run the laws of this backend only; may be given several times
    #[arg(long = "backend", value_name = "B", value_parser = backends::parser())]
    backends: Vec<Backend>,
    /// Run only the laws with this in their `family::law`
    #[arg(long, value_name = "FILTER")]
    law: Option<String>,
    /// Print one line of JSON for each law, and nothing else on standard output
    #[arg(long)]
    json: bool,
}

/// Runs the laws and tells how they ended.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let backends = backends::choose(&args.backends);
    let services = Services::start(&backends)?;
    let run = |backend| suite::run(backend, args.law.as_deref(), Scope::Package, &services);
    let runs: Vec<_> = backends.into_iter().map(run).collect();
    if args.json {
        print_json(&runs)?;
    } else {
        print_list(&runs);
        let columns = runs.iter().map(|run| Column { name: run.backend.name, run: Some(run) });
        print!("\n{}", matrix::render(&columns.collect::<Vec<_>>()));
    }
    let failed = runs.iter().any(SuiteRun::failed);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Prints every law by backend, and what went wrong outside of them.
pub(crate) fn print_list(runs: &[SuiteRun]) {
    for run in runs {
        println!("\n{}", run.backend.name);
        for law in &run.laws {
            println!("  {}", describe(law));
        }
        for problem in &run.problems {
            println!("  FAILED  {problem}");
        }
    }
}

/// Problems belong to no law, so they stay out of what a program reads.
fn print_json(runs: &[SuiteRun]) -> Result<()> {
    for run in runs {
        for law in &run.laws {
            println!("{}", serde_json::to_string(law)?);
        }
        for problem in &run.problems {
            eprintln!("error: {}: {problem}", run.backend.name);
        }
    }
    Ok(())
}

fn describe(law: &LawReport) -> String {
    let mark = match law.result {
        Verdict::Ok => "ok",
        Verdict::Failed => "FAILED",
        Verdict::NotApplicable => "n/a",
    };
    let why = law.why.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
    format!("{mark:<6}  {}{why}", law.law)
}
