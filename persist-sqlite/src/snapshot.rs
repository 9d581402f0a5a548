//! Snapshots: connections that stay inside a read transaction.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use persist_core::{Error, ErrorKind, Result};
use rusqlite::Connection;

use crate::Options;
use crate::connect::{patiently, reader};
use crate::lane::{Lane, Short, Work, wait};
use crate::read::{Attempt, Haste, Miss};
use persist_core::engine::offload;

/// The snapshots of a store: how many there are, how old, and connections to make more from.
#[derive(Debug)]
pub(crate) struct Snapshots {
    options: Options,
    taken: AtomicUsize,
    idle: Mutex<Vec<Connection>>,
    live: Mutex<Vec<Weak<Held>>>,
    closed: AtomicBool,
}

/// One snapshot. Its connection goes back when it is dropped, or taken away when it gets too old.
pub(crate) struct Held {
    connection: Mutex<Option<(Connection, Place)>>,
    since: Instant,
    owner: Arc<Snapshots>,
}

/// A place among the snapshots, free again when it is dropped.
struct Place(Arc<Snapshots>);

impl Snapshots {
    pub(crate) fn new(options: &Options) -> Arc<Self> {
        Arc::new(Self {
            options: options.clone(),
            taken: AtomicUsize::new(0),
            idle: Mutex::default(),
            live: Mutex::default(),
            closed: AtomicBool::new(false),
        })
    }

    /// Fixes the present state.
    pub(crate) async fn take(self: &Arc<Self>) -> Result<Arc<Held>> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::closed());
        }
        self.expire();
        let place = self.place()?;
        let idle = self.idle.lock().pop();
        let connection = match idle {
            Some(connection) => match fix(&connection) {
                Ok(()) => connection,
                Err(_) => self.begin(Some(connection)).await?,
            },
            None => self.begin(None).await?,
        };
        let held = Arc::new(Held {
            connection: Mutex::new(Some((connection, place))),
            since: Instant::now(),
            owner: Arc::clone(self),
        });
        self.live.lock().push(Arc::downgrade(&held));
        if self.closed.load(Ordering::SeqCst) {
            held.end();
            return Err(Error::closed());
        }
        Ok(held)
    }

    /// Ends the snapshots that are too old; how long until the next one is, if there is any.
    pub(crate) fn expire(&self) -> Option<Duration> {
        let max_age = self.options.snapshot_max_age;
        let mut next: Option<Duration> = None;
        self.live.lock().retain(|held| {
            let Some(held) = held.upgrade() else { return false };
            let age = held.since.elapsed();
            if age >= max_age && held.end() {
                tracing::warn!(?age, "a snapshot got too old and was ended");
                return false;
            }
            let left = max_age.saturating_sub(age).max(Duration::from_millis(10));
            next = Some(next.map_or(left, |next| next.min(left)));
            true
        });
        next
    }

    /// Refuses more snapshots, and ends those that there are when the reads in them have ended.
    pub(crate) async fn close(&self) -> Result<()> {
        self.closed.store(true, Ordering::SeqCst);
        let live: Vec<_> = self.live.lock().drain(..).filter_map(|held| held.upgrade()).collect();
        self.idle.lock().clear();
        let busy: Vec<_> = live.into_iter().filter(|held| !held.end()).collect();
        if busy.is_empty() {
            return Ok(());
        }
        offload(move || {
            for held in busy {
                held.give_back(held.connection.lock().take());
            }
            Ok(())
        })
        .await
    }

    fn place(self: &Arc<Self>) -> Result<Place> {
        let max = self.options.snapshots;
        let free = |taken| (taken < max).then_some(taken + 1);
        match self.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, free) {
            Ok(_) => Ok(Place(Arc::clone(self))),
            Err(_) => Err(Error::new(
                ErrorKind::Busy,
                format!(
                    "{max} snapshots are open, which is the limit; end one, or raise `snapshots`"
                ),
            )),
        }
    }

    /// Begins a snapshot with time, on a new connection if there is none.
    async fn begin(self: &Arc<Self>, connection: Option<Connection>) -> Result<Connection> {
        let this = Arc::clone(self);
        offload(move || {
            let connection = match connection {
                Some(connection) => connection,
                None => reader(&this.options)?,
            };
            patiently(this.options.busy_timeout, || fix(&connection))?;
            Ok(connection)
        })
        .await
    }

    /// Takes a connection back.
    fn give_back(&self, connection: Connection) {
        let ended = connection.prepare_cached("ROLLBACK").and_then(|mut end| end.execute([]));
        if ended.is_ok() {
            let mut idle = self.idle.lock();
            // Looked at under the lock that closing takes after it has said so.
            if !self.closed.load(Ordering::SeqCst) {
                idle.push(connection);
            }
        }
    }
}

impl Held {
    /// Ends the snapshot, unless a read is under way in it.
    fn end(&self) -> bool {
        let Some(mut held) = self.connection.try_lock() else { return false };
        self.give_back(held.take());
        true
    }

    fn give_back(&self, held: Option<(Connection, Place)>) {
        if let Some((connection, _place)) = held {
            self.owner.give_back(connection);
        }
    }

    fn run<T>(
        &self,
        held: Option<&(Connection, Place)>,
        work: &mut impl Short<T>,
        haste: Haste,
    ) -> Attempt<T> {
        if self.owner.closed.load(Ordering::Acquire) {
            return Err(Error::closed().into());
        }
        let max_age = self.owner.options.snapshot_max_age;
        match held.filter(|_| self.since.elapsed() < max_age) {
            Some((connection, _)) => work(connection, haste),
            None => Err(Miss::Failed(Error::new(
                ErrorKind::Timeout,
                format!(
                    "the snapshot was held for longer than `snapshot_max_age` ({max_age:?}); \
                     finish sooner, or raise it"
                ),
            ))),
        }
    }
}

impl Lane for Arc<Held> {
    async fn read<T, W>(
        &self,
        mut short: impl Short<T>,
        long: impl FnOnce() -> W + Send,
    ) -> Result<T>
    where
        T: Send + 'static,
        W: Work<T>,
    {
        // Another read may be under way in this snapshot, and it may be a long one.
        let held = self.connection.try_lock();
        let made = held.map(|held| self.run(held.as_ref(), &mut short, Haste::Short));
        match made {
            Some(Ok(value)) => return Ok(value),
            Some(Err(Miss::Failed(error))) => return Err(error),
            Some(Err(Miss::Long | Miss::Busy(_))) | None => {}
        }
        let (this, mut work) = (Self::clone(self), long());
        offload(move || {
            let held = this.connection.lock();
            let patience = this.owner.options.busy_timeout;
            wait(patience, || this.run(held.as_ref(), &mut work, Haste::Long))
        })
        .await
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("since", &self.since).finish_non_exhaustive()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Begins a read transaction and reads in it, which is what fixes the state.
fn fix(connection: &Connection) -> rusqlite::Result<()> {
    if connection.is_autocommit() {
        connection.prepare_cached("BEGIN DEFERRED")?.execute([])?;
    }
    connection.prepare_cached("SELECT 1 FROM sqlite_schema LIMIT 1")?.exists([]).map(drop)
}
