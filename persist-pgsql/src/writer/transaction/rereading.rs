//! Reading again what a mark was taken of.

use persist_core::backend::{Cell, Direction, KeyRange, TableHandle};
use persist_core::engine::{Reread, Visit};
use persist_core::{Error, ErrorKind, Result};
use tokio::runtime::Runtime;

use crate::connection::Connection;
use crate::read::{Failure, count, get, scan};
use crate::sql::PgTable;

/// The most rows of one page.
const PAGE: usize = 4096;

pub(super) struct Rereading<'r> {
    pub(super) runtime: &'r Runtime,
    pub(super) connection: &'r mut Connection,
    pub(super) table: &'r TableHandle,
    /// What the engine failed with.
    pub(super) failure: Option<sqlx::Error>,
}

impl Rereading<'_> {
    fn kept<T>(&mut self, read: Result<T, Failure>) -> Result<T> {
        read.map_err(|failure| match failure {
            Failure::Engine(error) => {
                self.failure = Some(error);
                Error::new(ErrorKind::Backend, "what was marked cannot be read again")
            }
            Failure::Other(error) => error,
        })
    }
}

impl Reread for Rereading<'_> {
    fn get(&mut self, key: &Cell) -> Result<Option<Cell>> {
        let table = PgTable::of(self.table)?;
        let found = self.runtime.block_on(get(self.connection, table, &[key]));
        self.kept(found)?.into_iter().next().unwrap_or(Ok(None))
    }

    fn rows(&mut self, range: &KeyRange, visit: Visit<'_>) -> Result<()> {
        let table = PgTable::of(self.table)?;
        let mut left = Some(range.clone());
        while let Some(range) = left {
            let page = scan(self.connection, table, &range, Direction::Forward, PAGE);
            let page = self.runtime.block_on(page);
            let page = self.kept(page)?;
            for row in &page.rows {
                visit(row.as_ref().ok().map(|(key, value)| (key, value)));
            }
            left = page.rest;
        }
        Ok(())
    }

    fn count(&mut self, range: &KeyRange) -> Result<u64> {
        let table = PgTable::of(self.table)?;
        let count = self.runtime.block_on(count(self.connection, table, range));
        self.kept(count)
    }
}
