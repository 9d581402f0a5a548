//! What stores cost as they grow: time to open, memory, size of the files, cost of calls.
//!
//! Each store is loaded by one process and measured in another, which has it alone, so that its
//! memory can be told. The stores of an engine are asked in turn, so that whatever disturbs the
//! machine meanwhile meets them all.

mod figures;
mod load;
mod store;

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use persist_bench_kit::{Durability, Result};
use serde::Serialize;

use crate::goal::Goal;
use crate::ground::Ground;
use crate::stores;
use figures::Figures;
pub use load::load;
pub use store::measure;
use store::{Calls, Grown};

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Plan {
    /// How many rows the small store has, and the large one.
    rows: [u64; 2],
    /// Those that count; one before them fills the caches.
    rounds: u64,
    round: Duration,
}

impl Plan {
    pub const QUICK: Self =
        Self { rows: [1_000, 10_000], rounds: 3, round: Duration::from_millis(500) };
    pub const FULL: Self =
        Self { rows: [10_000, 1_000_000], rounds: 7, round: Duration::from_secs(1) };
    pub const TEN_MILLION: Self = Self { rows: [10_000, 10_000_000], ..Self::FULL };

    pub fn of(quick: bool) -> Self {
        if quick { Self::QUICK } else { Self::FULL }
    }
}

/// How much more a call on the large store may cost.
const COST: f64 = 1.5;

/// Prints a line for each store, and whether the goals are met.
pub fn tell(plan: Plan, filter: &str, json: Option<PathBuf>) -> Result<()> {
    let mut json = json.map(File::create).transpose()?;
    println!("{}", Figures::headings());
    for engine in stores::ALL {
        let case = |rows| format!("growth/{engine}/{rows}");
        let rows: Vec<_> =
            plan.rows.into_iter().filter(|rows| case(*rows).contains(filter)).collect();
        let mut goals = Vec::new();
        let all = engine_at(engine, &rows, plan)?;
        for (rows, figures) in rows.iter().zip(&all) {
            let case = case(*rows);
            println!("{case:<24} {figures}");
            if let Some(json) = &mut json {
                writeln!(json, "{}", figures.json(&case)?)?;
            }
        }
        if let [small, large] = &all[..] {
            let (get, put) = (large.get_us / small.get_us, large.put_us / small.put_us);
            goals.push(Goal::under("a get on the large store, times the small one's", get, COST));
            goals.push(Goal::under("a put on the large store, times the small one's", put, COST));
        }
        let large = all.last().into_iter();
        goals.extend(large.flat_map(|f| f.goals(stores::cache_mib(engine))));
        for goal in &goals {
            println!("{:<24} {goal}", "");
        }
        if let Some(json) = &mut json
            && !goals.is_empty()
        {
            let line = Line { case: format!("growth/{engine}/goals"), goals };
            writeln!(json, "{}", serde_json::to_string(&line)?)?;
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct Line {
    case: String,
    goals: Vec<Goal>,
}

/// The figures of an engine's stores of so many rows.
fn engine_at(engine: &str, rows: &[u64], plan: Plan) -> Result<Vec<Figures>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ground = Ground::prepare(stores::kind(engine), Durability::Full)?;
    let spot = |rows: &u64| ground.spot(&rows.to_string(), Durability::Full, *rows);
    let spots = rows.iter().map(spot).collect::<Result<Vec<_>>>()?;
    let mut grown = Vec::new();
    for spot in spots {
        Grown::load(engine, &spot)?;
        let bytes = ground.stored(&spot)?;
        grown.push(Grown::open(engine, spot, bytes)?);
    }
    for round in 0..=plan.rounds {
        for store in &mut grown {
            store.round(Calls::Gets, round, plan.round)?;
        }
    }
    for store in &mut grown {
        store.weigh()?;
    }
    for round in 0..=plan.rounds {
        for store in &mut grown {
            store.round(Calls::Puts, round, plan.round)?;
        }
    }
    grown.into_iter().map(Grown::end).collect()
}
