//! What a program has to build to use an engine: through ours, and through OpenDAL.
//!
//! Cold: an empty target directory, with all sources downloaded.

mod consumer;

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use persist_bench_kit::Result;
use serde::Serialize;

use crate::report::rounded;
use consumer::Consumer;

/// The engines that both have.
const ENGINES: [&str; 3] = ["sqlite", "dbm", "pgsql"];

/// What was found of an engine.
#[derive(Serialize)]
struct Line {
    case: String,
    ours: Figures,
    opendal: Figures,
    /// Ours, as parts of OpenDAL's.
    seconds_ratio: f64,
    crates_ratio: f64,
}

#[derive(Serialize)]
struct Figures {
    /// The median of the builds.
    seconds: f64,
    /// Those that are compiled, of whatever kind, the program itself apart.
    crates: usize,
}

/// Prints a line for each engine.
pub fn tell(quick: bool, filter: &str, json: Option<PathBuf>) -> Result<()> {
    let mut json = json.map(File::create).transpose()?;
    println!(
        "{:<24} {:>9} {:>9} {:>13} {:>14} {:>11} {:>12}",
        "case", "ours s", "crates", "opendal s", "crates", "time ratio", "crates ratio"
    );
    for engine in ENGINES {
        let case = format!("build/{engine}");
        if !case.contains(filter) {
            continue;
        }
        let line = measure(case, engine, if quick { 1 } else { 3 })?;
        println!(
            "{:<24} {:>9.1} {:>9} {:>13.1} {:>14} {:>11.2} {:>12.2}",
            line.case,
            line.ours.seconds,
            line.ours.crates,
            line.opendal.seconds,
            line.opendal.crates,
            line.seconds_ratio,
            line.crates_ratio
        );
        if let Some(json) = &mut json {
            writeln!(json, "{}", serde_json::to_string(&line)?)?;
        }
    }
    Ok(())
}

/// Builds both in turn, so often.
fn measure(case: String, engine: &str, rounds: usize) -> Result<Line> {
    let sides = [Consumer::ours(engine)?, Consumer::opendal(engine)?];
    let mut builds = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        for (side, builds) in sides.iter().zip(&mut builds) {
            builds.push(side.build()?);
        }
    }
    let [ours, opendal] = builds.map(|mut builds| {
        builds.sort_by_key(|build| build.time);
        let middle = &builds[builds.len() / 2];
        Figures { seconds: rounded(middle.time.as_secs_f64(), 10.0), crates: middle.crates }
    });
    Ok(Line {
        case,
        seconds_ratio: rounded(ours.seconds / opendal.seconds, 100.0),
        crates_ratio: rounded(ours.crates as f64 / opendal.crates as f64, 100.0),
        ours,
        opendal,
    })
}
