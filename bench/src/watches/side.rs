//! A writer here, and its watcher in another process.

use std::thread;
use std::time::Duration;

use persist_bench_kit::data::Picks;
use persist_bench_kit::{Latencies, Result, Spot};
use serde::Serialize;
use tokio::runtime::Runtime;

use super::{BLOCK, Sighting, Writer, clock, ours, pgsql, sqlite};
use crate::other::{Other, Part, Role};
use crate::report::rounded;

/// The longest pause before a write: longer than anybody's interval between two looks.
const PAUSE_US: u64 = 100_000;

pub struct Side {
    pub name: &'static str,
    writer: Box<dyn Writer>,
    watcher: Other,
    number: i64,
    seen: Latencies,
    written: Latencies,
}

/// What is told of a side: from before a write until the watcher has its number, and until the
/// writer knows that it is durable.
#[derive(Serialize)]
pub struct Figures {
    pub p50_us: f64,
    pub p99_us: f64,
    pub max_us: f64,
    pub written_p50_us: f64,
}

impl Side {
    /// Both have begun when this returns.
    pub fn start(runtime: &Runtime, name: &'static str, engine: &str, spot: Spot) -> Result<Self> {
        let writer = runtime.block_on(async {
            match engine {
                sqlite::RAW => sqlite::writer(&spot),
                pgsql::RAW => pgsql::writer(&spot).await,
                engine => ours::writer(engine, &spot).await,
            }
        })?;
        let part = Part { role: Role::Watch, engine: engine.to_owned(), spot };
        let mut watcher = Other::start(&part)?;
        let () = watcher.answer()?;
        let (seen, written) = Default::default();
        Ok(Self { name, writer, watcher, number: 0, seen, written })
    }

    /// Writes a block of numbers, each when the one before was seen.
    pub fn measure(&mut self, runtime: &Runtime, block: u64) -> Result<()> {
        let mut pauses = Picks::new(block + 1, PAUSE_US);
        for _ in 0..BLOCK {
            thread::sleep(Duration::from_micros(pauses.pick()));
            self.number += 1;
            let begin = clock::now();
            runtime.block_on(self.writer.write(self.number))?;
            self.written.record(clock::now() - begin);
            let sighting: Sighting = self.watcher.answer()?;
            if sighting.number != self.number {
                let Sighting { number, .. } = sighting;
                return Err(format!("{} was written, and {number} seen", self.number).into());
            }
            self.seen.record(sighting.at.saturating_sub(begin));
        }
        Ok(())
    }

    pub fn figures(&self) -> Figures {
        let micros = |latencies: &Latencies, percent| {
            rounded(latencies.percentile(percent).as_secs_f64() * 1e6, 10.0)
        };
        Figures {
            p50_us: micros(&self.seen, 50.0),
            p99_us: micros(&self.seen, 99.0),
            max_us: micros(&self.seen, 100.0),
            written_p50_us: micros(&self.written, 50.0),
        }
    }
}
