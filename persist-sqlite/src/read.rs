//! Reading through one connection.

use persist_core::backend::limits::BYTE_BUDGET;
use persist_core::backend::{Cell, Direction, KeyRange, Page, TableHandle};
use persist_core::engine::{Reread, Visit};
use persist_core::{Error, ErrorKind, Result};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::cells::stored_len;
use crate::error::{engine, is_busy};
use crate::place;
use crate::sql::{SHORT, SqlTable};

/// How many rows are read at once on the caller's thread.
const SHORT_PAGE: usize = 256;

/// How many keys are looked up or written at once on the caller's thread.
pub(crate) const SHORT_KEYS: usize = 64;

/// How much time a read may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Haste {
    /// On the caller's thread: neither wait for anybody nor touch what is large.
    Short,
    /// On a thread that may sleep.
    Long,
}

/// Why a read did not succeed.
pub(crate) enum Miss {
    /// It needs a thread that may sleep.
    Long,
    /// Somebody else is in the way.
    Busy(rusqlite::Error),
    Failed(Error),
}

pub(crate) type Attempt<T> = Result<T, Miss>;

impl From<Error> for Miss {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<rusqlite::Error> for Miss {
    fn from(error: rusqlite::Error) -> Self {
        if is_busy(&error) { Self::Busy(error) } else { Self::Failed(engine(error)) }
    }
}

/// What some keys are bound to, as many as the byte budget allows.
pub(crate) fn get(
    connection: &Connection,
    table: &TableHandle,
    keys: &[Cell],
    haste: Haste,
) -> Attempt<Vec<Option<Cell>>> {
    if let [key] = keys {
        return Ok(vec![get_one(connection, table, key, haste)?]);
    }
    if haste == Haste::Short && keys.len() > SHORT_KEYS {
        return Err(Miss::Long);
    }
    let _one_state = OneState::begin(connection)?;
    let (mut found, mut weight) = (Vec::with_capacity(keys.len()), 0);
    for key in keys {
        let value = get_one(connection, table, key, haste)?;
        weight += value.as_ref().map_or(0, Cell::len);
        if weight > BYTE_BUDGET && !found.is_empty() {
            break;
        }
        found.push(value);
    }
    Ok(found)
}

/// One page of a range.
pub(crate) fn scan(
    connection: &Connection,
    table: &TableHandle,
    range: &KeyRange,
    direction: Direction,
    limit: usize,
    haste: Haste,
) -> Attempt<Page> {
    let (limit, budget) = match haste {
        Haste::Short => (limit.min(SHORT_PAGE), SHORT),
        Haste::Long => (limit, BYTE_BUDGET),
    };
    let sql = SqlTable::of(table)?;
    let query = sql.scan(range, direction, limit, haste == Haste::Short);
    let mut statement = query.bind(connection)?;
    let mut rows = statement.raw_query();
    let rows_at_once = Vec::with_capacity(limit.min(SHORT_PAGE));
    let (mut page, mut weight) = (Page { rows: rows_at_once, rest: None }, 0);
    // Where the last row lies, if it could not be read.
    let mut unread = None;
    let mut more = false;
    while let Some(row) = rows.next()? {
        let (key, value) = (row.get_ref(0)?, row.get_ref(1)?);
        if value == ValueRef::Null && haste == Haste::Short {
            if page.rows.is_empty() {
                return Err(Miss::Long);
            }
            more = true;
            break;
        }
        sql.note(stored_len(value));
        weight += stored_len(key) + stored_len(value);
        if weight > budget && !page.rows.is_empty() {
            more = true;
            break;
        }
        let read = sql.key.cell(key).and_then(|key| Ok((key, sql.value.cell(value)?)));
        page.rows.push(match read {
            Ok(row) => Ok(row),
            Err(error) => Err(error.key(unread.insert(sql.key.place(key)?))),
        });
    }
    if more || page.rows.len() >= limit {
        let last = match page.rows.last() {
            Some(Ok((key, _))) => Some(key),
            _ => unread.as_ref(),
        };
        page.rest = last.and_then(|last| place::rest(range, direction, last));
    }
    Ok(page)
}

/// How many bindings a range has.
pub(crate) fn count(
    connection: &Connection,
    table: &TableHandle,
    range: &KeyRange,
    haste: Haste,
) -> Attempt<u64> {
    if haste == Haste::Short {
        return Err(Miss::Long);
    }
    let query = SqlTable::of(table)?.count(range);
    let mut statement = query.bind(connection)?;
    let mut rows = statement.raw_query();
    let count: i64 = rows.next()?.map_or(Ok(0), |row| row.get(0))?;
    Ok(count.cast_unsigned())
}

pub(crate) fn get_one(
    connection: &Connection,
    table: &TableHandle,
    key: &Cell,
    haste: Haste,
) -> Attempt<Option<Cell>> {
    let sql = SqlTable::of(table)?;
    let text = sql.get(haste == Haste::Short);
    let read = |row: &Row<'_>| {
        let value = row.get_ref(0)?;
        if value == ValueRef::Null && haste == Haste::Short {
            return Ok(Err(Miss::Long));
        }
        sql.note(stored_len(value));
        Ok(sql.value.cell(value).map_err(|error| Miss::Failed(error.key(key))))
    };
    connection.prepare_cached(text)?.query_row([sql.key.param(key)], read).optional()?.transpose()
}

/// A read transaction, unless the connection is in one.
struct OneState<'c>(Option<&'c Connection>);

impl<'c> OneState<'c> {
    fn begin(connection: &'c Connection) -> rusqlite::Result<Self> {
        if !connection.is_autocommit() {
            return Ok(Self(None));
        }
        connection.prepare_cached("BEGIN DEFERRED")?.execute([])?;
        Ok(Self(Some(connection)))
    }
}

impl Drop for OneState<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.0 {
            // Ending a transaction that has only read cannot fail in a way that matters.
            let _ = connection.prepare_cached("ROLLBACK").and_then(|mut end| end.execute([]));
        }
    }
}

/// Reads a table again, for a mark, within the write transaction.
pub(crate) struct Again<'c> {
    pub(crate) connection: &'c Connection,
    pub(crate) table: &'c TableHandle,
}

impl Reread for Again<'_> {
    fn get(&mut self, key: &Cell) -> Result<Option<Cell>> {
        settled(get_one(self.connection, self.table, key, Haste::Long))
    }

    fn rows(&mut self, range: &KeyRange, visit: Visit<'_>) -> Result<()> {
        let mut left = Some(range.clone());
        while let Some(range) = left {
            let page =
                scan(self.connection, self.table, &range, Direction::Forward, 4096, Haste::Long);
            let page = settled(page)?;
            for row in &page.rows {
                visit(row.as_ref().ok().map(|(key, value)| (key, value)));
            }
            left = page.rest;
        }
        Ok(())
    }

    fn count(&mut self, range: &KeyRange) -> Result<u64> {
        settled(count(self.connection, self.table, range, Haste::Long))
    }
}

/// A read that was given time, and so does not ask for more.
pub(crate) fn settled<T>(attempt: Attempt<T>) -> Result<T> {
    attempt.map_err(|miss| match miss {
        Miss::Failed(error) => error,
        Miss::Busy(error) => engine(error),
        Miss::Long => Error::new(ErrorKind::Backend, "a read asks for more time than there is"),
    })
}
