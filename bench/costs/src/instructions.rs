//! Instructions, as valgrind's callgrind counts them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use persist_bench_kit::Result;

use crate::{Case, Side};

/// How many calls the shorter of two runs makes; the other makes twice as many, and what it needs
/// more is theirs.
const CALLS: u64 = 5000;

/// Whether valgrind is there.
pub fn available() -> bool {
    let version = Command::new("valgrind").arg("--version").output();
    version.is_ok_and(|version| version.status.success())
}

/// The instructions of a call. `program` is run with `--work CASE SIDE CALLS`.
pub fn measure(program: &Path, case: Case, side: Side) -> Result<f64> {
    let dir = tempfile::Builder::new().prefix("persist-bench-").tempdir()?;
    let run = |calls: u64| {
        let file = dir.path().join(calls.to_string());
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--quiet"]);
        command.arg(option("--callgrind-out-file=", &file)).arg(program).arg("--work");
        command.args([case.argument(), side.argument(), calls.to_string()]);
        let output = command.stdin(Stdio::null()).output()?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(format!("valgrind failed on {}: {words}", case.name()).into());
        }
        total(&fs::read_to_string(&file)?)
    };
    let (once, twice) = (run(CALLS)?, run(2 * CALLS)?);
    Ok((twice as f64 - once as f64) / CALLS as f64)
}

/// What callgrind counted in all.
fn total(file: &str) -> Result<u64> {
    let line = file.lines().find_map(|line| line.strip_prefix("totals:"));
    let total = line.ok_or("callgrind wrote no `totals:`")?;
    Ok(total.trim().parse()?)
}

fn option(name: &str, file: &Path) -> PathBuf {
    let mut option = std::ffi::OsString::from(name);
    option.push(file);
    option.into()
}

#[cfg(test)]
mod tests {
    use super::total;

    #[test]
    fn the_total_is_found() {
        let file = "events: Ir\nsummary: 7\n\nfn=(1) main\n1 7\ntotals: 1234\n";
        assert_eq!(total(file).unwrap(), 1234);
        assert!(total("events: Ir\n").is_err());
    }
}
