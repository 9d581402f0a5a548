//! Whether anybody is kept waiting: a lone reader beside many writers, and each writer beside the
//! others.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use persist_bench_kit::data::{Script, pieces};
use persist_bench_kit::{Deadline, Durability, Latencies, Result, Spot, Store};
use serde::Serialize;

use crate::goal::Goal;
use crate::ground::Ground;
use crate::ours::Ours;
use crate::stores;

const WRITERS: u64 = 64;

/// How much longer than by itself a reader may wait beside the writers.
const READER: f64 = 5.0;

/// What every writer is to get, in parts of what a writer gets in the mean.
const WRITER: f64 = 0.5;

/// What was found of a store.
#[derive(Serialize)]
struct Line {
    case: String,
    /// Of 100 reads of a lone reader 99 take at most so long, by itself and beside the writers.
    alone_p99_us: f64,
    beside_p99_us: f64,
    /// The writes of the slowest writer, in parts of what a writer makes in the mean.
    slowest_writer: f64,
    goals: [Goal; 2],
}

/// Prints a line for each store.
pub async fn tell(quick: bool, filter: &str, json: Option<PathBuf>) -> Result<()> {
    let mut json = json.map(File::create).transpose()?;
    println!(
        "{:<24} {:>12} {:>13} {:>6} {:>15}",
        "case", "alone p99 µs", "beside p99 µs", "ratio", "slowest writer"
    );
    let rows = if quick { 10_000 } else { 100_000 };
    let time = Duration::from_secs(if quick { 1 } else { 10 });
    for engine in stores::ALL {
        let case = format!("fairness/{engine}/{WRITERS}");
        if !case.contains(filter) {
            continue;
        }
        let ground = Ground::prepare(stores::kind(engine), Durability::Full)?;
        let spot = ground.spot("ours", Durability::Full, rows)?;
        let line = measure(case, engine, &spot, time).await?;
        println!(
            "{:<24} {:>12.1} {:>13.1} {:>6.2} {:>15.2}",
            line.case,
            line.alone_p99_us,
            line.beside_p99_us,
            line.beside_p99_us / line.alone_p99_us,
            line.slowest_writer
        );
        for goal in &line.goals {
            println!("{:<24} {goal}", "");
        }
        if let Some(json) = &mut json {
            writeln!(json, "{}", serde_json::to_string(&line)?)?;
        }
    }
    Ok(())
}

async fn measure(case: String, engine: &str, spot: &Spot, time: Duration) -> Result<Line> {
    let rows = spot.rows;
    let store = stores::open(engine, spot).await?;
    let ours = Ours::new(store.clone()).await?;
    for piece in pieces(rows) {
        ours.batch(piece).await?;
    }
    let alone = tokio::spawn(read(ours.clone(), rows, Deadline::after(time))).await??;
    let until = Deadline::after(time);
    let writer = |n| tokio::spawn(write(ours.clone(), n, rows, until));
    let writers: Vec<_> = (1..=WRITERS).map(writer).collect();
    let beside = tokio::spawn(read(ours.clone(), rows, until)).await??;
    let writes: Result<Vec<u64>> = try_join_all(writers).await?.into_iter().collect();
    let writes = writes?;
    store.close().await?;
    let mean = writes.iter().sum::<u64>() as f64 / WRITERS as f64;
    let slowest = writes.iter().min().copied().unwrap_or_default();
    let slowest_writer = slowest as f64 / mean;
    let p99 = |reads: &Latencies| reads.percentile(99.0).as_secs_f64() * 1e6;
    let (alone_p99_us, beside_p99_us) = (p99(&alone), p99(&beside));
    let goals = [
        Goal::under(
            "a read beside the writers, times one alone",
            beside_p99_us / alone_p99_us,
            READER,
        ),
        Goal::at_least("the slowest writer, in parts of the mean", slowest_writer, WRITER),
    ];
    Ok(Line { case, alone_p99_us, beside_p99_us, slowest_writer, goals })
}

/// Reads until told to stop.
async fn read(store: Ours, rows: u64, until: Deadline) -> Result<Latencies> {
    let (mut script, mut latencies) = (Script::new(1, 0, rows), Latencies::default());
    while !until.passed() {
        let (key, begin) = (script.key(), Instant::now());
        std::hint::black_box(store.get(key).await?);
        latencies.record(begin.elapsed());
    }
    Ok(latencies)
}

/// Writes until told to stop, and says how often.
async fn write(store: Ours, writer: u64, rows: u64, until: Deadline) -> Result<u64> {
    let (mut script, mut writes) = (Script::new(2, writer, rows), 0);
    while !until.passed() {
        let (key, value) = script.row();
        store.put(key, value).await?;
        writes += 1;
    }
    Ok(writes)
}
