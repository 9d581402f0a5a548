//! The contract's reads, on one view.

use persist_core::backend::limits::BYTE_BUDGET;
use persist_core::backend::{Cell, Direction, KeyRange, Page, TableHandle};
use persist_core::engine::{Reread, Visit};
use persist_core::{Error, Result};

use crate::tables::Place;
use crate::values::{self, Stored};
use crate::view::View;
use crate::{keys, values::Stored::Cut};

/// How many rows are read at once on the caller's thread.
const SHORT_ROWS: usize = 256;

/// How many keys are looked up or written at once on the caller's thread.
pub(crate) const SHORT_KEYS: usize = 64;

/// How many bytes are read or written at once on the caller's thread.
pub(crate) const SHORT_BYTES: usize = 64 << 10;

/// How much time a read may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Haste {
    /// On the caller's thread: nothing large, and not much.
    Short,
    /// On a thread that may sleep.
    Long,
}

/// Why a read did not succeed.
pub(crate) enum Miss {
    /// It needs a thread that may sleep.
    Long,
    Failed(Error),
}

pub(crate) type Attempt<T> = Result<T, Miss>;

impl From<Error> for Miss {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What some keys are bound to, as many as the byte budget allows.
pub(crate) fn get(
    view: &View<'_>,
    table: &TableHandle,
    keys: &[Cell],
    haste: Haste,
) -> Attempt<Vec<Option<Cell>>> {
    let place = Place::of(table)?;
    if haste == Haste::Short && keys.len() > SHORT_KEYS {
        return Err(Miss::Long);
    }
    let (mut found, mut weight) = (Vec::with_capacity(keys.len()), 0);
    for key in keys {
        let Some(value) = view.get(&keys::row_bytes(place.id, key))? else {
            found.push(None);
            continue;
        };
        let about = |error: Error| error.table(table.name()).key(key);
        let stored = Stored::parse(&value).map_err(about)?;
        weight += stored.len();
        if haste == Haste::Short && (weight > SHORT_BYTES || matches!(stored, Cut(_))) {
            return Err(Miss::Long);
        }
        if weight > BYTE_BUDGET && !found.is_empty() {
            break;
        }
        found.push(Some(cell(view, place, stored).map_err(about)?));
    }
    Ok(found)
}

/// What one key is bound to.
pub(crate) fn get_one(
    view: &View<'_>,
    table: &TableHandle,
    key: &Cell,
    haste: Haste,
) -> Attempt<Option<Cell>> {
    let place = Place::of(table)?;
    let Some(value) = view.get(&keys::row_bytes(place.id, key))? else { return Ok(None) };
    let about = |error: Error| error.table(table.name()).key(key);
    let stored = Stored::parse(&value).map_err(about)?;
    if haste == Haste::Short && (stored.len() > SHORT_BYTES || matches!(stored, Cut(_))) {
        return Err(Miss::Long);
    }
    Ok(Some(cell(view, place, stored).map_err(about)?))
}

/// One page of a range.
pub(crate) fn scan(
    view: &View<'_>,
    table: &TableHandle,
    range: &KeyRange,
    direction: Direction,
    limit: usize,
    haste: Haste,
) -> Attempt<Page> {
    let place = Place::of(table)?;
    let (limit, budget) = match haste {
        Haste::Short => (limit.min(SHORT_ROWS), SHORT_BYTES),
        Haste::Long => (limit, BYTE_BUDGET),
    };
    let (mut page, mut weight) = (Page::default(), 0);
    // A page cannot end at a key that is no key, since what is left begins after a key.
    let mut rest = None;
    let mut left = Some(keys::rows(place.id, range));
    while let Some(span) = left {
        let wanted = limit.saturating_sub(page.rows.len()).max(1);
        let (rows, after) = view.step(&span, direction, wanted)?;
        for (row, value) in rows {
            let Some(key) = keys::cell(place.key, &row) else {
                page.rows.push(Err(damaged_key(table)));
                rest = None;
                continue;
            };
            let about = |error: Error| error.table(table.name()).key(&key);
            let stored = Stored::parse(&value).map_err(about);
            weight += key.len() + stored.as_ref().map_or(0, Stored::len);
            let large = haste == Haste::Short && matches!(stored, Ok(Cut(_)));
            if (large || weight > budget) && rest.is_some() {
                page.rest = rest;
                return Ok(page);
            }
            if large {
                return Err(Miss::Long);
            }
            let value = stored.and_then(|stored| cell(view, place, stored).map_err(about));
            rest = range.rest(direction, &key);
            page.rows.push(value.map(|value| (key, value)));
            if page.rows.len() >= limit {
                page.rest = rest;
                return Ok(page);
            }
        }
        left = after;
    }
    Ok(page)
}

/// How many bindings a range has.
pub(crate) fn count(
    view: &View<'_>,
    table: &TableHandle,
    range: &KeyRange,
    haste: Haste,
) -> Attempt<u64> {
    let place = Place::of(table)?;
    let mut left = Some(keys::rows(place.id, range));
    let mut count = 0;
    while let Some(span) = left {
        let (rows, after) = view.step(&span, Direction::Forward, SHORT_ROWS)?;
        count += rows.len() as u64;
        if haste == Haste::Short && after.is_some() {
            return Err(Miss::Long);
        }
        left = after;
    }
    Ok(count)
}

/// Reads one table again, for a mark.
#[derive(Debug)]
pub(crate) struct Again<'a> {
    pub(crate) view: View<'a>,
    pub(crate) table: &'a TableHandle,
}

impl Reread for Again<'_> {
    fn get(&mut self, key: &Cell) -> Result<Option<Cell>> {
        one(&self.view, self.table, key)
    }

    fn rows(&mut self, range: &KeyRange, visit: Visit<'_>) -> Result<()> {
        let place = Place::of(self.table)?;
        self.view.each(keys::rows(place.id, range), |row, value| {
            let key = keys::cell(place.key, &row);
            let value = Stored::parse(&value).and_then(|stored| cell(&self.view, place, stored));
            visit(key.as_ref().zip(value.as_ref().ok()));
            Ok(())
        })
    }

    fn count(&mut self, range: &KeyRange) -> Result<u64> {
        settled(count(&self.view, self.table, range, Haste::Long))
    }
}

/// What one key is bound to.
pub(crate) fn one(view: &View<'_>, table: &TableHandle, key: &Cell) -> Result<Option<Cell>> {
    settled(get_one(view, table, key, Haste::Long))
}

/// A read that had all the time it wanted.
pub(crate) fn settled<T>(attempt: Attempt<T>) -> Result<T> {
    attempt.map_err(|miss| match miss {
        Miss::Failed(error) => error,
        Miss::Long => {
            Error::new(persist_core::ErrorKind::Backend, "a read wanted more than all the time")
        }
    })
}

fn cell(view: &View<'_>, place: &Place, stored: Stored<'_>) -> Result<Cell> {
    values::cell(place.value, view.bytes(place.id, stored)?)
}

fn damaged_key(table: &TableHandle) -> Error {
    Error::new(persist_core::ErrorKind::Decode, "a stored key is no key of the column's type")
        .table(table.name())
}
