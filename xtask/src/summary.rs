//! How `cargo xtask test-all` ends: a line for each step, and the count of everything.

use std::fmt;
use std::time::Duration;

use crate::report::Verdict;
use crate::step::Step;
use crate::suite::SuiteRun;

/// How a step ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Passed(Duration),
    Failed(Duration, String),
    Skipped,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed(time) => write!(f, "ok in {:.1} s", time.as_secs_f64()),
            Self::Failed(time, why) => write!(f, "FAILED in {:.1} s: {why}", time.as_secs_f64()),
            Self::Skipped => f.write_str("skipped"),
        }
    }
}

/// Steps and laws, counted together; its text is the last line of all.
///
/// A step is one, a law on a backend is one, and a backend that was left out is one, for its laws
/// were not looked at. A law that does not apply is none of the three.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    passed: usize,
    pub(crate) failed: usize,
    skipped: usize,
}

impl Tally {
    pub(crate) fn new(steps: &[(Step, Outcome)], runs: &[SuiteRun], left_out: usize) -> Self {
        let mut tally = Self { skipped: left_out, ..Self::default() };
        for (_, outcome) in steps {
            match outcome {
                Outcome::Passed(_) => tally.passed += 1,
                Outcome::Failed(..) => tally.failed += 1,
                Outcome::Skipped => tally.skipped += 1,
            }
        }
        for run in runs {
            tally.passed += run.count(Verdict::Ok);
            tally.failed += run.count(Verdict::Failed);
        }
        tally
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, skipped } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::Backend;
    use crate::report;

    #[test]
    fn steps_and_laws_count_but_not_what_does_not_apply() {
        let line = |law, result| {
            format!("{{\"backend\":\"b\",\"law\":\"{law}\",\"result\":\"{result}\"}}\n")
        };
        let text = line("a::a", "ok") + &line("a::b", "ok") + &line("a::c", "n/a");
        let run = SuiteRun {
            backend: Backend { name: "b", in_config: true, package: "persist-b", needs: &[] },
            laws: report::parse(&(text + &line("a::d", "failed"))).0,
            problems: Vec::new(),
        };
        let steps = [
            (Step::Fmt, Outcome::Passed(Duration::ZERO)),
            (Step::Laws, Outcome::Failed(Duration::ZERO, String::new())),
            (Step::Shell, Outcome::Skipped),
        ];
        let tally = Tally::new(&steps, &[run], 1);
        assert_eq!(tally.to_string(), "3 passed, 2 failed, 2 skipped");
    }
}
