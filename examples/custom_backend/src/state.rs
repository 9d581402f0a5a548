//! What is in the store at one moment, in memory.

use std::fmt;
use std::sync::Arc;

use imbl::OrdMap;
use persist_core::backend::limits::BYTE_BUDGET;
use persist_core::backend::{Cell, Direction, KeyRange, Page, TableHandle, TableInfo, TableSpec};
use persist_core::engine::{Reread, Visit};
use persist_core::{Error, ErrorKind, Result};

use crate::change::Change;
use crate::error;

/// All tables, by number. The maps are persistent ones: a clone costs a counter, and shares what
/// neither side changes afterwards.
#[derive(Clone, Default)]
pub struct State {
    tables: OrdMap<u64, Table>,
    /// The last number that a table was given.
    last: u64,
}

#[derive(Clone)]
struct Table {
    spec: TableSpec,
    rows: Rows,
}

/// Cells have the order that the contract asks for.
type Rows = OrdMap<Arc<Cell>, Arc<Cell>>;

impl State {
    /// Makes a change: when it is committed, and when it is replayed.
    ///
    /// # Errors
    /// `NotFound` if its table is not there.
    pub fn apply(&mut self, change: Change) -> Result<()> {
        match change {
            Change::Create { table, spec } => {
                self.last = self.last.max(table);
                self.tables.insert(table, Table { spec, rows: Rows::new() });
            }
            Change::Drop { table } => drop(self.tables.remove(&table)),
            Change::Put { table, key, value } => {
                self.rows_mut(table)?.insert(Arc::new(key), Arc::new(value));
            }
            Change::Delete { table, key } => drop(self.rows_mut(table)?.remove(&key)),
            Change::DeleteRange { table, range } if range.is_all() => self.rows_mut(table)?.clear(),
            Change::DeleteRange { table, range } => {
                let rows = self.rows_mut(table)?;
                let doomed: Vec<_> = within(rows, &range).map(|(key, _)| Arc::clone(key)).collect();
                for key in doomed {
                    rows.remove(&key);
                }
            }
        }
        Ok(())
    }

    /// The table of this name: its number and how it was made.
    pub fn find(&self, name: &str) -> Option<(u64, &TableSpec)> {
        let mut tables = self.tables.iter();
        tables.find(|(_, table)| table.spec.name == name).map(|(id, table)| (*id, &table.spec))
    }

    /// The number of the next table to be made.
    pub fn next_table(&self) -> u64 {
        self.last + 1
    }

    /// The tables, by name.
    pub fn tables(&self) -> Vec<TableInfo> {
        let mut infos: Vec<_> =
            self.tables.values().map(|table| TableInfo::new(table.spec.clone())).collect();
        infos.sort_by(|a, b| a.spec.name.cmp(&b.spec.name));
        infos
    }

    /// What a key is bound to.
    ///
    /// # Errors
    /// `NotFound` if the table was dropped.
    pub fn one(&self, table: &TableHandle, key: &Cell) -> Result<Option<Cell>> {
        Ok(self.rows(table)?.get(key).map(|value| (**value).clone()))
    }

    /// What keys are bound to, as many as the byte budget allows and at least one.
    ///
    /// # Errors
    /// `NotFound` if the table was dropped.
    pub fn get(&self, table: &TableHandle, keys: &[Cell]) -> Result<Vec<Option<Cell>>> {
        let rows = self.rows(table)?;
        let (mut found, mut weight) = (Vec::with_capacity(keys.len()), 0);
        for key in keys {
            let value = rows.get(key);
            weight += value.map_or(0, |value| value.len());
            if weight > BYTE_BUDGET && !found.is_empty() {
                break;
            }
            found.push(value.map(|value| (**value).clone()));
        }
        Ok(found)
    }

    /// One page of a range: cut at the limit or at the byte budget, never before its first row.
    ///
    /// # Errors
    /// `NotFound` if the table was dropped.
    pub fn scan(
        &self,
        table: &TableHandle,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Page> {
        let mut rows = within(self.rows(table)?, range);
        let mut next = || match direction {
            Direction::Forward => rows.next(),
            Direction::Backward => rows.next_back(),
        };
        let (mut page, mut weight, mut last) = (Page::default(), 0, None);
        while let Some((key, value)) = next() {
            weight += key.len() + value.len();
            if page.rows.len() == limit || (weight > BYTE_BUDGET && !page.rows.is_empty()) {
                page.rest = last.and_then(|last: &Arc<Cell>| range.rest(direction, last));
                break;
            }
            page.rows.push(Ok(((**key).clone(), (**value).clone())));
            last = Some(key);
        }
        Ok(page)
    }

    /// The number of bindings in a range.
    ///
    /// # Errors
    /// `NotFound` if the table was dropped.
    pub fn count(&self, table: &TableHandle, range: &KeyRange) -> Result<u64> {
        let rows = self.rows(table)?;
        Ok(if range.is_all() { rows.len() } else { within(rows, range).count() } as u64)
    }

    fn rows(&self, table: &TableHandle) -> Result<&Rows> {
        let found = self.tables.get(&table.id()).map(|found| &found.rows);
        found.ok_or_else(|| error::dropped(table))
    }

    fn rows_mut(&mut self, table: u64) -> Result<&mut Rows> {
        let found = self.tables.get_mut(&table).map(|found| &mut found.rows);
        found.ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                "the table was dropped; open it again to make a new one",
            )
        })
    }
}

/// Reads one table again, for a mark.
#[derive(Debug)]
pub struct Again<'s>(pub &'s State, pub &'s TableHandle);

impl Reread for Again<'_> {
    fn get(&mut self, key: &Cell) -> Result<Option<Cell>> {
        self.0.one(self.1, key)
    }

    fn rows(&mut self, range: &KeyRange, visit: Visit<'_>) -> Result<()> {
        for (key, value) in within(self.0.rows(self.1)?, range) {
            visit(Some((key, value)));
        }
        Ok(())
    }

    fn count(&mut self, range: &KeyRange) -> Result<u64> {
        self.0.count(self.1, range)
    }
}

/// The bindings of a range, from both ends.
fn within<'r>(
    rows: &'r Rows,
    range: &'r KeyRange,
) -> impl DoubleEndedIterator<Item = (&'r Arc<Cell>, &'r Arc<Cell>)> {
    rows.range::<_, Cell>((range.lower(), range.upper()))
}

/// Shows no content: it goes to logs.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("tables", &self.tables.len()).finish_non_exhaustive()
    }
}
