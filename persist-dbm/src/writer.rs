//! The writing side: what the thread of the group commit owns.

mod doomed;
mod writing;

use std::sync::Arc;
use std::time::{Duration, Instant};

use persist_core::backend::{Batch, Commit, Expect, Hint, Op, TableHandle, TableSpec};
use persist_core::engine::{Engine, judge};
use persist_core::{Durability, Error, ErrorKind, Outcome, Result};
use sled::{IVec, Tree};

use crate::directory::Directory;
use crate::disk::Disk;
use crate::error::engine;
use crate::pending::{Old, Pending};
use crate::read::{SHORT_BYTES, SHORT_KEYS};
use crate::state::State;
use crate::{keys, registry, tables};
pub(crate) use doomed::Doomed;
use writing::Writing;

/// How much may be written and not flushed: 512 KiB, which sled makes a few times as much of.
///
/// sled writes its log by a pool of seven threads and more, a buffer of 512 KiB each. Where all of
/// them wait for the lock of its segments, and who holds that waits for the pool to truncate a file,
/// they wait for good; so there must never be a buffer for each of them.
const MOST_UNFLUSHED: usize = 512 << 10;

/// After a batch of several rows, sled's log is written for about as long. Who comes with another
/// one meanwhile had better wait for company.
const BETWEEN_BATCHES: Duration = Duration::from_micros(40);

/// The only one who writes.
pub(crate) struct Writer {
    pub(crate) state: Arc<State>,
    pub(crate) disk: Disk,
    pub(crate) directory: Arc<Directory>,
    pub(crate) durability: Durability,
    pub(crate) flush_interval: Duration,
    /// How many groups were written.
    pub(crate) sequence: u64,
    /// How many the tree says that there were.
    pub(crate) told: u64,
    /// When sled was given a batch of several rows.
    pub(crate) batched: Instant,
    /// The number of the last table that was made.
    pub(crate) last_table: u64,
    pub(crate) doomed: Doomed,
    /// Since when there is something that was not synced.
    pub(crate) unsynced: Option<Instant>,
    /// About how many bytes that are.
    pub(crate) unflushed: usize,
}

impl Engine for Writer {
    fn commit(&mut self, group: &[Batch]) -> Vec<Result<Commit>> {
        let answers = match self.together(group) {
            Ok(commits) => commits.into_iter().map(Ok).collect(),
            // One of them may have failed for reasons of its own, and nothing was written.
            Err(error) if group.len() > 1 && self.is_well(&error) => self.one_by_one(group),
            Err(error) => group.iter().map(|_| Err(error.duplicate())).collect(),
        };
        for (batch, answer) in group.iter().zip(&answers) {
            self.tell(batch, answer);
        }
        answers
    }

    fn commit_now(&mut self, batch: &Batch) -> Option<Result<Commit>> {
        // What is expected may be large, and would be read.
        let blind = |op: &Op| matches!(op, Op::Key { expect: Expect::Any, .. });
        let short = self.durability == Durability::Relaxed
            && batch.ops.len() <= SHORT_KEYS
            && batch.weight() <= SHORT_BYTES
            && self.unflushed < MOST_UNFLUSHED
            && batch.ops.iter().all(blind)
            && (batch.ops.len() <= 1 || self.batched.elapsed() > BETWEEN_BATCHES);
        let answer = short.then(|| self.alone(batch))?;
        self.tell(batch, &answer);
        Some(answer)
    }

    fn housekeeping(&mut self) -> Option<Duration> {
        let expiry = self.state.overlay.expire();
        if self.state.engine.has_failed() {
            return expiry;
        }
        let sync = self.sync_when_due();
        let doomed = self.remove_doomed();
        [expiry, sync, doomed].into_iter().flatten().min()
    }
}

impl Writer {
    /// Makes a table, unless there is one by now.
    pub(crate) fn create(&mut self, spec: &TableSpec) -> Result<TableHandle> {
        if let Some(found) = self.state.tables.find(&spec.name)? {
            return Ok(found);
        }
        let id = self.last_table + 1;
        let mut pending = Pending::default();
        let number = IVec::from(&id.to_be_bytes());
        pending.set(IVec::from(&keys::LAST_TABLE), Some(number), Old::Unread);
        let line = registry::line(id, spec)?;
        pending.set(keys::registered(&spec.name), Some(line), Old::Read(None));
        self.keep(&pending, false)?;
        self.last_table = id;
        let table = tables::handle(id, spec.clone());
        self.state.tables.add(table.clone());
        Ok(table)
    }

    /// Drops a table; `false` if there is none. Its rows go away later.
    pub(crate) fn drop_table(&mut self, name: &str) -> Result<bool> {
        let Some(table) = self.state.tables.find(name)? else { return Ok(false) };
        let mut pending = Pending::default();
        pending.set(keys::registered(name), None, Old::Unread);
        pending.set(keys::dropped(table.id()), Some(IVec::default()), Old::Read(None));
        self.keep(&pending, false)?;
        self.state.tables.remove(&table);
        self.doomed.add(table.id());
        self.state.hints.send(Hint::Table(name.into()));
        Ok(true)
    }

