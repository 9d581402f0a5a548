//! Time, as the two sides need it in turn.

use std::time::Instant;

use persist_bench_kit::Result;

use crate::{Case, Side, Work};

/// Short, so that most rounds are over before something else wants the processor.
const CALLS: u64 = 1000;

/// The nanoseconds of a call of ours and by hand: medians of so many rounds of each, in turn.
pub fn measure(case: Case, rounds: usize) -> Result<[f64; 2]> {
    let [mut ours, mut bare] = [Work::open(case, Side::Ours)?, Work::open(case, Side::Bare)?];
    let mut times = [Vec::new(), Vec::new()];
    // The first round of each warms up.
    for round in 0..=rounds {
        let mut turn = [(0, &mut ours), (1, &mut bare)];
        if round % 2 == 1 {
            turn.reverse();
        }
        for (side, work) in turn {
            let begin = Instant::now();
            work.run(CALLS)?;
            if round > 0 {
                times[side].push(begin.elapsed().as_nanos() as f64 / CALLS as f64);
            }
        }
    }
    Ok(times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    }))
}
