//! Running the laws of a backend, so that no law is lost.
//!
//! The test binary is asked twice: which laws it has, then to run them. A law that the second run
//! does not report on has failed, whatever killed it.

use std::fs;
use std::io;

use crate::Result;
use crate::backends::Backend;
use crate::binary::{self, Scope};
use crate::command;
use crate::report::{self, LawReport, Verdict};
use crate::services::Services;

/// The variable that tells the law suite which file to append its reports to.
const REPORT: &str = "PERSIST_LAWS_REPORT";

/// Where the laws start again in a child process; a law of nothing by itself.
const CHILD: &str = "child";

/// The laws of one backend, as they ended.
#[derive(Debug)]
pub(crate) struct SuiteRun {
    /// The backend that was to keep them.
    pub(crate) backend: Backend,
    /// One report for each law.
    pub(crate) laws: Vec<LawReport>,
    /// What went wrong outside of any law; each is a failure.
    pub(crate) problems: Vec<String>,
}

impl SuiteRun {
    /// How many laws ended so.
    pub(crate) fn count(&self, verdict: Verdict) -> usize {
        self.laws.iter().filter(|law| law.result == verdict).count()
    }

    /// Whether a law or the run itself failed.
    pub(crate) fn failed(&self) -> bool {
        !self.problems.is_empty() || self.count(Verdict::Failed) > 0
    }
}

/// Runs the laws of a backend, or those with `filter` in their `family::law`.
///
/// A backend whose tests do not build or start is a run with a problem, so that the other
/// backends still have their turn.
pub(crate) fn run(
    backend: Backend,
    filter: Option<&str>,
    scope: Scope<'_>,
    services: &Services,
) -> SuiteRun {
    attempt(backend, filter, scope, services).unwrap_or_else(|error| SuiteRun {
        backend,
        laws: Vec::new(),
        problems: vec![error.to_string()],
    })
}

fn attempt(
    backend: Backend,
    filter: Option<&str>,
    scope: Scope<'_>,
    services: &Services,
) -> Result<SuiteRun> {
    let binary = binary::build(backend, scope)?;
    let listing = command::output(binary.command().args(["laws::", "--list"]))?;
    let mut listed = parse_list(&listing);
    let mut execution = binary.command();
    services.reach(&mut execution);
    if let Some(filter) = filter {
        listed.retain(|law| law.contains(filter));
        execution.arg("--exact").args(listed.iter().map(|law| format!("laws::{law}")));
    } else {
        execution.arg("laws::");
    }
    if listed.is_empty() {
        let which = filter.map_or_else(String::new, |filter| format!(" with `{filter}` in it"));
        return Err(format!("{} has no law{which}", backend.package).into());
    }

    let file = tempfile::NamedTempFile::new()?;
    // Standard output is for the reports; what the binary says goes where its progress goes.
    let status = command::status(execution.env(REPORT, file.path()).stdout(io::stderr()))?;
    let text = fs::read(file.path())?;
    let (reports, mut problems) = report::parse(&String::from_utf8_lossy(&text));
    if reports.is_empty() {
        problems.push(format!("the laws of {} reported nothing", backend.package));
    }
    if !status.success() && reports.iter().all(|report| report.result != Verdict::Failed) {
        let package = backend.package;
        problems.push(format!("the tests of {package} ended with {status}, no law says why"));
    }
    Ok(SuiteRun { backend, laws: report::merge(backend.name, &listed, reports), problems })
}

/// The laws in what a test binary prints for `--list`, each as `family::law`.
fn parse_list(listing: &str) -> Vec<String> {
    let names = listing.lines().filter_map(|line| line.strip_suffix(": test"));
    let laws = names.filter_map(|name| name.strip_prefix("laws::"));
    laws.filter(|law| *law != CHILD).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_holds_laws_and_more() {
        let listing = "laws::child: test\nlaws::scan::bounds: test\nlaws::typed::child: test\n\
                       options::laws::none: test\nlaws::bench: benchmark\n\n4 tests, 1 benchmark\n";
        assert_eq!(parse_list(listing), ["scan::bounds", "typed::child"]);
        assert!(parse_list("").is_empty());
    }

    #[test]
    fn a_problem_is_a_failure_even_when_every_law_holds() {
        let backend = Backend::new("mem", "persist-mem");
        let (laws, _) = report::parse(r#"{"backend":"mem","law":"a::b","result":"ok"}"#);
        let mut run = SuiteRun { backend, laws, problems: Vec::new() };
        assert!(!run.failed());
        run.problems.push("exit status: 101".to_owned());
        assert!(run.failed());
    }
}
