//! Read transactions that are kept, in a store that only this process writes.

use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;

use crate::connect::execute;

/// How often the store has changed. Whoever reads at the number of the last acknowledged commit
/// misses nothing.
#[derive(Debug)]
pub(crate) struct Commits(AtomicU64);

impl Default for Commits {
    fn default() -> Self {
        // A connection that has read nothing is at 0.
        Self(AtomicU64::new(1))
    }
}

impl Commits {
    /// Says that there was a commit; before it is acknowledged.
    pub(crate) fn another(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    fn number(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// A connection that reads.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) connection: Connection,
    /// The commits that its transaction sees, or more; 0 if it is in none.
    sees: u64,
    /// How many reads it has served, as far as the number goes.
    pub(crate) reads: u32,
}

impl Line {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection, sees: 0, reads: 0 }
    }

    /// Sees to it that its transaction sees all commits. A new one is begun only when there were
    /// some, which saves most of what a short read costs.
    pub(crate) fn catch_up(&mut self, commits: &Commits) -> rusqlite::Result<()> {
        // Looked at before the transaction begins, so that it sees at least these.
        let number = commits.number();
        if self.sees == number {
            return Ok(());
        }
        self.let_go()?;
        execute(&self.connection, "BEGIN DEFERRED")?;
        self.sees = number;
        Ok(())
    }

    /// Ends its transaction, which keeps the log from beginning anew.
    pub(crate) fn let_go(&mut self) -> rusqlite::Result<()> {
        self.sees = 0;
        if self.connection.is_autocommit() {
            return Ok(());
        }
        execute(&self.connection, "ROLLBACK")
    }
}
