//! The commands of the workspace; `cargo xtask --help` lists them.
//!
//! Every check lives in one of them, so that a contributor and the CI machine run the same thing.

#![expect(clippy::print_stdout, reason = "a command line program answers on standard output")]

mod backends;
mod bench;
mod binary;
mod command;
mod conformance;
mod matrix;
mod report;
mod services;
mod shell;
mod step;
mod suite;
mod summary;
mod test_all;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What a command gives: an error is text for the person at the terminal, nothing matches on it.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The commands of the persist workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run every check there is, and end with a summary
    TestAll(test_all::Args),
    /// Run the laws that every backend keeps
    Conformance(conformance::Args),
    /// Start the servers that some backends need, and keep them until Ctrl-C
    Services(services::Args),
    /// Measure the backends
    Bench(bench::Args),
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::TestAll(args) => test_all::run(&args),
        Task::Conformance(args) => conformance::run(&args),
        Task::Services(args) => services::run(&args),
        Task::Bench(args) => bench::run(&args),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}
