//! The maps: what is in the store at one moment, and how it is read and written.

use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use imbl::OrdMap;
use persist_core::backend::limits::BYTE_BUDGET;
use persist_core::backend::{
    Batch, Cell, CellType, Direction, KeyRange, Mark, Op, Page, TableHandle, TableInfo, TableSpec,
};
use persist_core::engine::{Reread, Transaction, Visit, Witness, ordered};
use persist_core::{Error, ErrorKind, Result};

/// All tables, by number. Persistent maps: a clone costs a counter, and a write to a map that is
/// shared with a clone copies the few nodes on its way.
#[derive(Clone, Default)]
pub(crate) struct State {
    tables: OrdMap<u64, Table>,
    last: u64,
    closed: bool,
}

#[derive(Clone)]
struct Table {
    spec: Arc<TableSpec>,
    rows: Rows,
}

/// Keys as bytes that sort as the keys do; both sides shared, so that copying a node is cheap.
type Rows = OrdMap<Bytes, Arc<Cell>>;

type Bytes = Arc<[u8]>;

impl State {
    /// The end of a store: nothing is there, and nothing may be asked.
    pub(crate) fn closed() -> Self {
        Self { closed: true, ..Self::default() }
    }

    pub(crate) fn open(&self) -> Result<()> {
        if self.closed { Err(Error::closed()) } else { Ok(()) }
    }

    pub(crate) fn open_table(&mut self, spec: TableSpec) -> Result<TableHandle> {
        self.open()?;
        let id = if let Some((id, table)) = self.find(&spec.name) {
            spec.check(&table.spec)?;
            id
        } else {
            self.last += 1;
            let table = Table { spec: Arc::new(spec.clone()), rows: Rows::new() };
            self.tables.insert(self.last, table);
            self.last
        };
        Ok(TableHandle::new(id, spec, ()))
    }

    pub(crate) fn drop_table(&mut self, name: &str) -> Result<bool> {
        self.open()?;
        let found = self.find(name).map(|(id, _)| id);
        Ok(found.is_some_and(|id| self.tables.remove(&id).is_some()))
    }

    pub(crate) fn tables(&self) -> Result<Vec<TableInfo>> {
        self.open()?;
        let mut infos: Vec<_> =
            self.tables.values().map(|table| TableInfo::new((*table.spec).clone())).collect();
        infos.sort_by(|a, b| a.spec.name.cmp(&b.spec.name));
        Ok(infos)
    }

    /// As many of `keys` as the byte budget allows.
    pub(crate) fn get(&self, table: &TableHandle, keys: &[Cell]) -> Result<Vec<Option<Cell>>> {
        let rows = self.rows(table)?;
        let (mut found, mut weight) = (Vec::with_capacity(keys.len()), 0);
        for key in keys {
            let cell = with_bytes(key, |key| rows.get(key).map(|cell| (**cell).clone()));
            weight += cell.as_ref().map_or(0, Cell::len);
            if weight > BYTE_BUDGET && !found.is_empty() {
                break;
            }
            found.push(cell);
        }
        Ok(found)
    }

    pub(crate) fn get_one(&self, table: &TableHandle, key: &Cell) -> Result<Option<Cell>> {
        let rows = self.rows(table)?;
        Ok(with_bytes(key, |key| rows.get(key).map(|cell| (**cell).clone())))
    }

