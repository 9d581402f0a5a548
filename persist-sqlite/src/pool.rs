//! The connections that serve reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use persist_core::engine::offload;
use persist_core::{Error, Result};
use tokio::sync::{Notify, Semaphore};

use crate::Options;
use crate::anchor::Demand;
use crate::commits::{Commits, Line};
use crate::connect::reader;
use crate::lane::{Lane, Short, Work, at_once, wait};
use crate::read::{Attempt, Haste};

/// So many reads of a connection make one call for an anchor.
const MANY: u32 = 64;

/// A fixed number of connections, each lent to one read at a time.
#[derive(Debug)]
pub(crate) struct Pool {
    slots: Box<[Slot]>,
    /// Connections that are not closed.
    open: AtomicUsize,
    /// Reads that found no connection idle.
    waiting: AtomicUsize,
    returned: Notify,
    /// Reads that take long may hold all connections but one.
    long: Arc<Semaphore>,
    patience: Duration,
    closed: AtomicBool,
    /// Where read transactions are kept, what ends them.
    commits: Option<Arc<Commits>>,
    demand: Arc<Demand>,
}

/// A connection's place: locked while a short read uses it, empty while a long one has it.
type Slot = Mutex<Option<Line>>;

/// A connection that is away from its slot; it goes back when this is dropped.
struct Lent {
    line: Option<Line>,
    slot: usize,
    pool: Arc<Pool>,
}

thread_local! {
    /// Where a thread looks for a connection first. With one of its own, it finds the pages that
    /// it read before in its processor's cache, and meets no other thread.
    static HOME: usize = {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        THREADS.fetch_add(1, Ordering::Relaxed)
    };
}

impl Pool {
    pub(crate) fn open(
        options: &Options,
        commits: Option<Arc<Commits>>,
        demand: Arc<Demand>,
    ) -> Result<Arc<Self>> {
        let readers = options.readers;
        let slot = |_| Ok(Mutex::new(Some(Line::new(reader(options)?))));
        Ok(Arc::new(Self {
            slots: (0..readers).map(slot).collect::<Result<_>>()?,
            open: AtomicUsize::new(readers),
            waiting: AtomicUsize::new(0),
            returned: Notify::new(),
            long: Arc::new(Semaphore::new((readers - 1).max(1))),
            patience: options.busy_timeout,
            closed: AtomicBool::new(false),
            commits,
            demand,
        }))
    }

    /// Refuses further reads, and ends when all connections are closed, those that are lent
    /// included.
    pub(crate) async fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.long.close();
        // Those who wait for a connection are told, and those who have one are waited for.
        self.returned.notify_waiters();
        loop {
            let mut returned = std::pin::pin!(self.returned.notified());
            returned.as_mut().enable();
            self.drain();
            if self.open.load(Ordering::SeqCst) == 0 {
                return;
            }
            returned.await;
        }
    }

    /// Ends the read transactions that connections keep between reads.
    pub(crate) fn let_go(&self) {
        for slot in &self.slots {
            let ended = slot.lock().as_mut().map(Line::let_go);
            if let Some(Err(error)) = ended {
                tracing::warn!(%error, "a read transaction could not be ended");
            }
            self.given_back();
        }
    }

    /// A connection that nobody uses, and where it is.
    fn idle(&self) -> Option<(usize, MutexGuard<'_, Option<Line>>)> {
        fn look((at, slot): (usize, &Slot)) -> Option<(usize, MutexGuard<'_, Option<Line>>)> {
            slot.try_lock().filter(|line| line.is_some()).map(|line| (at, line))
        }
        let home = HOME.with(|home| *home) % self.slots.len();
        let slots = || self.slots.iter().enumerate();
        slots().skip(home).find_map(look).or_else(|| slots().take(home).find_map(look))
    }

    /// Makes a short read on a connection that is idle, if there is one.
    fn here<T>(&self, short: &mut impl Short<T>) -> Option<Attempt<T>> {
        let (_, mut slot) = self.idle()?;
        let made = slot.as_mut().map(|line| self.run(line, short, Haste::Short));
        drop(slot);
        self.given_back();
        made
    }

    fn run<T>(&self, line: &mut Line, work: &mut impl Short<T>, haste: Haste) -> Attempt<T> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::closed().into());
        }
        line.reads = line.reads.wrapping_add(1);
        if line.reads.is_multiple_of(MANY) {
            self.demand.call();
        }
        if let Some(commits) = &self.commits {
            line.catch_up(commits)?;
        }
        work(&line.connection, haste)
    }

    /// Takes a connection away from its slot, when there is one.
    async fn lend(self: &Arc<Self>) -> Result<Lent> {
        if let Some(lent) = self.take() {
            return Ok(lent);
        }
        let _waiting = Waiting::new(&self.waiting);
        loop {
            let mut returned = std::pin::pin!(self.returned.notified());
            // Registered before the look, so that what is returned after it is noticed.
            returned.as_mut().enable();
            fence(Ordering::SeqCst);
            if self.closed.load(Ordering::SeqCst) {
                return Err(Error::closed());
            }
            if let Some(lent) = self.take() {
                return Ok(lent);
            }
            returned.await;
        }
    }

    fn take(self: &Arc<Self>) -> Option<Lent> {
        let (slot, mut line) = self.idle()?;
        line.take().map(|line| Lent { line: Some(line), slot, pool: Arc::clone(self) })
    }

    /// Tells those who wait that a connection is idle.
    fn given_back(&self) {
        // Either this sees the one who waits or closes, or that one sees the connection.
        fence(Ordering::SeqCst);
        if self.closed.load(Ordering::SeqCst) {
            self.drain();
            self.returned.notify_waiters();
        } else if self.waiting.load(Ordering::SeqCst) > 0 {
            self.returned.notify_one();
        }
    }

    /// Closes the connections that are not used.
    fn drain(&self) {
        while let Some((_, mut line)) = self.idle() {
            *line = None;
            self.open.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Lane for Arc<Pool> {
    async fn read<T, W>(
        &self,
        mut short: impl Short<T>,
        long: impl FnOnce() -> W + Send,
    ) -> Result<T>
    where
        T: Send + 'static,
        W: Work<T>,
    {
        let made = match self.here(&mut short) {
            Some(made) => made,
            None => self.lend().await?.run(&mut short, Haste::Short),
        };
        if let Some(made) = at_once(made) {
            return made;
        }
        let mut work = long();
        let turn = Arc::clone(&self.long).acquire_owned().await.map_err(|_| Error::closed())?;
        let mut lent = self.lend().await?;
        let patience = self.patience;
        offload(move || {
            let _turn = turn;
            wait(patience, || lent.run(&mut work, Haste::Long))
        })
        .await
    }

    fn read_now<T>(&self, mut short: impl Short<T>) -> Option<Result<T>> {
        at_once(self.here(&mut short)?)
    }
}

impl Lent {
    fn run<T>(&mut self, work: &mut impl Short<T>, haste: Haste) -> Attempt<T> {
        let line = self.line.as_mut().ok_or_else(Error::closed)?;
        self.pool.run(line, work, haste)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(slot) = self.pool.slots.get(self.slot) {
            *slot.lock() = self.line.take();
        }
        self.pool.given_back();
    }
}

/// Counts one who waits.
struct Waiting<'w>(&'w AtomicUsize);

impl<'w> Waiting<'w> {
    fn new(waiting: &'w AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::SeqCst);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
