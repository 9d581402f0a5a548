//! Where a scan goes on after its last row.

use std::ops::Bound;

use persist_core::backend::{Cell, Direction, KeyRange};

/// What is left of a range after the key at `last`.
///
/// A key that is not the text it should be is placed by its bytes. Texts and bytes do not compare
/// as cells, though they do in a column of text, so then the whole range is put into bytes.
pub(crate) fn rest(range: &KeyRange, direction: Direction, last: &Cell) -> Option<KeyRange> {
    let same_type = |bound: Bound<&Cell>| match bound {
        Bound::Included(cell) | Bound::Excluded(cell) => cell.cell_type() == last.cell_type(),
        Bound::Unbounded => true,
    };
    if same_type(range.lower()) && same_type(range.upper()) {
        return range.rest(direction, last);
    }
    let (lower, upper) = (range.lower().map(in_bytes), range.upper().map(in_bytes));
    KeyRange::new(lower, upper)?.rest(direction, &in_bytes(last))
}

fn in_bytes(cell: &Cell) -> Cell {
    match cell {
        Cell::Text(text) => Cell::Bytes(text.clone().into_bytes()),
        other => other.clone(),
    }
}
