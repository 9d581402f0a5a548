//! Who makes rounds, one after the other.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{MappedMutexGuard, MutexGuard};
use tokio::runtime::Id;

use super::Shared;
use super::queue::Queue;
use super::round::{self, Get};

/// Makes rounds on a runtime, until nobody waits.
pub(super) struct Collector {
    shared: Arc<Shared>,
    runtime: Id,
    /// How many reads are in its round.
    under_way: usize,
    has_ended: bool,
}

impl Collector {
    pub(super) fn new(shared: &Arc<Shared>, runtime: Id) -> Self {
        Self { shared: Arc::clone(shared), runtime, under_way: 0, has_ended: false }
    }

    pub(super) async fn run(mut self) {
        loop {
            self.gather().await;
            let round = self.take();
            if round.is_empty() {
                return;
            }
            round::run(&self.shared.pool, round).await;
        }
    }

    /// Waits for those who are just asking, one after the other, until this round's share is there:
    /// a round costs the server as much as several keys in it.
    async fn gather(&mut self) {
        let (share, patience) = self.share();
        let begin = Instant::now();
        while self.queue().waiting.len() < share && begin.elapsed() < patience {
            tokio::task::yield_now().await;
        }
    }

    /// What this round may expect, now that the last one is answered, and how long to wait for it.
    fn share(&mut self) -> (usize, Duration) {
        let answered = mem::take(&mut self.under_way);
        let mut queue = self.queue();
        queue.under_way -= answered;
        let share = queue.share(answered);
        // Nobody waits for one who was alone.
        (if share < 2 { 0 } else { share }, queue.pace.patience)
    }

    /// The next round. If nobody is in it, this collector has ended.
    fn take(&mut self) -> Vec<Get> {
        let mut homes = self.shared.homes.lock();
        // It goes on, if it was thought to stand still.
        homes.approve(self.runtime);
        let queue = homes.queue(self.runtime);
        let round = queue.take();
        queue.under_way += round.len();
        queue.collectors -= usize::from(round.is_empty());
        drop(homes);
        self.has_ended = round.is_empty();
        self.under_way = round.len();
        round
    }

    fn queue(&self) -> MappedMutexGuard<'_, Queue> {
        MutexGuard::map(self.shared.homes.lock(), |homes| homes.queue(self.runtime))
    }
}

/// One that has not ended was dropped with its runtime, or has panicked.
impl Drop for Collector {
    fn drop(&mut self) {
        if !self.has_ended {
            let mut queue = self.queue();
            queue.collectors -= 1;
            queue.under_way -= self.under_way;
            let nobody_is_left = queue.collectors == 0;
            let unanswered =
                if nobody_is_left { mem::take(&mut queue.waiting) } else { Vec::new() };
            drop(queue);
            // Their callers learn of it.
            drop(unanswered);
        }
    }
}
