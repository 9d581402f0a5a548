//! The connections that serve reads.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::time::Duration;

use crossbeam_queue::ArrayQueue;
use persist_core::engine::offload;
use persist_core::{Error, Result};
use tokio::sync::{Notify, Semaphore};

use crate::Options;
use crate::commits::{Commits, Line};
use crate::connect::reader;
use crate::lane::{Lane, Short, Work, at_once, wait};
use crate::read::{Attempt, Haste};

/// A fixed number of connections, each lent to one read at a time.
#[derive(Debug)]
pub(crate) struct Pool {
    /// Boxed, so that lending one moves a pointer.
    idle: ArrayQueue<Box<Line>>,
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
}

/// A connection that is lent; it goes back when this is dropped.
struct Lent<P: Deref<Target = Pool>> {
    line: Option<Box<Line>>,
    pool: P,
}

impl Pool {
    pub(crate) fn open(options: &Options, commits: Option<Arc<Commits>>) -> Result<Arc<Self>> {
        let readers = options.readers;
        let idle = ArrayQueue::new(readers);
        for _ in 0..readers {
            // There is room for each.
            let _ = idle.push(Box::new(Line::new(reader(options)?)));
        }
        Ok(Arc::new(Self {
            idle,
            open: AtomicUsize::new(readers),
            waiting: AtomicUsize::new(0),
            returned: Notify::new(),
            long: Arc::new(Semaphore::new((readers - 1).max(1))),
            patience: options.busy_timeout,
            closed: AtomicBool::new(false),
            commits,
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

    /// Ends the read transactions that idle connections keep.
    pub(crate) fn let_go(&self) {
        for _ in 0..self.idle.capacity() {
            let Some(line) = self.idle.pop() else { return };
            let Ok(mut lent) = Lent::new(line, self) else { return };
            if let Some(Err(error)) = lent.line.as_mut().map(|line| line.let_go()) {
                tracing::warn!(%error, "a read transaction could not be ended");
            }
        }
    }

    async fn lend(self: &Arc<Self>) -> Result<Lent<Arc<Self>>> {
        let line = match self.idle.pop() {
            Some(line) => line,
            None => self.wait_for_one().await?,
        };
        Lent::new(line, Arc::clone(self))
    }

    /// Closes the connections that are not lent.
    fn drain(&self) {
        while let Some(line) = self.idle.pop() {
            drop(line);
            self.open.fetch_sub(1, Ordering::SeqCst);
        }
    }

    async fn wait_for_one(&self) -> Result<Box<Line>> {
        let _waiting = Waiting::new(&self.waiting);
        loop {
            let mut returned = std::pin::pin!(self.returned.notified());
            // Registered before the look, so that what is returned after it is noticed.
            returned.as_mut().enable();
            if self.closed.load(Ordering::SeqCst) {
                return Err(Error::closed());
            }
            if let Some(line) = self.idle.pop() {
                return Ok(line);
            }
            returned.await;
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
        let mut lent = self.lend().await?;
        if let Some(made) = at_once(lent.run(&mut short, Haste::Short)) {
            return made;
        }
        drop(lent);
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
        let lent = Lent::new(self.idle.pop()?, &**self);
        match lent {
            Ok(mut lent) => at_once(lent.run(&mut short, Haste::Short)),
            Err(closed) => Some(Err(closed)),
        }
    }
}

impl<P: Deref<Target = Pool>> Lent<P> {
    fn new(line: Box<Line>, pool: P) -> Result<Self> {
        let lent = Self { line: Some(line), pool };
        if lent.pool.closed.load(Ordering::SeqCst) { Err(Error::closed()) } else { Ok(lent) }
    }

    fn run<T>(&mut self, work: &mut impl Short<T>, haste: Haste) -> Attempt<T> {
        let line = self.line.as_mut().ok_or_else(Error::closed)?;
        if let Some(commits) = &self.pool.commits {
            line.catch_up(commits)?;
        }
        work(&line.connection, haste)
    }
}

impl<P: Deref<Target = Pool>> Drop for Lent<P> {
    fn drop(&mut self) {
        let pool = &*self.pool;
        if let Some(line) = self.line.take() {
            // The queue has room for every connection.
            let _ = pool.idle.push(line);
            // Either this sees the one who waits or closes, or that one sees the connection.
            fence(Ordering::SeqCst);
            if pool.closed.load(Ordering::SeqCst) {
                pool.drain();
                pool.returned.notify_waiters();
            } else if pool.waiting.load(Ordering::SeqCst) > 0 {
                pool.returned.notify_one();
            }
        }
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