    /// Makes durable what is not durable yet, before the store is closed.
    pub(crate) fn finish(&mut self) -> Result<()> {
        if self.unsynced.is_some() { self.sync() } else { Ok(()) }
    }

    fn sync(&mut self) -> Result<()> {
        let (disk, sequence, told) = (&mut self.disk, self.sequence, self.told);
        let synced = self.state.engine.with(|tree| {
            // Rows that were written apart have brought no number with them.
            if told < sequence {
                tree.insert(keys::SEQUENCE, &sequence.to_be_bytes()).map_err(engine)?;
            }
            disk.sync(tree, sequence)
        });
        self.told = sequence;
        match synced {
            Ok(()) => (self.unsynced, self.unflushed) = (None, 0),
            // What comes after a failed sync could follow a hole.
            Err(_) => self.state.engine.fail(),
        }
        synced
    }

    fn together(&mut self, group: &[Batch]) -> Result<Vec<Commit>> {
        let mut pending = Pending::default();
        let judged = self.state.engine.with(|tree| {
            let witness = &self.state.witness;
            let first_value = (self.sequence + 1) << 16;
            judge(&mut Writing::new(tree, &mut pending, witness, first_value), group)
        });
        // sled writes in the background too, and tells the next who reads that it could not.
        if matches!(&judged, Err(error) if error.kind() == ErrorKind::NoSpace) {
            self.state.engine.fail();
        }
        let commits = judged?;
        self.unflushed += group.iter().map(Batch::weight).sum::<usize>();
        self.keep(&pending, pending.is_whole_in_parts(group))?;
        Ok(commits)
    }

    fn one_by_one(&mut self, group: &[Batch]) -> Vec<Result<Commit>> {
        group.iter().map(|batch| self.alone(batch)).collect()
    }

    fn alone(&mut self, batch: &Batch) -> Result<Commit> {
        let commit = self.together(std::slice::from_ref(batch))?.pop();
        commit.ok_or_else(|| Error::new(ErrorKind::Backend, "no batch was judged"))
    }

    fn tell(&self, batch: &Batch, answer: &Result<Commit>) {
        if matches!(answer, Ok(Commit::Applied)) {
            self.state.hints.applied(batch);
        }
    }

    /// Applies what was decided, and makes it durable if it must be. Rows that have nothing to do
    /// with each other are written `apart`: for a batch, sled begins a new buffer of its log twice,
    /// and each is written and synced by itself.
    fn keep(&mut self, pending: &Pending, apart: bool) -> Result<()> {
        if pending.is_empty() {
            return Ok(());
        }
        let sequence = self.sequence + 1;
        if apart {
            self.apply(pending, |tree| pending.apply_apart(tree))?;
        } else {
            let mut batch = pending.batch();
            batch.insert(&keys::SEQUENCE, &sequence.to_be_bytes());
            self.apply(pending, |tree| tree.apply_batch(batch))?;
            (self.told, self.batched) = (sequence, Instant::now());
        }
        self.sequence = sequence;
        self.unsynced.get_or_insert_with(Instant::now);
        match self.durability {
            Durability::Relaxed if self.unflushed < MOST_UNFLUSHED + SHORT_BYTES => Ok(()),
            Durability::Full | Durability::Relaxed => {
                self.sync().map_err(|error| error.with_outcome(Outcome::Unknown))
            }
        }
    }

    fn apply(
        &self,
        pending: &Pending,
        write: impl FnOnce(&Tree) -> sled::Result<()>,
    ) -> Result<()> {
        let state = &self.state;
        let before = || state.engine.with(|tree| pending.before(tree));
        let work = || {
            // A part of it may be in sled's memory.
            state.engine.with(|tree| write(tree).map_err(engine)).map_err(|error| {
                state.engine.fail();
                error.with_outcome(Outcome::Unknown)
            })
        };
        state.overlay.apply(before, work)
    }

    /// Syncs when something has waited for it long enough; when to look again.
    fn sync_when_due(&mut self) -> Option<Duration> {
        let left = self.flush_interval.saturating_sub(self.unsynced?.elapsed());
        if !left.is_zero() {
            return Some(left);
        }
        if let Err(error) = self.sync() {
            tracing::error!(%error, "the store cannot be flushed, and is not used any more");
        }
        None
    }

    /// Whether the next batch can still be written.
    fn is_well(&self, error: &Error) -> bool {
        error.outcome() == Outcome::NotApplied && !self.state.engine.has_failed()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.unsynced.is_some()
            && !self.state.engine.has_failed()
            && let Err(error) = self.sync()
        {
            tracing::error!(%error, "the store could not be flushed when it was closed");
        }
        self.directory.leave(self.state.engine.take());
    }
}
