//! Giving way to other tasks.
//!
//! Calls of an embedded engine are always ready, so a task that makes nothing else would keep its
//! thread for good. The runtime's budget counts calls, and those of the quickest engines exhaust
//! it many times in a millisecond; each time, the runtime wakes another thread to look for work,
//! which can cost more than the calls did. So a task gives way when its budget is exhausted and
//! its thread has not changed tasks for this reason for a while.

use std::cell::Cell;
use std::time::{Duration, Instant};

use tokio::task::coop::{consume_budget, has_budget_remaining};
use tokio::task::yield_now;

/// How long a thread stays with a task that does not wait.
const SLICE: Duration = Duration::from_millis(1);

/// How many calls are made between looks at the clock.
const UNWATCHED: u32 = 16;

thread_local! {
    static THREAD: Cell<Thread> = const { Cell::new(Thread { calls: 0, since: None }) };
}

/// What a thread remembers.
#[derive(Clone, Copy)]
struct Thread {
    /// Since it looked at the clock.
    calls: u32,
    /// When a task gave way.
    since: Option<Instant>,
}

/// Lets others have the thread if it is time to. To be called before each call that may be ready
/// at once.
pub(crate) async fn give_way() {
    if has_budget_remaining() {
        consume_budget().await;
    } else if is_over() {
        yield_now().await;
    }
}

fn is_over() -> bool {
    let mut thread = THREAD.get();
    let over = thread.is_over(Instant::now);
    THREAD.set(thread);
    over
}

impl Thread {
    /// Whether its time with a task is over; a new one begins then.
    fn is_over(&mut self, clock: impl FnOnce() -> Instant) -> bool {
        if self.calls < UNWATCHED && self.since.is_some() {
            self.calls += 1;
            return false;
        }
        self.calls = 0;
        let now = clock();
        let over = self.since.is_none_or(|since| now - since >= SLICE);
        if over {
            self.since = Some(now);
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// A task that would go on until another one has run ends.
    #[tokio::test]
    async fn a_task_that_never_waits_gives_way() {
        for _ in 0..3 {
            let ran = Arc::new(AtomicBool::new(false));
            let other = tokio::spawn({
                let ran = Arc::clone(&ran);
                async move { ran.store(true, Ordering::Relaxed) }
            });
            while !ran.load(Ordering::Relaxed) {
                give_way().await;
            }
            other.await.unwrap();
        }
    }

    /// Of a task that makes few calls at a time, none gives way.
    #[tokio::test]
    async fn a_task_within_its_budget_goes_on() {
        let ran = Arc::new(AtomicBool::new(false));
        let other = tokio::spawn({
            let ran = Arc::clone(&ran);
            async move { ran.store(true, Ordering::Relaxed) }
        });
        for _ in 0..100 {
            give_way().await;
        }
        assert!(!ran.load(Ordering::Relaxed), "it gave way although there was no need to");
        other.await.unwrap();
    }

    /// However many calls it makes.
    #[test]
    fn a_thread_changes_tasks_once_in_its_time() {
        let (begin, mut thread) = (Instant::now(), Thread { calls: 0, since: None });
        let mut changes =
            |time: Duration| (0..1000).filter(|_| thread.is_over(|| begin + time)).count();
        assert_eq!(changes(Duration::ZERO), 1, "it is not known since when");
        assert_eq!(changes(SLICE / 2), 0);
        assert_eq!(changes(SLICE), 1);
        assert_eq!(changes(SLICE + SLICE / 2), 0);
        assert_eq!(changes(SLICE * 3), 1);
    }
}
