//! One store in a process of its own, asked for its figures one after the other.

use std::io::stdin;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use persist_bench_kit::data::key;
use persist_bench_kit::{Contestant, Family, Job, Result, Spot, Tasks};
use persist_core::Table;
use persist_core::column::{Bytes, Text};
use serde::{Deserialize, Serialize};

use super::figures::{Figures, Memory, Rounds};
use crate::other::{Other, Part, Role, tell};
use crate::ours::Ours;
use crate::{resident, stores};

/// How many tasks make calls: enough to share syncs, so that it is the calls that count.
const TASKS: u64 = 64;

#[derive(Clone, Copy, Serialize, Deserialize)]
pub enum Calls {
    Gets,
    /// Durable.
    Puts,
}

/// What the process is asked for.
#[derive(Serialize, Deserialize)]
enum Ask {
    /// The microseconds of a call.
    Round { calls: Calls, round: u64, time: Duration },
    /// See [`Memory`].
    Weigh,
}

/// A store that has its rows.
pub struct Grown {
    process: Other,
    open_ms: f64,
    bytes: u64,
    gets: Rounds,
    puts: Rounds,
    memory: Memory,
}

impl Grown {
    pub fn load(engine: &str, spot: &Spot) -> Result<()> {
        let engine = engine.to_owned();
        Other::start(&Part { role: Role::Load, engine, spot: spot.clone() })?.end()
    }

    /// Opens a store that takes so many bytes.
    pub fn open(engine: &str, spot: Spot, bytes: u64) -> Result<Self> {
        let engine = engine.to_owned();
        let mut process = Other::start(&Part { role: Role::Grow, engine, spot })?;
        let open_ms = process.answer()?;
        let (gets, puts, memory) = Default::default();
        Ok(Self { process, open_ms, bytes, gets, puts, memory })
    }

    /// Has calls made; those of the first round do not count.
    pub fn round(&mut self, calls: Calls, round: u64, time: Duration) -> Result<()> {
        let cost = self.process.ask(&Ask::Round { calls, round, time })?;
        if round > 0 {
            match calls {
                Calls::Gets => self.gets.add(cost),
                Calls::Puts => self.puts.add(cost),
            }
        }
        Ok(())
    }

    pub fn weigh(&mut self) -> Result<()> {
        self.memory = self.process.ask(&Ask::Weigh)?;
        Ok(())
    }

    pub fn end(self) -> Result<Figures> {
        self.process.end()?;
        Ok(Figures {
            open_ms: self.open_ms,
            get_us: self.gets.median()?,
            put_us: self.puts.median()?,
            files_kib: self.bytes / 1024,
            memory: self.memory,
        })
    }
}

/// Opens the store, and tells what is asked for until nothing more is.
pub async fn measure(engine: &str, spot: &Spot) -> Result<()> {
    let (before, begin) = (resident::now()?, Instant::now());
    let store = stores::open(engine, spot).await?;
    let table: Table<Text, Bytes> = store.table("rows").await?;
    table.get(&key(0)).await?.ok_or("a row is missing")?;
    tell(&(begin.elapsed().as_secs_f64() * 1e3))?;
    let tasks = Tasks::opened(Ours::new(store.clone()).await?);
    for ask in stdin().lines() {
        match serde_json::from_str(&ask?)? {
            Ask::Round { calls, round, time } => {
                let family = match calls {
                    Calls::Gets => Family::Get,
                    Calls::Puts => Family::PutFull,
                };
                let job = Job { family, tasks: TASKS, rows: spot.rows, seed: round + 1, time };
                tell(&(1e6 / tasks.round(job).await?.per_second()))?;
            }
            Ask::Weigh => tell(&weigh(&table, spot.rows, before).await?)?,
        }
    }
    Ok(store.close().await?)
}

async fn weigh(table: &Table<Text, Bytes>, rows: u64, before: u64) -> Result<Memory> {
    let idle_kib = resident::now()?.saturating_sub(before);
    let scan_kib = resident::above(read(table.range(..).stream(), rows)).await?;
    let snapshot = table.range(..).snapshot().stream();
    Ok(Memory {
        idle_kib,
        scan_kib,
        snapshot_scan_kib: resident::above(read(snapshot, rows)).await?,
    })
}

async fn read(mut rows: persist_core::Entries<Text, Bytes>, expected: u64) -> Result<()> {
    let mut seen = 0;
    while let Some(row) = rows.next().await {
        std::hint::black_box(row?);
        seen += 1;
    }
    if seen == expected { Ok(()) } else { Err(format!("{seen} rows of {expected}").into()) }
}
