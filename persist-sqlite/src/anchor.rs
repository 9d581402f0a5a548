//! A read transaction that spares others most of what beginning one costs.
//!
//! Each read of SQLite's log locks a place in a shared file, by a call of the system, and unlocks
//! it. Locks belong to a process: while one of its connections has the place already, the others
//! only count. So one connection that stays in a read transaction, without reading anything,
//! makes short reads about twice as fast. It sees no more than others do: who reads begins a
//! transaction of his own, and so misses nothing.
//!
//! A held transaction keeps the log from being written back and beginning anew. So the anchor is
//! held only while there is much reading, not while the log is written back, and not while another
//! process writes, which cannot ask for it to be let go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bytesize::ByteSize;
use persist_core::Result;
use rusqlite::Connection;

use crate::Options;
use crate::connect::{execute, reader};
use crate::error::engine;

/// How long the anchor is held without being asked for again.
const HOLD: Duration = Duration::from_millis(20);

/// How long it is not held after another process has written.
const AWAY: Duration = Duration::from_secs(1);

/// What readers tell the thread that holds the anchor. It is all about speed, so nothing depends
/// on what is seen when.
#[derive(Debug, Default)]
pub(crate) struct Demand {
    /// There was much reading since the thread looked last.
    reading: AtomicBool,
    /// The thread looks by itself.
    attended: AtomicBool,
    /// The thread should be woken.
    calling: AtomicBool,
}

impl Demand {
    /// There is much reading.
    pub(crate) fn call(&self) {
        if !self.reading.load(Relaxed) {
            self.reading.store(true, Relaxed);
        }
        if !self.attended.load(Relaxed) && !self.calling.load(Relaxed) {
            self.calling.store(true, Relaxed);
        }
    }

    /// Whether the thread should be woken; once for each time.
    pub(crate) fn is_calling(&self) -> bool {
        self.calling.load(Relaxed) && self.calling.swap(false, Relaxed)
    }
}

/// The anchor, as its thread has it.
pub(crate) struct Anchor {
    options: Options,
    demand: Arc<Demand>,
    connection: Option<Connection>,
    held: bool,
    /// When to look again whether it is still wanted.
    next: Option<Instant>,
}

impl Anchor {
    pub(crate) fn new(options: &Options, demand: Arc<Demand>) -> Self {
        // It reads no pages, and gives up at once where it would have to wait.
        let (busy_timeout, cache_size) = (Duration::ZERO, ByteSize::kib(64));
        let options = Options { busy_timeout, cache_size, ..options.clone() };
        Self { options, demand, connection: None, held: false, next: None }
    }

    /// How long until [`look`](Self::look) is to be called, if anybody wants the anchor.
    pub(crate) fn due(&self) -> Option<Duration> {
        match self.next {
            Some(next) => Some(next.saturating_duration_since(Instant::now())),
            None => self.demand.reading.load(Relaxed).then_some(Duration::ZERO),
        }
    }

    /// Whether others' writes are of interest.
    pub(crate) fn is_held(&self) -> bool {
        self.held
    }

    /// Holds it or lets it go, as it is wanted.
    pub(crate) fn look(&mut self) {
        let wanted = self.demand.reading.swap(false, Relaxed);
        self.demand.attended.store(wanted, Relaxed);
        self.let_go();
        self.next = None;
        if wanted {
            self.hold();
        }
    }

    /// Another process has written: it comes first for a while.
    pub(crate) fn make_way(&mut self) {
        if self.held {
            self.let_go();
            self.look_after(AWAY);
        }
    }

    /// Begins anew where the log ends now, if it is held: places before it are of no use.
    pub(crate) fn renew(&mut self) {
        if self.held {
            self.let_go();
            self.hold();
        }
    }

    /// Ends the transaction.
    pub(crate) fn let_go(&mut self) {
        self.held = false;
        if let Some(connection) = &self.connection
            && !connection.is_autocommit()
            && let Err(error) = execute(connection, "ROLLBACK")
        {
            tracing::warn!(%error, "the anchor could not be let go");
            self.connection = None;
        }
    }

    fn hold(&mut self) {
        let pause = match self.begin() {
            Ok(()) => HOLD,
            Err(error) => {
                tracing::debug!(%error, "reads go without an anchor");
                AWAY
            }
        };
        self.look_after(pause);
    }

    fn begin(&mut self) -> Result<()> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => reader(&self.options)?,
        };
        let connection = self.connection.insert(connection);
        // It is the first read that locks the place.
        let begun = execute(connection, "BEGIN DEFERRED").and_then(|()| {
            connection.prepare_cached("SELECT 1 FROM sqlite_schema LIMIT 1")?.exists([]).map(drop)
        });
        self.held = true;
        begun.map_err(|error| {
            self.let_go();
            engine(error)
        })
    }

    fn look_after(&mut self, pause: Duration) {
        self.next = Some(Instant::now() + pause);
    }
}
