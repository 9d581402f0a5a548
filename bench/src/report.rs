//! A table on the terminal, and lines of JSON.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use crate::measure::{Effort, Failure, Medians, Side, both};

pub struct Report {
    filter: String,
    json: Option<File>,
    cases: usize,
}

#[derive(Serialize)]
struct Line<'l> {
    case: &'l str,
    ours: u64,
    raw: u64,
    vs_raw: f64,
    durability: &'l str,
    ours_p50_us: f64,
    ours_p99_us: f64,
    raw_p50_us: f64,
    raw_p99_us: f64,
    ours_spread: f64,
    raw_spread: f64,
}

impl Report {
    pub fn new(filter: String, json: Option<PathBuf>) -> Result<Self, Failure> {
        let json = json.map(File::create).transpose()?;
        println!(
            "{:<24} {:<8} {:>12} {:>12} {:>8}  {:>20} {:>20}",
            "case", "durable", "ours/s", "raw/s", "ratio", "ours p50/p99 µs", "raw p50/p99 µs"
        );
        Ok(Self { filter, json, cases: 0 })
    }

    /// Measures a case, if it was asked for.
    pub async fn case(
        &mut self,
        name: &str,
        durability: &str,
        effort: Effort,
        ours: Side<'_>,
        raw: Side<'_>,
    ) -> Result<(), Failure> {
        if !name.contains(&self.filter) {
            return Ok(());
        }
        let (ours, raw) = both(effort, ours, raw).await?;
        let line = line(name, durability, ours, raw);
        println!(
            "{:<24} {:<8} {:>12} {:>12} {:>8.2}  {:>20} {:>20}",
            name,
            durability,
            line.ours,
            line.raw,
            line.vs_raw,
            format!("{:.1}/{:.1}", line.ours_p50_us, line.ours_p99_us),
            format!("{:.1}/{:.1}", line.raw_p50_us, line.raw_p99_us),
        );
        if let Some(json) = &mut self.json {
            writeln!(json, "{}", serde_json::to_string(&line)?)?;
        }
        self.cases += 1;
        Ok(())
    }

    pub fn finish(self) -> Result<(), Failure> {
        if self.cases == 0 {
            return Err(format!("no case contains {:?}", self.filter).into());
        }
        Ok(())
    }
}

fn line<'l>(case: &'l str, durability: &'l str, ours: Medians, raw: Medians) -> Line<'l> {
    let micros = |time: std::time::Duration| (time.as_secs_f64() * 1e7).round() / 10.0;
    let hundredths = |number: f64| (number * 100.0).round() / 100.0;
    Line {
        case,
        ours: ours.per_second as u64,
        raw: raw.per_second as u64,
        vs_raw: hundredths(ours.per_second / raw.per_second),
        durability,
        ours_p50_us: micros(ours.p50),
        ours_p99_us: micros(ours.p99),
        raw_p50_us: micros(raw.p50),
        raw_p99_us: micros(raw.p99),
        ours_spread: hundredths(ours.spread),
        raw_spread: hundredths(raw.spread),
    }
}
