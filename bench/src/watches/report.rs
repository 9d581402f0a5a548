//! What was measured of the watches: a table on the terminal, and lines of JSON.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use persist_bench_kit::Result;
use serde::Serialize;

use super::side::{Figures, Side};
use crate::report::rounded;

pub struct Report {
    json: Option<File>,
}

#[derive(Serialize)]
struct Line<'c> {
    case: &'c str,
    ours: Option<Figures>,
    raw: Option<Figures>,
    raw_way: Option<&'c str>,
    /// Of the medians.
    vs_raw: Option<f64>,
}

impl Report {
    pub fn new(json: Option<PathBuf>) -> Result<Self> {
        let json = json.map(File::create).transpose()?;
        println!(
            "{:<24} {:<5} {:>9} {:>9} {:>9} {:>15} {:>6}",
            "case", "side", "p50 µs", "p99 µs", "max µs", "written p50 µs", "ratio"
        );
        Ok(Self { json })
    }

    /// Prints a case that has ended; `way` is how the raw engine hears of changes.
    pub fn add(&mut self, case: &str, way: Option<&str>, sides: &[Side]) -> Result<()> {
        let of = |name| sides.iter().find(|side| side.name == name).map(Side::figures);
        let (ours, raw) = (of("ours"), of("raw"));
        let ratio = |ours: &Figures, raw: &Figures| rounded(ours.p50_us / raw.p50_us, 100.0);
        let vs_raw = ours.as_ref().zip(raw.as_ref()).map(|(ours, raw)| ratio(ours, raw));
        let line = Line { case, ours, raw, raw_way: way, vs_raw };
        if let Some(ours) = &line.ours {
            let ratio = vs_raw.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
            println!("{case:<24} ours  {} {ratio:>6}", columns(ours));
        }
        match &line.raw {
            Some(raw) => println!("{:<24} raw   {} {}", "", columns(raw), way.unwrap_or_default()),
            None => println!("{:<24} raw   has nothing of the kind across processes", ""),
        }
        if let Some(json) = &mut self.json {
            writeln!(json, "{}", serde_json::to_string(&line)?)?;
        }
        Ok(())
    }
}

fn columns(figures: &Figures) -> String {
    let Figures { p50_us, p99_us, max_us, written_p50_us } = figures;
    format!("{p50_us:>9.0} {p99_us:>9.0} {max_us:>9.0} {written_p50_us:>15.0}")
}
