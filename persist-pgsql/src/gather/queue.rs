//! Who waits for a read, and how much of it goes into a round.

use std::mem;
use std::time::Duration;

use persist_core::backend::limits::BYTE_BUDGET;

use super::round::Get;

/// A round has at most so many reads.
const MOST: usize = 1024;

/// Who waits, and how many collect. A collector ends when nobody waits, and who comes while there
/// are not as many as there may be starts one: so whoever waits is seen by one of them.
pub(super) struct Queue {
    pub(super) pace: Pace,
    pub(super) waiting: Vec<Get>,
    /// How many reads are in their rounds.
    pub(super) under_way: usize,
    pub(super) collectors: usize,
    /// How many rounds have begun.
    pub(super) rounds: u64,
}

/// How rounds follow each other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// How many collect reads, and so how many rounds are under way at once.
    collectors: usize,
    /// How long a round waits for those whom the last one has answered: a small part of a round.
    /// It may take longer where other tasks do not give way.
    pub(super) patience: Duration,
}

impl Pace {
    /// On a thread of our own: it takes longer to wake those who ask, and to hear from them.
    pub(super) const OWN: Self = Self { collectors: 2, patience: Duration::from_micros(50) };

    /// On the threads of those who ask.
    pub(super) const CALLERS: Self = Self { collectors: 3, patience: Duration::from_micros(10) };
}

impl Queue {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, waiting: Vec::new(), under_way: 0, collectors: 0, rounds: 0 }
    }

    /// Whether a collector is to be started.
    pub(super) fn add(&mut self, get: Get) -> bool {
        self.waiting.push(get);
        let may_start = self.collectors < self.pace.collectors;
        self.collectors += usize::from(may_start);
        may_start
    }

    /// Everything that waits, within limits.
    pub(super) fn take(&mut self) -> Vec<Get> {
        self.rounds += 1;
        let mut bytes = 0;
        let fits = |get: &&Get| {
            let fits = bytes < BYTE_BUDGET;
            bytes += get.bytes();
            fits
        };
        let many = self.waiting.iter().take(MOST).take_while(fits).count();
        let rest = self.waiting.split_off(many);
        mem::replace(&mut self.waiting, rest)
    }

    /// How many of all that are known to read the next round of somebody may expect who has just
    /// answered so many. His first one knows of those alone whom other collectors have.
    pub(super) fn share(&self, answered: usize) -> usize {
        let others = self.under_way;
        let expected = if answered == 0 { others } else { answered + self.waiting.len() };
        expected.min((expected + others).div_ceil(self.pace.collectors))
    }

    pub(super) fn is_idle(&self) -> bool {
        self.collectors == 0 && self.waiting.is_empty()
    }
}
