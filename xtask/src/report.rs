//! What the law suite reports: one line of JSON for each law that ended.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One law on one backend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct LawReport {
    /// The backend, as the suite names it.
    pub(crate) backend: String,
    /// `family::law`.
    pub(crate) law: String,
    /// How it ended.
    pub(crate) result: Verdict,
    /// Why the law does not apply, or what is known of its failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
    /// Whatever else the suite says, kept so that `--json` hands it on.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl LawReport {
    /// The failure of a law that was to run and told nothing: its process died, most likely.
    fn missing(backend: &str, law: &str) -> Self {
        Self {
            backend: backend.to_owned(),
            law: law.to_owned(),
            result: Verdict::Failed,
            why: Some("no report".to_owned()),
            rest: Map::new(),
        }
    }

    /// The family of the law, a row of the matrix.
    pub(crate) fn family(&self) -> &str {
        self.law.split("::").next().unwrap_or(&self.law)
    }
}

/// How a law ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// The backend keeps it.
    Ok,
    /// The backend breaks it, or nobody knows.
    Failed,
    /// It cannot hold for this engine, by the suite's own table.
    #[serde(rename = "n/a")]
    NotApplicable,
}

/// The reports in a file that the suite wrote, and the lines that are none: a process that dies
/// while it writes leaves half a line.
pub(crate) fn parse(text: &str) -> (Vec<LawReport>, Vec<String>) {
    let (mut reports, mut broken) = (Vec::new(), Vec::new());
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match serde_json::from_str(line) {
            Ok(report) => reports.push(report),
            Err(error) => broken.push(format!("unreadable report ({error}): {line}")),
        }
    }
    (reports, broken)
}

/// One report for each law, by name. A listed law without a report has failed; of two reports on
/// one law, the failure counts.
pub(crate) fn merge(backend: &str, listed: &[String], reports: Vec<LawReport>) -> Vec<LawReport> {
    let mut laws = BTreeMap::<String, LawReport>::new();
    for report in reports {
        let known = laws.entry(report.law.clone()).or_insert_with(|| report.clone());
        if report.result == Verdict::Failed {
            *known = report;
        }
    }
    for law in listed {
        laws.entry(law.clone()).or_insert_with(|| LawReport::missing(backend, law));
    }
    laws.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"backend":"mem","law":"scan::bounds","result":"ok"}"#;

    fn listed(laws: &[&str]) -> Vec<String> {
        laws.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn lines_survive_a_round_trip() {
        let why = r#"{"backend":"mem","law":"durable::kill","result":"n/a","why":"w","ms":3}"#;
        let (reports, broken) = parse(&format!("{LINE}\n\n{why}\n"));
        assert!(broken.is_empty());
        let written: Vec<_> = reports.iter().map(|r| serde_json::to_string(r).unwrap()).collect();
        assert_eq!(written, [LINE, why]);
    }

    #[test]
    fn half_a_line_is_told_and_the_rest_is_kept() {
        let (reports, broken) = parse(&format!("{LINE}\n{{\"backend\":\"m"));
        assert_eq!(reports.len(), 1);
        assert!(broken[0].starts_with("unreadable report ("), "{broken:?}");
    }

    #[test]
    fn a_listed_law_without_report_has_failed() {
        let laws = merge("mem", &listed(&["scan::bounds", "typed::keys"]), parse(LINE).0);
        assert_eq!(laws[0].result, Verdict::Ok);
        assert_eq!(laws[1], LawReport::missing("mem", "typed::keys"));
        assert_eq!(laws[1].family(), "typed");
    }

    #[test]
    fn a_report_that_was_not_listed_counts() {
        assert_eq!(merge("mem", &[], parse(LINE).0).len(), 1);
    }

    #[test]
    fn of_two_reports_the_failure_counts() {
        let failed = LINE.replace("ok", "failed");
        for text in [format!("{LINE}\n{failed}"), format!("{failed}\n{LINE}")] {
            let laws = merge("mem", &listed(&["scan::bounds"]), parse(&text).0);
            assert_eq!(laws.iter().map(|l| l.result).collect::<Vec<_>>(), [Verdict::Failed]);
        }
    }
}
