//! The connections that serve reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_queue::ArrayQueue;
use persist_core::{Error, Result};
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Options;
use crate::connect::reader;
use crate::lane::{Lane, Work, wait};
use crate::offload::offload;
use crate::read::{Attempt, Haste, Miss};

/// A fixed number of connections, each lent to one read at a time.
#[derive(Debug)]
pub(crate) struct Pool {
    idle: ArrayQueue<Connection>,
    /// One permit for each connection.
    free: Arc<Semaphore>,
    /// Reads that take long may hold all connections but one.
    long: Arc<Semaphore>,
    patience: Duration,
    closed: AtomicBool,
}

/// A connection that is lent; it goes back when this is dropped.
struct Lent {
    connection: Option<Connection>,
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
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
            free: Arc::new(Semaphore::new(readers)),
            long: Arc::new(Semaphore::new((readers - 1).max(1))),
            patience: options.busy_timeout,
            closed: AtomicBool::new(false),
        }))
    }

    /// Refuses further reads and closes the connections, those that are lent when they come back.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.free.close();
        self.long.close();
        while self.idle.pop().is_some() {}
    }

    async fn lend(self: &Arc<Self>) -> Result<Lent> {
        let free = || Arc::clone(&self.free);
        let permit = match free().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => free().acquire_owned().await.map_err(|_| Error::closed())?,
        };
        let connection = self.idle.pop().ok_or_else(Error::closed)?;
        Ok(Lent { connection: Some(connection), pool: Arc::clone(self), _permit: permit })
    }
}

impl Lane for Arc<Pool> {
    async fn read<T: Send + 'static>(&self, mut work: impl Work<T>) -> Result<T> {
        let lent = self.lend().await?;
        match lent.run(&mut work, Haste::Short) {
            Ok(value) => return Ok(value),
            Err(Miss::Failed(error)) => return Err(error),
            Err(Miss::Long | Miss::Busy(_)) => drop(lent),
        }
        let long = Arc::clone(&self.long).acquire_owned().await.map_err(|_| Error::closed())?;
        let lent = self.lend().await?;
        let patience = self.patience;
        offload(move || {
            let _long = long;
            wait(patience, || lent.run(&mut work, Haste::Long))
        })
        .await
    }
}

impl Lent {
    fn run<T>(&self, work: &mut impl Work<T>, haste: Haste) -> Attempt<T> {
        let connection = self.connection.as_ref().ok_or_else(Error::closed)?;
        work(connection, haste)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && !self.pool.closed.load(Ordering::Acquire)
        {
            // The queue has room for every connection.
            let _ = self.pool.idle.push(connection);
        }
    }
}
