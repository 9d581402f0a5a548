//! Changes that are one statement: one round trip, the commit included.

use std::collections::BTreeMap;

use persist_core::backend::limits::BYTE_BUDGET;
use persist_core::backend::{Batch, Cell, Commit, Expect, Op, TableHandle, Write};
use persist_core::{Error, ErrorKind, Outcome, Result};
use sqlx::Row as _;

use super::{Stop, Writer};
use crate::connection::{Connection, Query};
use crate::error::is_stale_statement;
use crate::sql::PgTable;

/// How often a refusal is looked into that was gone when it was looked at.
const LOOKS: usize = 32;

/// A group that only binds keys of one table, whatever they were bound to.
pub(super) struct Blind<'b> {
    table: &'b TableHandle,
    /// The last value of each key, in the order in which every commit locks them.
    puts: BTreeMap<&'b Cell, &'b Cell>,
}

impl<'b> Blind<'b> {
    pub(super) fn of(group: &'b [Batch]) -> Option<Self> {
        let Some(Op::Key { table, .. }) = group.first().and_then(|batch| batch.ops.first()) else {
            return None;
        };
        if group.iter().map(Batch::weight).sum::<usize>() > BYTE_BUDGET {
            return None;
        }
        let mut puts = BTreeMap::new();
        for op in group.iter().flat_map(|batch| &batch.ops) {
            match op {
                Op::Key { table: of, key, expect: Expect::Any, write: Write::Put(value) }
                    if of.id() == table.id() =>
                {
                    puts.insert(key, value);
                }
                _ => return None,
            }
        }
        Some(Self { table, puts })
    }
}

impl Writer {
    /// Writes a group that nothing is expected by.
    pub(super) fn blind(&mut self, blind: &Blind<'_>) -> Result<(), Stop> {
        let notice = self.notices.of_keys(blind.table, blind.puts.keys().copied());
        let table = PgTable::of(blind.table).map_err(Stop::Failed)?;
        self.change(blind.table, |connection| {
            let query = connection.query(&table.alone.put_all);
            let query = table.key.bind_all(query, blind.puts.keys().copied())?;
            let query = table.value.bind_all(query, blind.puts.values().copied())?;
            Ok(query.bind(&*notice))
        })
        .map(drop)
    }

    /// Judges and writes one operation.
    pub(super) fn alone(
        &mut self,
        handle: &TableHandle,
        key: &Cell,
        expect: &Expect,
        write: &Write,
    ) -> Result<Commit, Stop> {
        let table = PgTable::of(handle).map_err(Stop::Failed)?;
        let notice = self.notices.of_keys(handle, std::iter::once(key));
        for _ in 0..LOOKS {
            let statements = &table.alone;
            let (sql, parameters): (_, &[Parameter<'_>]) = match (expect, write) {
                (Expect::Any, Write::Nothing) => return Ok(Commit::Applied),
                (Expect::Any, Write::Put(value)) => (&statements.put, &[Parameter::Cell(value)]),
                (Expect::Absent, Write::Put(value)) => {
                    (&statements.put_if_absent, &[Parameter::Cell(value)])
                }
                (Expect::Present, Write::Put(value)) => {
                    (&statements.put_if_present, &[Parameter::Cell(value)])
                }
                (Expect::Equals(old), Write::Put(value)) => (
                    &statements.put_if_equal,
                    &[Parameter::Cell(value), Parameter::Notice, Parameter::Cell(old)],
                ),
                (Expect::Any | Expect::Present, Write::Delete) => (&statements.delete, &[]),
                (Expect::Equals(old), Write::Delete) => {
                    (&statements.delete_if_equal, &[Parameter::Notice, Parameter::Cell(old)])
                }
                // Nothing is written if it holds, so it need not stay so.
                (Expect::Absent, Write::Delete) | (_, Write::Nothing) => {
                    let found = self.found(handle, key)?;
                    return Ok(judged(expect, found));
                }
            };
            let changed = self.change(handle, |connection| {
                let mut query = table.key.bind(connection.query(sql), key);
                for parameter in parameters {
                    query = match parameter {
                        Parameter::Cell(cell) => table.value.bind(query, cell),
                        Parameter::Notice => query.bind(&*notice),
                    };
                }
                let noticed = parameters.iter().any(|p| matches!(p, Parameter::Notice));
                Ok(if noticed { query } else { query.bind(&*notice) })
            })?;
            if changed > 0 || matches!(expect, Expect::Any) {
                return Ok(Commit::Applied);
            }
            // It was refused for what was there then; others may have been quick since.
            let commit = judged(expect, self.found(handle, key)?);
            if commit != Commit::Applied {
                return Ok(commit);
            }
        }
        Err(Stop::Again(
            Error::new(ErrorKind::Conflict, "others changed the key again and again; try again")
                .table(handle.name())
                .key(key),
        ))
    }

    /// Runs a statement that is a transaction; how many rows it changed.
    fn change(
        &mut self,
        table: &TableHandle,
        query: impl FnOnce(&Connection) -> Result<Query<'static>>,
    ) -> Result<i64, Stop> {
        let Some(connection) = &mut self.connection else {
            return Err(Stop::Failed(Error::closed()));
        };
        let query = query(connection).map_err(Stop::Failed)?;
        let changed = self.runtime.block_on(connection.rows(query));
        let changed = changed
            .and_then(|rows| rows.first().ok_or(sqlx::Error::RowNotFound)?.try_get::<i64, _>(0));
        changed.map_err(|error| {
            if is_stale_statement(&error) {
                return Stop::before_commit(error, true);
            }
            match Stop::before_commit(error, false) {
                Stop::Again(error) => Stop::Again(error.table(table.name())),
                // The server may have committed and could not say so.
                Stop::Failed(error) if connection.is_broken() => {
                    Stop::Failed(error.table(table.name()).with_outcome(Outcome::Unknown))
                }
                Stop::Failed(error) => Stop::Failed(error.table(table.name())),
            }
        })
    }

    /// What a key is bound to at this moment.
    fn found(&mut self, handle: &TableHandle, key: &Cell) -> Result<Option<Cell>, Stop> {
        let table = PgTable::of(handle).map_err(Stop::Failed)?;
        let Some(connection) = &mut self.connection else {
            return Err(Stop::Failed(Error::closed()));
        };
        let query = table.key.bind(connection.query(&table.get), key);
        let rows = self.runtime.block_on(connection.rows(query)).map_err(|error| {
            let lost = connection.is_broken();
            Stop::before_commit(error, lost)
        })?;
        let found = rows.first().map(|row| table.value.cell(row, 0)).transpose();
        found.map_err(|error| Stop::Failed(error.table(handle.name()).key(key)))
    }
}

/// A parameter of a statement, after the key.
enum Parameter<'c> {
    Cell(&'c Cell),
    Notice,
}

fn judged(expect: &Expect, found: Option<Cell>) -> Commit {
    if expect.holds(found.as_ref()) {
        Commit::Applied
    } else {
        Commit::Conflict { which: 0, found }
    }
}
