//! The connections that serve reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::time::Duration;

use crossbeam_queue::ArrayQueue;
use persist_core::{Error, Result};
use rusqlite::Connection;
use tokio::sync::{Notify, Semaphore};

use crate::Options;
use crate::connect::reader;
use crate::lane::{Lane, Short, Work, wait};
use crate::read::{Attempt, Haste, Miss};
use persist_core::engine::offload;

/// A fixed number of connections, each lent to one read at a time.
#[derive(Debug)]
pub(crate) struct Pool {
    idle: ArrayQueue<Connection>,
    /// Connections that are not closed.
    open: AtomicUsize,
    /// Reads that found no connection idle.
    waiting: AtomicUsize,
    returned: Notify,
    /// Reads that take long may hold all connections but one.
    long: Arc<Semaphore>,
    patience: Duration,
    closed: AtomicBool,
}

/// A connection that is lent; it goes back when this is dropped.
struct Lent {
    connection: Option<Connection>,
    pool: Arc<Pool>,
}

impl Pool {
    pub(crate) fn open(options: &Options) -> Result<Arc<Self>> {
        let readers = options.readers;
        let idle = ArrayQueue::new(readers);
        for _ in 0..readers {
            // There is room for each.
            let _ = idle.push(reader(options)?);
        }
        Ok(Arc::new(Self {
            idle,
            open: AtomicUsize::new(readers),
            waiting: AtomicUsize::new(0),
            returned: Notify::new(),
            long: Arc::new(Semaphore::new((readers - 1).max(1))),
            patience: options.busy_timeout,
            closed: AtomicBool::new(false),
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

    async fn lend(self: &Arc<Self>) -> Result<Lent> {
        let connection = match self.idle.pop() {
            Some(connection) => connection,
            None => self.wait_for_one().await?,
        };
        let lent = Lent { connection: Some(connection), pool: Arc::clone(self) };
        if self.closed.load(Ordering::SeqCst) { Err(Error::closed()) } else { Ok(lent) }
    }

    /// Closes the connections that are not lent.
    fn drain(&self) {
        while let Some(connection) = self.idle.pop() {
            drop(connection);
            self.open.fetch_sub(1, Ordering::SeqCst);
        }
    }

    async fn wait_for_one(&self) -> Result<Connection> {
        let _waiting = Waiting::new(&self.waiting);
        loop {
            let mut returned = std::pin::pin!(self.returned.notified());
            // Registered before the look, so that what is returned after it is noticed.
            returned.as_mut().enable();
            if self.closed.load(Ordering::SeqCst) {
                return Err(Error::closed());
            }
            if let Some(connection) = self.idle.pop() {
                return Ok(connection);
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
        let lent = self.lend().await?;
        match lent.run(&mut short, Haste::Short) {
            Ok(value) => return Ok(value),
            Err(Miss::Failed(error)) => return Err(error),
            Err(Miss::Long | Miss::Busy(_)) => drop(lent),
        }
        let mut work = long();
        let turn = Arc::clone(&self.long).acquire_owned().await.map_err(|_| Error::closed())?;
        let lent = self.lend().await?;
        let patience = self.patience;
        offload(move || {
            let _turn = turn;
            wait(patience, || lent.run(&mut work, Haste::Long))
        })
        .await
    }
}

impl Lent {
    fn run<T>(&self, work: &mut impl Short<T>, haste: Haste) -> Attempt<T> {
        let connection = self.connection.as_ref().ok_or_else(Error::closed)?;
        work(connection, haste)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let pool = &self.pool;
        if let Some(connection) = self.connection.take() {
            // The queue has room for every connection.
            let _ = pool.idle.push(connection);
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
