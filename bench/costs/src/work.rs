//! A case that is ready to run, as often as one likes.

use persist_bench_kit::data::{Picks, key};
use persist_bench_kit::{Failure, Result};
use tokio::runtime::Runtime;

use crate::memory::Memory;
use crate::sqlite::Sqlite;
use crate::{Case, Side};

/// Few enough to stay in a processor's cache: what the layers do is to be seen, not the memory.
const ROWS: u64 = 1000;

/// One side of a case, with its rows, on a runtime of this thread.
pub struct Work {
    runtime: Runtime,
    case: Case,
    side: Side,
    keys: Keys,
    on: On,
}

enum On {
    Memory(Memory),
    Sqlite(Sqlite),
}

impl Work {
    pub fn open(case: Case, side: Side) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let keys = Keys::new();
        let on = runtime.block_on(async {
            Ok::<_, Failure>(match case {
                Case::SqliteGet => On::Sqlite(Sqlite::open(&keys).await?),
                _ => On::Memory(Memory::open(&keys).await?),
            })
        })?;
        Ok(Self { runtime, case, side, keys, on })
    }

    /// Makes `n` calls, or reads `n` rows.
    pub fn run(&mut self, n: u64) -> Result<()> {
        let Self { runtime, case, side, keys, on } = self;
        runtime.block_on(async {
            match on {
                On::Memory(memory) => memory.run(*case, *side, keys, n).await,
                On::Sqlite(sqlite) => sqlite.get(*side, keys, n).await,
            }
        })
    }
}

/// The keys, made beforehand so that making them is nobody's cost.
pub(crate) struct Keys {
    keys: Vec<String>,
    picks: Picks,
}

impl Keys {
    fn new() -> Self {
        Self { keys: (0..ROWS).map(key).collect(), picks: Picks::new(1, ROWS) }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(String::as_str)
    }

    pub(crate) fn pick(&mut self) -> &str {
        &self.keys[self.picks.pick() as usize]
    }
}
