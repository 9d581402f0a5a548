//! The figures of one store, taken in a process that has only this one.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use persist_bench_kit::data::pieces;
use persist_bench_kit::{Contestant, Family, Job, Result, Store, Tasks};
use persist_core::column::{Bytes, Text};
use persist_core::{Persist, Table};
use serde::{Deserialize, Serialize};

use crate::ours::Ours;
use crate::resident;

/// The stores that are measured as they are by default, apart from the contests.
pub const ENGINES: [&str; 2] = ["sqlite", "dbm"];

/// How many tasks make calls: enough to share syncs, so that it is the calls that count.
const TASKS: u64 = 64;

/// How long calls are made.
const TIME: Duration = Duration::from_secs(2);

#[derive(Serialize, Deserialize)]
pub struct Figures {
    /// To open the store again, until the first read.
    open_ms: f64,
    pub get_us: f64,
    /// Durable.
    pub put_us: f64,
    /// Resident when it is idle: above what the process had before it, caches filled by reads.
    idle_kib: u64,
    files_kib: u64,
    /// What reading all rows needs beyond that at its peak, and reading them in a snapshot.
    scan_kib: u64,
    snapshot_scan_kib: u64,
}

/// Loads a store, opens it again, and prints its figures as JSON.
pub async fn measure(engine: &str, rows: u64) -> Result<()> {
    let dir = tempfile::Builder::new().prefix("persist-bench-").tempdir()?;
    let place = dir.path().join("store");
    let store = open(engine, &place).await?;
    let ours = Ours::new(store.clone()).await?;
    for piece in pieces(rows) {
        ours.batch(piece).await?;
    }
    store.close().await?;
    drop((ours, store));

    let (before, begin) = (resident::now()?, Instant::now());
    let store = open(engine, &place).await?;
    let table: Table<Text, Bytes> = store.table("rows").await?;
    table.get(&persist_bench_kit::data::key(0)).await?.ok_or("a row is missing")?;
    let open_ms = begin.elapsed().as_secs_f64() * 1e3;

    let calls = Tasks::opened(Ours::new(store.clone()).await?);
    let get_us = cost(&calls, Family::Get, rows).await?;
    let idle_kib = resident::now()?.saturating_sub(before);
    let scan_kib = resident::above(read(table.range(..).stream(), rows)).await?;
    let snapshot_scan_kib =
        resident::above(read(table.range(..).snapshot().stream(), rows)).await?;
    let put_us = cost(&calls, Family::PutFull, rows).await?;
    store.close().await?;
    let files_kib = size(dir.path())? / 1024;
    let figures =
        Figures { open_ms, get_us, put_us, idle_kib, files_kib, scan_kib, snapshot_scan_kib };
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}

pub async fn open(engine: &str, place: &Path) -> Result<Persist> {
    Ok(match engine {
        "sqlite" => persist_sqlite::Options::new(place).open().await?,
        "dbm" => persist_dbm::Options::new(place).open().await?,
        other => return Err(format!("nothing is known of the growth of {other}").into()),
    })
}

/// The microseconds of a call.
async fn cost(calls: &Tasks<Ours>, family: Family, rows: u64) -> Result<f64> {
    let round = calls.round(Job { family, tasks: TASKS, rows, seed: 1, time: TIME }).await?;
    Ok(1e6 / round.per_second())
}

async fn read(mut rows: persist_core::Entries<Text, Bytes>, expected: u64) -> Result<()> {
    let mut seen = 0;
    while let Some(row) = rows.next().await {
        std::hint::black_box(row?);
        seen += 1;
    }
    if seen == expected { Ok(()) } else { Err(format!("{seen} rows of {expected}").into()) }
}

/// How many bytes the files below a directory have.
fn size(dir: &Path) -> Result<u64> {
    let mut total = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let data = entry.metadata()?;
        total += if data.is_dir() { size(&entry.path())? } else { data.len() };
    }
    Ok(total)
}

impl Figures {
    pub fn headings() -> String {
        format!(
            "{:<24} {:>9} {:>9} {:>9} {:>10} {:>10} {:>10} {:>10}",
            "case",
            "open ms",
            "get µs",
            "put µs",
            "idle KiB",
            "files KiB",
            "scan +KiB",
            "snap +KiB"
        )
    }

    pub fn json(&self, case: &str) -> Result<String> {
        #[derive(Serialize)]
        struct Line<'f> {
            case: &'f str,
            #[serde(flatten)]
            figures: &'f Figures,
        }
        Ok(serde_json::to_string(&Line { case, figures: self })?)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>9.1} {:>9.2} {:>9.2} {:>10} {:>10} {:>10} {:>10}",
            self.open_ms,
            self.get_us,
            self.put_us,
            self.idle_kib,
            self.files_kib,
            self.scan_kib,
            self.snapshot_scan_kib
        )
    }
}
