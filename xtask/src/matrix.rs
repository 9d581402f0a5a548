//! The matrix of law families by backend.

use std::collections::BTreeSet;

use crate::report::{LawReport, Verdict};
use crate::suite::SuiteRun;

/// A backend in the matrix, with its run unless it was skipped.
#[derive(Debug)]
pub(crate) struct Column<'a> {
    /// The name above the column.
    pub(crate) name: &'a str,
    /// `None` is a backend that was skipped.
    pub(crate) run: Option<&'a SuiteRun>,
}

/// The matrix as lines of text, one for each family below the names of the backends.
pub(crate) fn render(columns: &[Column<'_>]) -> String {
    let runs = columns.iter().filter_map(|column| column.run);
    let laws = runs.flat_map(|run| &run.laws);
    let mut families: BTreeSet<_> = laws.map(LawReport::family).collect();
    if families.is_empty() {
        // Nothing ran, so no family is known: one row still says why, backend by backend.
        families.insert("(all)");
    }
    let heads = columns.iter().map(|column| column.name.to_owned());
    let mut rows = vec![std::iter::once("law".to_owned()).chain(heads).collect::<Vec<_>>()];
    for family in families {
        let cells = columns.iter().map(|column| cell(column.run, family));
        rows.push(std::iter::once(family.to_owned()).chain(cells).collect());
    }
    align(&rows)
}

/// What a backend has to show for a family; without a law to stand behind it, never `ok`.
fn cell(run: Option<&SuiteRun>, family: &str) -> String {
    let Some(run) = run else { return "skipped".to_owned() };
    let laws = run.laws.iter().filter(|law| law.family() == family);
    let (mut ok, mut failed, mut not) = (0, 0, 0);
    for law in laws {
        match law.result {
            Verdict::Ok => ok += 1,
            Verdict::Failed => failed += 1,
            Verdict::NotApplicable => not += 1,
        }
    }
    match (ok, failed, not) {
        (0, 0, 0) if !run.problems.is_empty() => "FAILED".to_owned(),
        (0, 0, 0) => "-".to_owned(),
        (0, 0, _) => "n/a".to_owned(),
        (_, 0, 0) => format!("{ok} ok"),
        (_, 0, _) => format!("{ok} ok, {not} n/a"),
        _ => format!("FAILED {failed}"),
    }
}

/// Pads every column to its widest cell.
fn align(rows: &[Vec<String>]) -> String {
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(String::len).max();
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate();
        let padded = cells.map(|(i, text)| format!("{text:<0$}", width(i).unwrap_or_default()));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::Backend;
    use crate::report;

    fn run(laws: &[(&str, &str)], problems: &[&str]) -> SuiteRun {
        let line = |(law, result): &(&str, &str)| {
            format!("{{\"backend\":\"b\",\"law\":\"{law}\",\"result\":\"{result}\"}}\n")
        };
        SuiteRun {
            backend: Backend { name: "b", in_config: true, package: "persist-b", needs: &[] },
            laws: report::parse(&laws.iter().map(line).collect::<String>()).0,
            problems: problems.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn every_kind_of_cell() {
        let mem = run(
            &[("durable::kill", "n/a"), ("scan::a", "ok"), ("scan::b", "ok"), ("typed::a", "ok")],
            &[],
        );
        let sqlite =
            run(&[("durable::kill", "ok"), ("durable::copy", "n/a"), ("scan::a", "failed")], &[]);
        let dbm = run(&[], &["it does not build"]);
        let columns = [
            Column { name: "mem", run: Some(&mem) },
            Column { name: "sqlite", run: Some(&sqlite) },
            Column { name: "dbm", run: Some(&dbm) },
            Column { name: "redis", run: None },
        ];
        let expected = "\
law      mem   sqlite       dbm     redis
durable  n/a   1 ok, 1 n/a  FAILED  skipped
scan     2 ok  FAILED 1     FAILED  skipped
typed    1 ok  -            FAILED  skipped
";
        assert_eq!(render(&columns), expected);
    }

    #[test]
    fn without_any_law_there_is_still_a_row() {
        let broken = run(&[], &["it does not build"]);
        let columns =
            [Column { name: "mem", run: Some(&broken) }, Column { name: "dbm", run: None }];
        assert_eq!(render(&columns), "law    mem     dbm\n(all)  FAILED  skipped\n");
    }
}
