//! What a request must be before the engine sees it.
//!
//! Core has checked all of this in the client. It is checked again, because an engine relies on
//! it, and because one client that is not what it seems must not harm the others.

use persist_core::backend::limits::{MAX_KEY, MAX_NAME, MAX_VALUE};
use persist_core::backend::{Cell, CellType, KeyRange, TableHandle};
use persist_core::{Error, ErrorKind, Result};

use crate::shared::wire;

/// How much longer than a key a bound may be: that after a prefix is the successor of a key.
const SUCCESSOR: usize = 64;

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
            cell(key.clone(), table.spec().key.cell, MAX_KEY + SUCCESSOR).ok_or_else(refused)?;
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

#[cfg(test)]
mod tests {
    use std::ops::Bound;

    use persist_core::backend::{ColumnSpec, TableSpec};

    use super::*;

    #[test]
    fn what_no_client_sends_is_refused() {
        let column = |cell| ColumnSpec { cell, codec: "c".to_owned() };
        let spec = TableSpec::new("t", column(CellType::Text), column(CellType::Real));
        let table = TableHandle::new(1, spec, ());
        let text = |text: &str| wire::Cell::Text(text.to_owned());
        assert!(key(&table, text("k")).is_ok());
        assert!(key(&table, text("a\0b")).is_err());
        assert!(key(&table, wire::Cell::Bytes(vec![1])).is_err());
        assert!(key(&table, text(&"k".repeat(MAX_KEY))).is_ok());
        assert!(key(&table, text(&"k".repeat(MAX_KEY + 1))).is_err());
        for (real, sound) in [(1.5, true), (0.0, true), (-0.0, false), (f64::NAN, false)] {
            assert_eq!(value(&table, wire::Cell::Real(real)).is_ok(), sound, "{real}");
        }
        assert!(value(&table, wire::Cell::Integer(1)).is_err());
        let between = |low: &str, high: &str| wire::Range {
            lower: Bound::Included(text(low)),
            upper: Bound::Excluded(text(high)),
        };
        assert!(range(&table, between("a", "b")).is_ok());
        assert!(range(&table, between("b", "a")).is_err());
        assert!(range(&table, between("a", "a")).is_err());
        assert!(range(&table, between("a", "b\0")).is_err());
        for (name_, sound) in [("t", true), ("", false), ("a\0", false)] {
            assert_eq!(name(name_).is_ok(), sound, "{name_:?}");
        }
        assert!(name(&"n".repeat(MAX_NAME + 1)).is_err());
    }
}
