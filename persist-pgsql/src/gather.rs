//! Single reads of many tasks, sent together.

mod round;

use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fmt, mem};

use parking_lot::Mutex;
use persist_core::backend::limits::BYTE_BUDGET;
use persist_core::backend::{Cell, TableHandle};
use persist_core::{Error, Result};
use tokio::runtime::Handle;

use crate::pool::Pool;
use crate::runtime::Runtime;
use round::Get;

/// How many collect reads, and so how many rounds are under way at once.
const COLLECTORS: usize = 2;

/// A round has at most so many reads.
const MOST: usize = 1024;

/// How long a round waits for those whom the last one has answered: about as long as it takes to
/// wake them and hear from them, and a small part of a round.
const PATIENCE: Duration = Duration::from_micros(50);

/// Where reads are handed in.
pub(crate) struct Gather {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Queue>,
    pool: Arc<Pool>,
    runtime: Handle,
}

/// Who waits, and how many collect. A collector ends when nobody waits, and who comes while there
/// are not as many as there may be starts one: so whoever waits is seen by one of them.
#[derive(Default)]
struct Queue {
    waiting: Vec<Get>,
    /// How many reads are in their rounds.
    under_way: usize,
    collectors: usize,
}

/// Makes rounds, one after the other.
struct Collector {
    shared: Arc<Shared>,
    /// How many reads are in its round.
    under_way: usize,
    has_ended: bool,
}

impl Gather {
    pub(crate) fn new(runtime: &Runtime, pool: &Arc<Pool>) -> Self {
        let (pool, runtime) = (Arc::clone(pool), runtime.handle().clone());
        Self { shared: Arc::new(Shared { queue: Mutex::default(), pool, runtime }) }
    }

    /// What keys are bound to, as many of them as the budget allows.
    pub(crate) async fn get(
        &self,
        table: TableHandle,
        keys: Vec<Cell>,
    ) -> Result<Vec<Option<Cell>>> {
        let (get, answer) = Get::new(table, keys);
        if self.shared.queue.lock().add(get) {
            self.shared.runtime.spawn(Collector::new(&self.shared).run());
        }
        answer.await.map_err(|_| Error::closed())?.map(|asked| asked.found)
    }
}

impl fmt::Debug for Gather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather").finish_non_exhaustive()
    }
}

impl Queue {
    /// Whether a collector is to be started.
    fn add(&mut self, get: Get) -> bool {
        self.waiting.push(get);
        let may_start = self.collectors < COLLECTORS;
        self.collectors += usize::from(may_start);
        may_start
    }

    /// Everything that waits, within limits.
    fn take(&mut self) -> Vec<Get> {
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
}

impl Collector {
    fn new(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::clone(shared), under_way: 0, has_ended: false }
    }

    async fn run(mut self) {
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
        let (begin, share) = (Instant::now(), self.share());
        loop {
            tokio::task::yield_now().await;
            let is_there = || self.shared.queue.lock().waiting.len() >= share;
            if share < 2 || is_there() || begin.elapsed() >= PATIENCE {
                return;
            }
        }
    }

    /// How many of all that are known to read this round may expect, now that the last one is
    /// answered. The first one knows of those alone whom another collector has.
    fn share(&mut self) -> usize {
        let answered = mem::take(&mut self.under_way);
        let mut queue = self.shared.queue.lock();
        queue.under_way -= answered;
        let others = queue.under_way;
        let expected = if answered == 0 { others } else { answered + queue.waiting.len() };
        expected.min((expected + others).div_ceil(COLLECTORS))
    }

    /// The next round. If nobody is in it, this collector has ended.
    fn take(&mut self) -> Vec<Get> {
        let mut queue = self.shared.queue.lock();
        let round = queue.take();
        if round.is_empty() {
            self.has_ended = true;
            queue.collectors -= 1;
        }
        self.under_way = round.len();
        queue.under_way += self.under_way;
        round
    }
}

/// One that has not ended was dropped with its runtime, or has panicked.
impl Drop for Collector {
    fn drop(&mut self) {
        if !self.has_ended {
            let mut queue = self.shared.queue.lock();
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

#[cfg(test)]
mod tests;
