//! Keeping the write-ahead log short.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use persist_core::Result;
use rusqlite::Connection;

use crate::error::engine;

/// The log is written back into the file when it has this many pages: 64 MiB.
const LONG: i32 = 16_384;

/// From this many pages on, readers are waited for, so that the log can begin anew.
const TOO_LONG: i32 = 2 * LONG;

/// How long they are waited for.
const WAIT: Duration = Duration::from_millis(100);

/// When nothing was written for a while, a shorter log is written back too.
const IDLE_LONG: i32 = 256;
const IDLE: Duration = Duration::from_millis(200);

/// The length of the log, and when to do something about it.
///
/// It must be the writer's thread that does it: beside a writer that goes on writing, the log
/// never begins anew.
pub(crate) struct Log {
    /// The length after the last commit, in pages.
    pages: Arc<AtomicI32>,
    /// The length at which to act next. Raised while a snapshot or a reader keeps the log.
    next: i32,
    /// The length that was last acted upon in idle time.
    idle: i32,
}

impl Log {
    pub(crate) fn watch(connection: &mut Connection) -> Result<Self> {
        let pages = Arc::new(AtomicI32::new(0));
        let seen = Arc::clone(&pages);
        let hook = move |_: &mut rusqlite::hooks::Wal, length| {
            seen.store(length, Ordering::Relaxed);
            Ok(())
        };
        connection.wal_hook(Some(hook)).map_err(engine)?;
        Ok(Self { pages, next: LONG, idle: 0 })
    }

    /// Whether the next commit begins the log anew.
    pub(crate) fn is_empty(&self) -> bool {
        self.pages.load(Ordering::Relaxed) == 0
    }

    /// Whether it is time to write the log back, when nothing was written for so long.
    pub(crate) fn due(&self, quiet: Duration) -> bool {
        let pages = self.pages.load(Ordering::Relaxed);
        pages >= self.next || (self.idles(pages) && quiet >= IDLE)
    }

    /// How long until it may be time, as far as only time is missing.
    pub(crate) fn next_look(&self, quiet: Duration) -> Option<Duration> {
        let pages = self.pages.load(Ordering::Relaxed);
        let left = || IDLE.saturating_sub(quiet).max(Duration::from_millis(1));
        self.idles(pages).then(left)
    }

    /// Writes the log back, as far as readers allow.
    pub(crate) fn write_back(&mut self, connection: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        self.idle = pages;
        let done = if pages >= TOO_LONG {
            // The busy timeout is what makes SQLite wait for readers.
            let done =
                connection.busy_timeout(WAIT).and_then(|()| checkpoint(connection, "RESTART"));
            if let Err(error) = connection.busy_timeout(Duration::ZERO) {
                tracing::warn!(%error, "the busy timeout could not be reset");
            }
            done
        } else {
            checkpoint(connection, "PASSIVE")
        };
        match done {
            Ok(true) => {
                self.next = LONG;
                self.pages.store(0, Ordering::Relaxed);
            }
            Ok(false) => self.next = pages.saturating_add(LONG),
            Err(error) => {
                tracing::debug!(%error, "the log could not be written back");
                self.next = pages.saturating_add(LONG);
            }
        }
    }

    /// Whether a log of this length should not stay when nothing is written.
    fn idles(&self, pages: i32) -> bool {
        pages >= IDLE_LONG && pages != self.idle
    }
}

/// Writes the log back; whether all of it could be.
fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<bool> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        let (busy, length, written): (i32, i32, i32) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(busy == 0 && length == written)
    })
}
