//! A group's transaction while it is judged: rows are read before, and written after.

use std::collections::{BTreeMap, HashMap};

use persist_core::backend::limits::BYTE_BUDGET;
use persist_core::backend::{Batch, Cell, KeyRange, Mark, Op, TableHandle};
use persist_core::engine::{Transaction, Witness};
use persist_core::{Error, Result};
use sqlx::Row as _;
use tokio::runtime::Runtime;

use super::rereading::Rereading;
use crate::connection::Connection;
use crate::error::{engine, is_clash};
use crate::read::{Failure, get};
use crate::sql::PgTable;

/// The most keys of one statement.
const MOST_KEYS: usize = 4096;

pub(super) struct Writing<'w> {
    runtime: &'w Runtime,
    connection: &'w mut Connection,
    witness: &'w Witness,
    /// What was read, by table and key, with the writes since.
    known: HashMap<u64, HashMap<Cell, Option<Cell>>>,
    /// What was written and not sent yet, in the order in which every commit locks rows.
    pending: BTreeMap<i32, Pending>,
    /// Whether the engine failed in a way that making the same again may mend.
    trouble: bool,
}

struct Pending {
    table: TableHandle,
    writes: BTreeMap<Cell, Option<Cell>>,
}

/// The keys of a group in one table, and whether they are read.
type Keys<'g> = BTreeMap<&'g Cell, bool>;

impl<'w> Writing<'w> {
    pub(super) fn new(
        runtime: &'w Runtime,
        connection: &'w mut Connection,
        witness: &'w Witness,
    ) -> Self {
        let (known, pending) = (HashMap::new(), BTreeMap::new());
        Self { runtime, connection, witness, known, pending, trouble: false }
    }

    pub(super) fn trouble(&self) -> bool {
        self.trouble
    }

    /// Locks the rows of all keys of a group, in the order of tables and keys, and reads those
    /// that something is expected of.
    pub(super) fn prepare(&mut self, group: &[Batch]) -> Result<()> {
        let mut tables: BTreeMap<i32, (&TableHandle, Keys<'_>)> = BTreeMap::new();
        for op in group.iter().flat_map(|batch| &batch.ops) {
            if let Op::Key { table, key, expect, .. } = op {
                let keys = tables.entry(PgTable::of(table)?.id);
                let (_, keys) = keys.or_insert_with(|| (table, Keys::new()));
                *keys.entry(key).or_default() |= expect.reads();
            }
        }
        // What is found may be as much as what the group itself holds.
        let mut budget = group.iter().map(Batch::weight).sum::<usize>().max(BYTE_BUDGET);
        for (table, keys) in tables.values() {
            let keys: Vec<(&Cell, bool)> = keys.iter().map(|(key, read)| (*key, *read)).collect();
            for some in keys.chunks(MOST_KEYS) {
                budget = self.lock(table, some, budget)?;
            }
        }
        Ok(())
    }

    /// Sends what was written and not sent yet.
    pub(super) fn flush(&mut self) -> Result<()> {
        for pending in std::mem::take(&mut self.pending).into_values() {
            let mut rest = pending.writes.into_iter().peekable();
            while rest.peek().is_some() {
                let (mut some, mut bytes) = (Vec::new(), 0);
                while let Some((key, value)) = rest.next_if(|(key, value)| {
                    let more = key.len() + value.as_ref().map_or(0, Cell::len);
                    some.is_empty() || (bytes + more <= BYTE_BUDGET && some.len() < MOST_KEYS)
                }) {
                    bytes += key.len() + value.as_ref().map_or(0, Cell::len);
                    some.push((key, value));
                }
                self.send(&pending.table, &some)?;
            }
        }
        Ok(())
    }

    /// Locks rows and remembers what was read, up to a number of bytes; how many are left.
    fn lock(
        &mut self,
        handle: &TableHandle,
        keys: &[(&Cell, bool)],
        budget: usize,
    ) -> Result<usize> {
        let table = PgTable::of(handle)?;
        let query = self.connection.query(&table.lock);
        let query = table.key.bind_all(query, keys.iter().map(|(key, _)| *key))?;
        let flags: Vec<bool> = keys.iter().map(|(_, read)| *read).collect();
        let query = query.bind(flags).bind(i64::try_from(budget).unwrap_or(i64::MAX));
        let rows = self.runtime.block_on(self.connection.rows(query));
        let rows = rows.map_err(|error| self.failed(error, handle))?;
        let known = self.known.entry(handle.id()).or_default();
        let read = keys.iter().filter(|(_, read)| *read);
        known.extend(read.map(|(key, _)| ((*key).clone(), None)));
        let mut left = budget;
        for row in &rows {
            let key = table.key.cell(row, 0).map_err(|error| error.table(handle.name()))?;
            let kept: bool = row.try_get(2).map_err(engine)?;
            // One that cannot be read fails those who ask for it, and nobody else.
            match kept.then(|| table.value.cell(row, 1)) {
                Some(Ok(value)) => {
                    left = left.saturating_sub(value.len());
                    known.insert(key, Some(value));
                }
                _ => drop(known.remove(&key)),
            }
        }
        Ok(left)
    }

    fn send(&mut self, handle: &TableHandle, writes: &[(Cell, Option<Cell>)]) -> Result<()> {
        let table = PgTable::of(handle)?;
        let puts = || writes.iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
        let deletes = || writes.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| key);
        if puts().next().is_some() {
            let query = self.connection.query(&table.put);
            let query = table.key.bind_all(query, puts().map(|(key, _)| key))?;
            let query = table.value.bind_all(query, puts().map(|(_, value)| value))?;
            let sent = self.runtime.block_on(self.connection.execute(query));
            sent.map_err(|error| self.failed(error, handle))?;
        }
        if deletes().next().is_some() {
            let query = self.connection.query(&table.delete);
            let query = table.key.bind_all(query, deletes())?;
            let sent = self.runtime.block_on(self.connection.execute(query));
            sent.map_err(|error| self.failed(error, handle))?;
        }
        Ok(())
    }