    pub(crate) fn scan(
        &self,
        table: &TableHandle,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Page> {
        let key_type = table.spec().key.cell;
        let mut rows = self.rows(table)?.range(bounds(range));
        let mut next = || match direction {
            Direction::Forward => rows.next(),
            Direction::Backward => rows.next_back(),
        };
        let (mut page, mut weight) = (Page::default(), 0);
        while let Some((key, value)) = next() {
            weight += key.len() + value.len();
            if page.rows.len() == limit || (weight > BYTE_BUDGET && !page.rows.is_empty()) {
                let last = page.rows.last().and_then(|row| row.as_ref().ok());
                page.rest = last.and_then(|(last, _)| range.rest(direction, last));
                break;
            }
            page.rows.push(Ok((decode(key_type, key)?, (**value).clone())));
        }
        Ok(page)
    }

    pub(crate) fn count(&self, table: &TableHandle, range: &KeyRange) -> Result<u64> {
        let rows = self.rows(table)?;
        let count = if range.is_all() { rows.len() } else { rows.range(bounds(range)).count() };
        Ok(count as u64)
    }

    /// Checks that the tables of a batch are there: all that could fail while it is written.
    pub(crate) fn check(&self, batch: &Batch) -> Result<()> {
        batch.ops.iter().try_for_each(|op| match op {
            Op::Key { table, .. } | Op::DeleteRange { table, .. } => self.rows(table).map(drop),
            Op::Unchanged(mark) => self.rows(&mark.table).map(drop),
        })
    }

    fn find(&self, name: &str) -> Option<(u64, &Table)> {
        self.tables
            .iter()
            .find(|(_, table)| table.spec.name == name)
            .map(|(id, table)| (*id, table))
    }

    fn rows(&self, table: &TableHandle) -> Result<&Rows> {
        self.open()?;
        self.tables.get(&table.id()).map(|found| &found.rows).ok_or_else(|| dropped(table))
    }

    fn rows_mut(&mut self, table: &TableHandle) -> Result<&mut Rows> {
        self.tables.get_mut(&table.id()).map(|found| &mut found.rows).ok_or_else(|| dropped(table))
    }
}

/// The store while one batch is judged and written.
pub(crate) struct Writing<'s> {
    pub(crate) state: &'s mut State,
    pub(crate) witness: &'s Witness,
}

impl Transaction for Writing<'_> {
    fn get(&mut self, table: &TableHandle, key: &Cell) -> Result<Option<Cell>> {
        self.state.get_one(table, key)
    }

    fn put(&mut self, table: &TableHandle, key: &Cell, value: &Cell) -> Result<()> {
        let key = with_bytes(key, |key| Arc::from(key));
        self.state.rows_mut(table)?.insert(key, Arc::new(value.clone()));
        Ok(())
    }

    fn delete(&mut self, table: &TableHandle, key: &Cell) -> Result<()> {
        let rows = self.state.rows_mut(table)?;
        with_bytes(key, |key| rows.remove(key));
        Ok(())
    }

    fn delete_range(&mut self, table: &TableHandle, range: &KeyRange) -> Result<()> {
        let rows = self.state.rows_mut(table)?;
        if range.is_all() {
            rows.clear();
            return Ok(());
        }
        let doomed: Vec<_> = rows.range(bounds(range)).map(|(key, _)| Arc::clone(key)).collect();
        for key in doomed {
            rows.remove(&key);
        }
        Ok(())
    }

    fn stands(&mut self, mark: &Mark) -> Result<bool> {
        self.witness.stands(mark, &mut Again { state: self.state, table: &mark.table })
    }
}

/// Reads a table again, for a mark.
struct Again<'s> {
    state: &'s State,
    table: &'s TableHandle,
}

impl Reread for Again<'_> {
    fn get(&mut self, key: &Cell) -> Result<Option<Cell>> {
        self.state.get_one(self.table, key)
    }

    fn rows(&mut self, range: &KeyRange, visit: Visit<'_>) -> Result<()> {
        let key_type = self.table.spec().key.cell;
        for (key, value) in self.state.rows(self.table)?.range(bounds(range)) {
            visit(Some((&decode(key_type, key)?, value)));
        }
        Ok(())
    }

    fn count(&mut self, range: &KeyRange) -> Result<u64> {
        self.state.count(self.table, range)
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("tables", &self.tables.len()).finish_non_exhaustive()
    }
}

/// Gives `f` the bytes that stand for a key; those of text and bytes are not copied.
fn with_bytes<T>(key: &Cell, f: impl FnOnce(&[u8]) -> T) -> T {
    match key {
        Cell::Text(text) => f(text.as_bytes()),
        Cell::Bytes(bytes) => f(bytes),
        Cell::Integer(_) | Cell::Real(_) => {
            let mut bytes = Vec::with_capacity(8);
            ordered::encode(key, &mut bytes);
            f(&bytes)
        }
    }
}

fn decode(key_type: CellType, bytes: &[u8]) -> Result<Cell> {
    ordered::decode(key_type, bytes.to_vec()).ok_or_else(|| {
        Error::new(ErrorKind::Corrupt, "a key in memory is not of its column's type")
    })
}

/// The same bounds over the bytes of keys.
fn bounds(range: &KeyRange) -> (Bound<Bytes>, Bound<Bytes>) {
    let bytes = |key: &Cell| with_bytes(key, |key| Arc::from(key));
    (range.lower().map(bytes), range.upper().map(bytes))
}

fn dropped(table: &TableHandle) -> Error {
    Error::new(ErrorKind::NotFound, "the table was dropped; open it again to make a new one")
        .table(table.name())
}
