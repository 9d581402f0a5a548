//! How long a watcher waits for what another process has written, from before the write.
//!
//! The writes come one by one, with pauses of random length, so that whoever polls is met at any
//! moment. Ours and the raw engine have their turns in blocks.

mod clock;
mod ours;
mod pgsql;
mod report;
mod side;
mod sqlite;

use std::path::PathBuf;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use persist_bench_kit::{Durability, Result, Spot};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use crate::ground::Ground;
use crate::other::tell as say;
use crate::stores;
use report::Report;
use side::Side;

/// The engines that several processes can share, and the raw one's way of hearing of changes.
/// sled has none across processes.
const ENGINES: [(&str, Option<Raw>); 3] = [
    ("sqlite", Some(Raw { engine: sqlite::RAW, way: "PRAGMA data_version every 50 ms" })),
    ("dbm-shared", None),
    (
        "pgsql",
        Some(Raw { engine: pgsql::RAW, way: "LISTEN, NOTIFY in the same statement, and a read" }),
    ),
];

/// The key that is written to.
const KEY: &str = "watched";

/// How many writes come in a block, and how long one is sought.
const BLOCK: u64 = 20;
const PATIENCE: Duration = Duration::from_mins(1);

/// A raw engine.
#[derive(Clone, Copy)]
struct Raw {
    engine: &'static str,
    way: &'static str,
}

/// Writes a number where the watcher looks for it.
trait Writer {
    fn write(&mut self, number: i64) -> BoxFuture<'_, Result<()>>;
}

/// The numbers that a watcher sees. The first one comes only after it has begun to watch.
type Seen = BoxStream<'static, Result<i64>>;

/// A number, and when it was seen by the clock of the machine.
#[derive(Serialize, Deserialize)]
struct Sighting {
    number: i64,
    at: Duration,
}

/// Prints a line for each store and each raw engine.
pub fn tell(runtime: &Runtime, quick: bool, filter: &str, json: Option<PathBuf>) -> Result<()> {
    let mut report = Report::new(json)?;
    let blocks = if quick { 5 } else { 50 };
    for (engine, raw) in ENGINES {
        let case = format!("watches/{engine}");
        if !case.contains(filter) {
            continue;
        }
        let ground = Ground::prepare(stores::kind(engine), Durability::Full)?;
        let side = |name, engine| {
            Side::start(runtime, name, engine, ground.spot(name, Durability::Full, 0)?)
        };
        let mut sides = vec![side("ours", engine)?];
        if let Some(raw) = raw {
            sides.push(side("raw", raw.engine)?);
        }
        for block in 0..blocks {
            for side in &mut sides {
                side.measure(runtime, block)?;
            }
        }
        report.add(&case, raw.map(|raw| raw.way), &sides)?;
    }
    Ok(())
}

/// The other process: says that it watches, then what it sees.
pub async fn watch(engine: &str, spot: &Spot) -> Result<()> {
    let mut seen = match engine {
        sqlite::RAW => sqlite::watch(spot)?,
        pgsql::RAW => pgsql::watch(spot).await?,
        engine => ours::watch(engine, spot).await?,
    };
    say(&())?;
    loop {
        let next = tokio::time::timeout(PATIENCE, seen.next()).await;
        let next = next.map_err(|_| "nothing was seen for a minute")?;
        let number = next.ok_or("the watch has ended")??;
        say(&Sighting { number, at: clock::now() })?;
    }
}