    fn write(&mut self, handle: &TableHandle, key: &Cell, value: Option<&Cell>) -> Result<()> {
        if let Some(known) = self.known.get_mut(&handle.id()).and_then(|known| known.get_mut(key)) {
            *known = value.cloned();
        }
        let pending = self.pending.entry(PgTable::of(handle)?.id);
        let pending =
            pending.or_insert_with(|| Pending { table: handle.clone(), writes: BTreeMap::new() });
        pending.writes.insert(key.clone(), value.cloned());
        Ok(())
    }

    fn failed(&mut self, error: sqlx::Error, table: &TableHandle) -> Error {
        self.trouble = self.connection.is_broken() || is_clash(&error);
        engine(error).table(table.name())
    }
}

impl Transaction for Writing<'_> {
    fn get(&mut self, table: &TableHandle, key: &Cell) -> Result<Option<Cell>> {
        let pending = self.pending.get(&PgTable::of(table)?.id);
        if let Some(written) = pending.and_then(|pending| pending.writes.get(key)) {
            return Ok(written.clone());
        }
        if let Some(known) = self.known.get(&table.id()).and_then(|known| known.get(key)) {
            return Ok(known.clone());
        }
        let found = self.runtime.block_on(get(self.connection, PgTable::of(table)?, &[key]));
        match found {
            Ok(found) => {
                let found = found.into_iter().next().unwrap_or(Ok(None));
                found.map_err(|error| error.table(table.name()).key(key))
            }
            Err(Failure::Engine(error)) => Err(self.failed(error, table).key(key)),
            Err(Failure::Other(error)) => Err(error),
        }
    }

    fn put(&mut self, table: &TableHandle, key: &Cell, value: &Cell) -> Result<()> {
        self.write(table, key, Some(value))
    }

    fn delete(&mut self, table: &TableHandle, key: &Cell) -> Result<()> {
        self.write(table, key, None)
    }

    fn delete_range(&mut self, table: &TableHandle, range: &KeyRange) -> Result<()> {
        self.flush()?;
        let query = PgTable::of(table)?.delete_range(self.connection, range);
        let done = self.runtime.block_on(self.connection.execute(query));
        done.map_err(|error| self.failed(error, table))?;
        if let Some(known) = self.known.get_mut(&table.id()) {
            for (_, known) in known.iter_mut().filter(|(key, _)| range.contains(key)) {
                *known = None;
            }
        }
        Ok(())
    }

    fn stands(&mut self, mark: &Mark) -> Result<bool> {
        self.flush()?;
        let mut again = Rereading {
            runtime: self.runtime,
            connection: &mut *self.connection,
            table: &mark.table,
            failure: None,
        };
        let stands = self.witness.stands(mark, &mut again);
        match again.failure.take() {
            Some(error) => Err(self.failed(error, &mark.table)),
            None => stands,
        }
    }
}
