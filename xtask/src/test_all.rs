//! `cargo xtask test-all`: every check there is, to the end, whatever fails on the way.

use std::process::ExitCode;
use std::time::Instant;

use crate::backends::{self, Backend};
use crate::binary::Scope;
use crate::matrix::{self, Column};
use crate::services::{self, Services};
use crate::step::{self, Skip, Step};
use crate::suite::SuiteRun;
use crate::summary::{Outcome, Tally};
use crate::{Result, command, conformance, shell, suite};

/// What to leave out.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Leave out this step, or the laws and tests of this backend; may be given several times
    #[arg(long = "skip", value_name = "NAME", value_parser = Skip::parser())]
    skips: Vec<Skip>,
    /// Skip every other backend; may be given several times
    #[arg(long = "backend", value_name = "B", value_parser = backends::parser())]
    backends: Vec<Backend>,
}

impl Args {
    /// The backends to look at and those to leave out.
    fn backends(&self) -> (Vec<Backend>, Vec<Backend>) {
        let chosen = backends::choose(&self.backends);
        let wanted = |b: &Backend| chosen.contains(b) && !self.skips.contains(&Skip::Backend(*b));
        backends::ALL.iter().copied().partition(wanted)
    }
}

/// Runs the steps, then prints the matrix of the laws, the steps, and the count of both.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    shell::refuse_recursion()?;
    let (chosen, left_out) = args.backends();
    let (mut steps, mut runs) = (Vec::new(), Vec::new());
    let mut services = Services::default();
    for step in Step::ALL {
        println!("\n== {}", step.name());
        let start = Instant::now();
        let done = match step {
            _ if args.skips.contains(&Skip::Step(step)) => None,
            Step::Services => {
                let started = Services::start_for_all(&chosen, &left_out);
                Some(started.map(|started| services = started))
            }
            Step::Laws if chosen.is_empty() => None,
            Step::Laws => Some(laws(&chosen, &left_out, &services, &mut runs)),
            Step::Shell => Some(shell::run(&command::root(), &services)),
            _ => Some(step.commands(&left_out).iter_mut().try_for_each(|command| {
                services.reach(command);
                command::run(command)
            })),
        };
        let outcome = match done {
            None => Outcome::Skipped,
            Some(Ok(())) => Outcome::Passed(start.elapsed()),
            Some(Err(error)) => Outcome::Failed(start.elapsed(), error.to_string()),
        };
        println!("{}: {outcome}", step.name());
        steps.push((step, outcome));
    }

    println!("\n== summary");
    for (step, outcome) in &steps {
        println!("{:<8}  {outcome}", step.name());
    }
    for backend in &left_out {
        println!("{:<8}  skipped: its laws and the tests of {}", backend.name, backend.package);
    }
    if !services::own_tests(&left_out) {
        println!("{:<8}  skipped: the tests of {}", "servers", services::PACKAGE);
    }
    let columns = backends::ALL.iter().map(|backend| Column {
        name: backend.name,
        run: runs.iter().find(|run: &&SuiteRun| run.backend == *backend),
    });
    println!("\n{}", matrix::render(&columns.collect::<Vec<_>>()));
    let tally = Tally::new(&steps, &runs, left_out.len());
    println!("{tally}");
    Ok(if tally.failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn laws(
    chosen: &[Backend],
    left_out: &[Backend],
    services: &Services,
    runs: &mut Vec<SuiteRun>,
) -> Result<()> {
    let left_out = step::left_out(left_out);
    let scope = Scope::AllBut(&left_out);
    runs.extend(chosen.iter().map(|backend| suite::run(*backend, None, scope, services)));
    conformance::print_list(runs);
    let failed = runs.iter().filter(|run| run.failed()).map(|run| run.backend.name);
    let failed = failed.collect::<Vec<_>>().join(", ");
    if failed.is_empty() { Ok(()) } else { Err(format!("broken on {failed}").into()) }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::{Cli, Task};

    fn parse(words: &[&str]) -> std::result::Result<Args, String> {
        let line = ["xtask", "test-all"].iter().chain(words);
        match Cli::try_parse_from(line).map_err(|error| error.to_string())?.task {
            Task::TestAll(args) => Ok(args),
            other => Err(format!("{other:?}")),
        }
    }

    fn names(backends: &[Backend]) -> Vec<&str> {
        backends.iter().map(|backend| backend.name).collect()
    }

    #[test]
    fn every_step_and_backend_can_be_skipped() {
        let steps = Step::ALL.map(Step::name);
        for name in steps.into_iter().chain(backends::ALL.iter().map(|b| b.name)) {
            assert_eq!(parse(&["--skip", name]).unwrap().skips.len(), 1, "{name}");
        }
    }

    #[test]
    fn an_unknown_skip_lists_the_names_and_suggests_the_nearest() {
        let error = parse(&["--skip", "clipy"]).unwrap_err();
        assert!(
            error.contains(
                "fmt, clippy, doc, services, tests, doctests, features, laws, shell, mem"
            )
        );
        assert!(error.contains("a similar value exists: 'clippy'"), "{error}");
    }

    #[test]
    fn a_backend_is_left_out_by_name_or_by_choosing_another() {
        let (chosen, left_out) = parse(&["--skip", "sqlite"]).unwrap().backends();
        assert!(!names(&chosen).contains(&"sqlite"));
        assert_eq!(names(&left_out), ["sqlite"]);
        let (chosen, left_out) = parse(&["--backend", "sqlite"]).unwrap().backends();
        assert_eq!(names(&chosen), ["sqlite"]);
        assert_eq!(left_out.len(), backends::ALL.len() - 1);
        let none = parse(&["--backend", "mem", "--skip", "mem"]).unwrap().backends().0;
        assert!(none.is_empty());
    }
}
