//! Writing: what the thread of the group commit owns.

use std::sync::Arc;

use parking_lot::RwLock;
use persist_core::Result;
use persist_core::backend::{Batch, Cell, Commit, Hint, KeyRange, Mark, TableHandle, TableSpec};
use persist_core::engine::{Engine, Hints, Transaction, Witness, judge};

use crate::change::Change;
use crate::log::Log;
use crate::state::{Again, State};

/// What the writing thread and the readers share.
#[derive(Debug, Default)]
pub struct Shared {
    /// What was committed last. It is replaced, never written in place.
    pub state: RwLock<State>,
    /// Makes and judges marks.
    pub witness: Arc<Witness>,
    /// Tells listeners.
    pub hints: Hints,
}

/// The only one who writes.
#[derive(Debug)]
pub struct Writer {
    /// What readers see of it.
    pub shared: Arc<Shared>,
    /// What is left of it.
    pub log: Log,
}

/// The next state while it is made, and the record that will say how.
struct Writing {
    state: State,
    record: Vec<u8>,
    witness: Arc<Witness>,
}

impl Engine for Writer {
    fn commit(&mut self, group: &[Batch]) -> Vec<Result<Commit>> {
        let mut writing = self.begin();
        let commits = match judge(&mut writing, group) {
            Ok(commits) => commits,
            Err(error) if group.len() == 1 => return vec![Err(error)],
            // It is one batch's own failure; `writing` is forgotten, and so is what it did.
            Err(_) => return group.chunks(1).flat_map(|alone| self.commit(alone)).collect(),
        };
        if let Err(error) = self.keep(writing) {
            return group.iter().map(|_| Err(error.duplicate())).collect();
        }
        for (batch, commit) in group.iter().zip(&commits) {
            if *commit == Commit::Applied {
                self.shared.hints.applied(batch);
            }
        }
        commits.into_iter().map(Ok).collect()
    }
}

impl Writer {
    /// Makes a table, unless there is one by now; its number and how it was made.
    ///
    /// # Errors
    /// As [`Log::append`].
    pub fn create(&mut self, spec: TableSpec) -> Result<(u64, TableSpec)> {
        let mut writing = self.begin();
        if let Some((table, made)) = writing.state.find(&spec.name) {
            return Ok((table, made.clone()));
        }
        let table = writing.state.next_table();
        writing.make(Change::Create { table, spec: spec.clone() })?;
        self.keep(writing)?;
        Ok((table, spec))
    }

    /// Drops a table; `false` if there is none.
    ///
    /// # Errors
    /// As [`Log::append`].
    pub fn drop_table(&mut self, name: &str) -> Result<bool> {
        let mut writing = self.begin();
        let Some((table, _)) = writing.state.find(name) else { return Ok(false) };
        writing.make(Change::Drop { table })?;
        self.keep(writing)?;
        self.shared.hints.send(Hint::Table(name.into()));
        Ok(true)
    }

    fn begin(&self) -> Writing {
        let state = self.shared.state.read().clone();
        Writing { state, record: Vec::new(), witness: Arc::clone(&self.shared.witness) }
    }

    /// First the log, then the readers: what anybody has seen is durable.
    fn keep(&mut self, writing: Writing) -> Result<()> {
        if !writing.record.is_empty() {
            self.log.append(&writing.record)?;
            *self.shared.state.write() = writing.state;
        }
        Ok(())
    }
}

impl Writing {
    fn make(&mut self, change: Change) -> Result<()> {
        change.encode(&mut self.record)?;
        self.state.apply(change)
    }
}

impl Transaction for Writing {
    fn get(&mut self, table: &TableHandle, key: &Cell) -> Result<Option<Cell>> {
        self.state.one(table, key)
    }

    fn put(&mut self, table: &TableHandle, key: &Cell, value: &Cell) -> Result<()> {
        self.make(Change::Put { table: table.id(), key: key.clone(), value: value.clone() })
    }

    fn delete(&mut self, table: &TableHandle, key: &Cell) -> Result<()> {
        self.make(Change::Delete { table: table.id(), key: key.clone() })
    }

    fn delete_range(&mut self, table: &TableHandle, range: &KeyRange) -> Result<()> {
        self.make(Change::DeleteRange { table: table.id(), range: range.clone() })
    }

    fn stands(&mut self, mark: &Mark) -> Result<bool> {
        self.witness.stands(mark, &mut Again(&self.state, &mark.table))
    }
}
