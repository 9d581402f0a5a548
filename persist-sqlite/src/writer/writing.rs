//! What a group is judged by, and writes to.

use persist_core::Result;
use persist_core::backend::{Cell, KeyRange, Mark, TableHandle};
use persist_core::engine::{Reread, Transaction, Witness};
use rusqlite::Connection;

use crate::error::engine;
use crate::read::Again;
use crate::sql::SqlTable;

/// A group's transaction while it is judged.
pub(super) struct Writing<'w> {
    pub(super) connection: &'w Connection,
    pub(super) witness: &'w Witness,
}

impl Transaction for Writing<'_> {
    fn get(&mut self, table: &TableHandle, key: &Cell) -> Result<Option<Cell>> {
        Again { connection: self.connection, table }.get(key)
    }

    fn put(&mut self, table: &TableHandle, key: &Cell, value: &Cell) -> Result<()> {
        let sql = SqlTable::of(table)?;
        sql.note(value.len());
        let done = self
            .connection
            .prepare_cached(&sql.put)
            .and_then(|mut put| put.execute([sql.key.param(key), sql.value.param(value)]));
        done.map(drop).map_err(|error| engine(error).table(table.name()).key(key))
    }

    fn delete(&mut self, table: &TableHandle, key: &Cell) -> Result<()> {
        let sql = SqlTable::of(table)?;
        let done = self
            .connection
            .prepare_cached(&sql.delete)
            .and_then(|mut delete| delete.execute([sql.key.param(key)]));
        done.map(drop).map_err(|error| engine(error).table(table.name()).key(key))
    }

    fn delete_range(&mut self, table: &TableHandle, range: &KeyRange) -> Result<()> {
        let query = SqlTable::of(table)?.delete_range(range);
        let done = query.bind(self.connection).and_then(|mut delete| delete.raw_execute());
        done.map(drop).map_err(|error| engine(error).table(table.name()))
    }

    fn stands(&mut self, mark: &Mark) -> Result<bool> {
        let mut again = Again { connection: self.connection, table: &mark.table };
        self.witness.stands(mark, &mut again)
    }
}
