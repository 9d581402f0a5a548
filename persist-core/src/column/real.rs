//! Reals.

use super::{CodecError, Column, KeyColumn};
use crate::backend::{Cell, CellType};

/// 64-bit floats, in numeric order; NaN is refused, and `-0.0` is stored as `0.0`.
#[doc(alias = "Column.Float")]
#[derive(Debug)]
pub enum Real {}

impl Column for Real {
    type Borrowed<'a> = f64;
    type Owned = f64;
    const CELL: CellType = CellType::Real;

    fn codec() -> String {
        "real/1".into()
    }

    fn encode(real: f64) -> Result<Cell, CodecError> {
        Ok(Cell::Real(real))
    }

    fn decode(cell: Cell) -> Result<f64, CodecError> {
        let Cell::Real(real) = cell else { return Err("the cell is not of type real".into()) };
        Ok(real)
    }

    fn borrow(owned: &f64) -> f64 {
        *owned
    }
}

impl KeyColumn for Real {}
