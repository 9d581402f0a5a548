//! Cells as SQLite's values, in both directions.

use persist_core::backend::{Cell, CellType};
use persist_core::{Error, ErrorKind, Result};
use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

/// A cell as a parameter, without a copy.
pub(crate) struct Param<'c>(pub(crate) &'c Cell);

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Cell::Text(text) => ValueRef::Text(text.as_bytes()),
            Cell::Bytes(bytes) => ValueRef::Blob(bytes),
            Cell::Integer(integer) => ValueRef::Integer(*integer),
            Cell::Real(real) => ValueRef::Real(*real),
        }))
    }
}

/// The cell of a stored value, if it is of the column's type.
pub(crate) fn cell(expected: CellType, stored: ValueRef<'_>) -> Result<Cell> {
    match (expected, stored) {
        (CellType::Text, ValueRef::Text(text)) => match std::str::from_utf8(text) {
            Ok(text) => Ok(Cell::Text(text.to_owned())),
            Err(error) => {
                Err(Error::new(ErrorKind::Decode, "the stored text is not UTF-8").caused_by(error))
            }
        },
        (CellType::Bytes, ValueRef::Blob(bytes)) => Ok(Cell::Bytes(bytes.to_vec())),
        (CellType::Integer, ValueRef::Integer(integer)) => Ok(Cell::Integer(integer)),
        (CellType::Real, ValueRef::Real(real)) => Ok(Cell::Real(real)),
        (_, other) => Err(Error::new(
            ErrorKind::Decode,
            format!("the stored cell is {} where {expected} was expected", other.data_type()),
        )),
    }
}

/// How many bytes a stored value takes.
pub(crate) fn stored_len(stored: ValueRef<'_>) -> usize {
    match stored {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
        ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Null => 8,
    }
}
