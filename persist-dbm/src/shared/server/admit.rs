//! What a request must be before the engine sees it.
//!
//! Core has checked all of this in the client. It is checked again, because an engine relies on
//! it, and because one client that is not what it seems must not harm the others.

use persist_core::backend::limits::{MAX_KEY, MAX_NAME, MAX_VALUE};
use persist_core::backend::{Cell, CellType, KeyRange, TableHandle};
use persist_core::{Error, ErrorKind, Result};

use crate::shared::wire;

/// A name that a table may have.
pub(super) fn name(name: &str) -> Result<()> {
    if name.is_empty() || name.len() > MAX_NAME || name.contains('\0') {
        return Err(refused("a name"));
    }
    Ok(())
}

/// A key of a table.
pub(super) fn key(table: &TableHandle, key: wire::Cell) -> Result<Cell> {
    cell(key, table.spec().key.cell, MAX_KEY).ok_or_else(|| refused("a key").table(table.name()))
}

/// A value of a table.
pub(super) fn value(table: &TableHandle, value: wire::Cell) -> Result<Cell> {
    cell(value, table.spec().value.cell, MAX_VALUE)
        .ok_or_else(|| refused("a value").table(table.name()))
}

/// A range of keys of a table.
pub(super) fn range(table: &TableHandle, range: wire::Range) -> Result<KeyRange> {
    let refused = || refused("a range").table(table.name());
    for bound in [&range.lower, &range.upper] {
        use std::ops::Bound::{Excluded, Included};
        if let Included(key) | Excluded(key) = bound {
            // A bound may be the successor of a prefix, and so be no key itself.
            cell(key.clone(), table.spec().key.cell, MAX_KEY + 4).ok_or_else(refused)?;
        }
    }
    range.checked().ok_or_else(refused)
}

fn cell(cell: wire::Cell, column: CellType, limit: usize) -> Option<Cell> {
    let cell = Cell::from(cell);
    let sound = match &cell {
        Cell::Text(text) => !text.contains('\0'),
        Cell::Real(real) => !real.is_nan() && real.to_bits() != (-0.0_f64).to_bits(),
        Cell::Bytes(_) | Cell::Integer(_) => true,
    };
    (sound && cell.cell_type() == column && cell.len() <= limit).then_some(cell)
}

fn refused(what: &str) -> Error {
    Error::new(
        ErrorKind::Backend,
        format!("{what} in the request is none that a client of this version sends"),
    )
}
