//! Running the two sides of a case in turn.

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Effort {
    pub rows: u64,
    pub rounds: usize,
    pub round: Duration,
}

impl Effort {
    pub const QUICK: Self = Self { rows: 20_000, rounds: 3, round: Duration::from_millis(700) };
    pub const FULL: Self = Self { rows: 100_000, rounds: 7, round: Duration::from_secs(2) };
}

/// What one side did in one round.
pub struct Round {
    pub done: u64,
    pub elapsed: Duration,
    /// Of single operations, in no order.
    pub latencies: Vec<Duration>,
}

/// The medians of one side.
#[derive(Clone, Copy)]
pub struct Medians {
    pub per_second: f64,
    pub spread: f64,
    pub p50: Duration,
    pub p99: Duration,
}

/// One side of a case: it works until the deadline, and says what it did.
pub type Side<'s> = Box<dyn FnMut(Deadline) -> BoxFuture<'s, Result<Round, Failure>> + 's>;

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// When a round ends.
#[derive(Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    pub fn passed(self) -> bool {
        Instant::now() >= self.0
    }
}

/// Measures both sides, interleaved.
pub async fn both(
    effort: Effort,
    mut ours: Side<'_>,
    mut raw: Side<'_>,
) -> Result<(Medians, Medians), Failure> {
    let (mut our_rounds, mut raw_rounds) = (Vec::new(), Vec::new());
    // The first round of each warms up.
    for round in 0..=effort.rounds {
        let ours = ours(Deadline(Instant::now() + effort.round)).await?;
        let raw = raw(Deadline(Instant::now() + effort.round)).await?;
        if round > 0 {
            our_rounds.push(ours);
            raw_rounds.push(raw);
        }
    }
    Ok((medians(our_rounds), medians(raw_rounds)))
}

/// A round of operations that a single thread makes one after the other.
pub fn in_turn(
    deadline: Deadline,
    mut operation: impl FnMut() -> Result<u64, Failure>,
) -> Result<Round, Failure> {
    let begin = Instant::now();
    let (mut done, mut latencies) = (0, Vec::new());
    let mut last = begin;
    while !deadline.passed() {
        done += operation()?;
        let now = Instant::now();
        latencies.push(now - last);
        last = now;
    }
    Ok(Round { done, elapsed: begin.elapsed(), latencies })
}

/// A round of `tasks` tasks, each making operations one after the other. `worker` makes the loop
/// of a task from its number.
pub async fn by_tasks<F>(tasks: u64, worker: impl Fn(u64) -> F) -> Result<Round, Failure>
where
    F: Future<Output = Result<(u64, Vec<Duration>), Failure>> + Send + 'static,
{
    let begin = Instant::now();
    let running: Vec<_> = (0..tasks).map(|task| tokio::spawn(worker(task))).collect();
    let mut round = Round { done: 0, elapsed: Duration::ZERO, latencies: Vec::new() };
    for task in running {
        let (done, latencies) = task.await??;
        round.done += done;
        round.latencies.extend(latencies);
    }
    round.elapsed = begin.elapsed();
    Ok(round)
}

fn medians(mut rounds: Vec<Round>) -> Medians {
    let mut rates: Vec<f64> =
        rounds.iter().map(|round| round.done as f64 / round.elapsed.as_secs_f64()).collect();
    rates.sort_by(f64::total_cmp);
    let mut latencies: Vec<Duration> =
        rounds.iter_mut().flat_map(|round| round.latencies.drain(..)).collect();
    latencies.sort_unstable();
    let at = |part: usize| latencies[(latencies.len() * part / 100).min(latencies.len() - 1)];
    let per_second = rates[rates.len() / 2];
    let spread = (rates[rates.len() - 1] - rates[0]) / per_second;
    Medians { per_second, spread, p50: at(50), p99: at(99) }
}
