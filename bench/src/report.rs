//! What was measured: a table on the terminal, and lines of JSON.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use persist_bench_kit::{Family, Latencies, Result, Round};
use serde::Serialize;

use crate::entrant::Role;

/// A case with all who take part in it.
pub struct Case {
    pub name: String,
    pub family: Family,
    pub tasks: u64,
    pub durability: &'static str,
    pub sides: Vec<Side>,
}

/// One contestant of a case.
pub struct Side {
    pub name: &'static str,
    pub role: Role,
    pub rounds: Vec<Round>,
    pub failure: Option<String>,
}

/// What is told of a side.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Figures {
    /// The median of the rounds.
    #[serde(skip)]
    pub per_second: f64,
    /// From the slowest to the quickest round, as a part of the median.
    spread: f64,
    p50_us: f64,
    p99_us: f64,
}

impl Side {
    pub fn new(name: &'static str, role: Role) -> Self {
        Self { name, role, rounds: Vec::new(), failure: None }
    }

    pub fn failed(name: &'static str, role: Role, failure: &str) -> Self {
        Self { failure: Some(failure.to_owned()), ..Self::new(name, role) }
    }

    pub fn figures(&self) -> Option<Figures> {
        let mut rates: Vec<f64> = self.rounds.iter().map(Round::per_second).collect();
        rates.sort_by(f64::total_cmp);
        let (first, last) = (*rates.first()?, *rates.last()?);
        let median = *rates.get(rates.len() / 2)?;
        let mut latencies = Latencies::default();
        for round in &self.rounds {
            latencies.add(&round.latencies).ok()?;
        }
        let micros = |percent| rounded(latencies.percentile(percent).as_secs_f64() * 1e6, 10.0);
        Some(Figures {
            per_second: median,
            spread: rounded((last - first) / median, 100.0),
            p50_us: micros(50.0),
            p99_us: micros(99.0),
        })
        .filter(|_| self.failure.is_none())
    }
}

/// A line of JSON.
#[derive(Serialize)]
struct Line<'c> {
    case: &'c str,
    ours: Option<u64>,
    raw: Option<u64>,
    peers: BTreeMap<&'c str, u64>,
    vs_raw: Option<f64>,
    vs_best_peer: Option<f64>,
    durability: &'c str,
    unit: &'c str,
    detail: BTreeMap<&'c str, Figures>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    failed: BTreeMap<&'c str, &'c str>,
}

/// All cases so far.
pub struct Report {
    json: Option<File>,
    pub cases: Vec<Case>,
}

impl Report {
    pub fn new(json: Option<PathBuf>) -> Result<Self> {
        let json = json.map(File::create).transpose()?;
        println!(
            "{:<24} {:<8} {:>10} {:>10} {:>6} {:>25} {:>6}  ours p50/p99 µs",
            "case", "durable", "ours/s", "raw/s", "ratio", "best peer/s", "ratio",
        );
        Ok(Self { json, cases: Vec::new() })
    }

    /// Prints a case that has ended.
    pub fn add(&mut self, case: Case) -> Result<()> {
        let line = line(&case);
        let number = |rate: Option<u64>| rate.map_or("-".to_owned(), |rate| rate.to_string());
        let ratio = |ratio: Option<f64>| ratio.map_or("-".to_owned(), |r| format!("{r:.2}"));
        let best = line.peers.iter().max_by_key(|(_, rate)| **rate);
        let best = best.map_or("-".to_owned(), |(name, rate)| format!("{name} {rate}"));
        let ours = line.detail.get("ours");
        let ours = ours.map_or("-".to_owned(), |f| format!("{:.1}/{:.1}", f.p50_us, f.p99_us));
        println!(
            "{:<24} {:<8} {:>10} {:>10} {:>6} {:>25} {:>6}  {}",
            line.case,
            line.durability,
            number(line.ours),
            number(line.raw),
            ratio(line.vs_raw),
            best,
            ratio(line.vs_best_peer),
            ours,
        );
        for (name, failure) in &line.failed {
            println!("{:<24} {name} FAILED: {failure}", "");
        }
        if let Some(json) = &mut self.json {
            writeln!(json, "{}", serde_json::to_string(&line)?)?;
        }
        self.cases.push(case);
        Ok(())
    }

    /// A contestant that failed is an error, once all the others had their turn.
    pub fn finish(self) -> Result<()> {
        let sides = self.cases.iter().flat_map(|case| &case.sides);
        match sides.filter(|side| side.failure.is_some()).count() {
            0 => Ok(()),
            failed => Err(format!("{failed} measurements failed, see above").into()),
        }
    }
}

fn line(case: &Case) -> Line<'_> {
    let figures = |side: &Side| side.figures().map(|figures| figures.per_second);
    let of = |role| case.sides.iter().find(|side| side.role == role).and_then(figures);
    let (ours, raw) = (of(Role::Ours), of(Role::Raw));
    let peers = case.sides.iter().filter(|side| side.role == Role::Peer);
    let peers: Vec<_> = peers.filter_map(|side| Some((side.name, figures(side)?))).collect();
    let best = peers.iter().map(|(_, rate)| *rate).max_by(f64::total_cmp);
    let ratio = |other: Option<f64>| Some(rounded(ours? / other?, 100.0));
    let detail = case.sides.iter().filter_map(|side| Some((side.name, side.figures()?)));
    let failed = case.sides.iter().filter_map(|side| Some((side.name, side.failure.as_deref()?)));
    Line {
        case: &case.name,
        ours: ours.map(|rate| rate as u64),
        raw: raw.map(|rate| rate as u64),
        peers: peers.iter().map(|(name, rate)| (*name, *rate as u64)).collect(),
        vs_raw: ratio(raw),
        vs_best_peer: ratio(best),
        durability: case.durability,
        unit: case.family.unit(),
        detail: detail.collect(),
        failed: failed.collect(),
    }
}

pub fn rounded(number: f64, steps: f64) -> f64 {
    (number * steps).round() / steps
}
