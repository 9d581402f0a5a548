//! sled, held so that its panics end here, and that it can be let go of.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;
use persist_core::{Error, Result};
use sled::{Db, Tree};

use crate::Options;
use crate::error::{engine, failed, panicked};

/// An open sled database, until it is closed.
pub(crate) struct Engine {
    db: RwLock<Option<Db>>,
    /// After a failed write nobody knows what is in the files, or in sled's memory.
    failed: AtomicBool,
}

impl Engine {
    /// Opens or creates the database in `data`.
    pub(crate) fn open(data: &Path, options: &Options) -> Result<Self> {
        let interval = options.flush_interval.as_millis().try_into().unwrap_or(u64::MAX);
        let config = sled::Config::new()
            .path(data)
            .cache_capacity(options.cache_capacity.as_u64())
            .flush_every_ms(Some(interval));
        let db = guarded(|| config.open().map_err(engine))?;
        Ok(Self { db: RwLock::new(Some(db)), failed: AtomicBool::new(false) })
    }

    /// Uses the tree that holds everything. Never waits: while the database is being closed, it
    /// is as good as closed.
    ///
    /// # Errors
    /// Those of `work`; `Closed`; `Backend` after a failure; `Corrupt` if sled panics.
    pub(crate) fn with<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&Tree) -> Result<T, E>,
    ) -> Result<T, E> {
        if self.has_failed() {
            return Err(failed().into());
        }
        let db = self.db.try_read();
        match db.as_ref().and_then(|db| db.as_ref()) {
            Some(db) => guarded(|| work(db)),
            None => Err(Error::closed().into()),
        }
    }

    /// Nothing more is read or written from now on.
    pub(crate) fn fail(&self) {
        self.failed.store(true, Ordering::SeqCst);
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::SeqCst)
    }

    /// Takes the database out, when those who read in it have ended.
    pub(crate) fn take(&self) -> Option<Db> {
        self.db.write().take()
    }
}

/// Runs what calls sled, which panics on some damaged files.
fn guarded<T, E: From<Error>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(panicked().into()))
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("failed", &self.failed).finish_non_exhaustive()
    }
}
