//! Integers.

use super::{CodecError, Column, KeyColumn};
use crate::backend::{Cell, CellType};

/// Signed 64-bit integers, in numeric order.
#[derive(Debug)]
pub enum Integer {}

impl Column for Integer {
    type Borrowed<'a> = i64;
    type Owned = i64;
    const CELL: CellType = CellType::Integer;

    fn codec() -> String {
        "integer/1".into()
    }

    fn encode(integer: i64) -> Result<Cell, CodecError> {
        Ok(Cell::Integer(integer))
    }

    fn decode(cell: Cell) -> Result<i64, CodecError> {
        let Cell::Integer(integer) = cell else {
            return Err("the cell is not of type integer".into());
        };
        Ok(integer)
    }

    fn borrow(owned: &i64) -> i64 {
        *owned
    }
}

impl KeyColumn for Integer {}
