//! How much is measured.

use std::time::Duration;

/// What a run may cost.
#[derive(Clone, Copy)]
pub struct Effort {
    pub rows: u64,
    /// How many tasks there are at once, case by case.
    pub tasks: &'static [u64],
    /// Those that count; one before them warms up.
    pub rounds: usize,
    /// What all rounds of a run may take together.
    pub budget: Duration,
    pub longest_round: Duration,
}

impl Effort {
    pub const QUICK: Self = Self {
        rows: 10_000,
        tasks: &[1, 64],
        rounds: 3,
        budget: Duration::from_secs(90),
        longest_round: Duration::from_millis(700),
    };
    pub const FULL: Self = Self {
        rows: 100_000,
        tasks: &[1, 16, 64, 256],
        rounds: 5,
        budget: Duration::from_hours(1),
        longest_round: Duration::from_secs(2),
    };

    /// How long a round takes when there are so many: long enough for a sync or two.
    pub fn round(&self, rounds: usize) -> Duration {
        let share = self.budget / u32::try_from(rounds.max(1)).unwrap_or(u32::MAX);
        share.clamp(Duration::from_millis(60), self.longest_round)
    }
}
