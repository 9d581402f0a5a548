//! Cells as SQLite's values, in both directions.

use persist_core::backend::{Cell, CellType};
use persist_core::{Error, ErrorKind, Result};
use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

/// How a column is stored: the type of its cells, and the type that SQLite holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    cell: CellType,
    stored: CellType,
}

impl Form {
    /// Cells that are stored as what they are.
    pub(crate) fn of(cell: CellType) -> Self {
        Self { cell, stored: cell }
    }

    /// Bytes that are stored as text.
    pub(crate) fn raw_text() -> Self {
        Self { cell: CellType::Bytes, stored: CellType::Text }
    }

    /// What SQLite holds.
    pub(crate) fn stored(self) -> CellType {
        self.stored
    }

    /// A cell as a parameter, without a copy.
    pub(crate) fn param(self, cell: &Cell) -> Param<'_> {
        Param { cell, as_text: self.stored == CellType::Text }
    }

    /// The cell of a stored value, if it is of the column's type.
    pub(crate) fn cell(self, stored: ValueRef<'_>) -> Result<Cell> {
        match (self.stored, stored) {
            (CellType::Text, ValueRef::Text(bytes)) if self.cell == CellType::Bytes => {
                Ok(Cell::Bytes(bytes.to_vec()))
            }
            (CellType::Text, ValueRef::Text(bytes)) => text(bytes),
            (CellType::Bytes, ValueRef::Blob(bytes)) => Ok(Cell::Bytes(bytes.to_vec())),
            (CellType::Integer, ValueRef::Integer(integer)) => Ok(Cell::Integer(integer)),
            (CellType::Real, ValueRef::Real(real)) => Ok(Cell::Real(real)),
            (expected, other) => Err(Error::new(
                ErrorKind::Decode,
                format!("the stored cell is {} where {expected} was expected", other.data_type()),
            )),
        }
    }

    /// Where a stored key lies: its cell, or its bytes if they are no text but stand among texts.
    pub(crate) fn place(self, key: ValueRef<'_>) -> Result<Cell> {
        self.cell(key).or_else(|_| match (self.stored, key) {
            (CellType::Text, ValueRef::Text(bytes)) => Ok(Cell::Bytes(bytes.to_vec())),
            _ => Err(Error::new(ErrorKind::Corrupt, "a stored key is not of its column's type")),
        })
    }
}

/// A cell as a parameter.
pub(crate) struct Param<'c> {
    cell: &'c Cell,
    /// Whether bytes are passed as text, as everything in a column of text must be to compare.
    as_text: bool,
}

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.cell {
            Cell::Text(text) => ValueRef::Text(text.as_bytes()),
            Cell::Bytes(bytes) if self.as_text => ValueRef::Text(bytes),
            Cell::Bytes(bytes) => ValueRef::Blob(bytes),
            Cell::Integer(integer) => ValueRef::Integer(*integer),
            Cell::Real(real) => ValueRef::Real(*real),
        }))
    }
}

/// How many bytes a stored value takes.
pub(crate) fn stored_len(stored: ValueRef<'_>) -> usize {
    match stored {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
        ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Null => 8,
    }
}

fn text(bytes: &[u8]) -> Result<Cell> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.contains('\0') => {
            Err(Error::new(ErrorKind::Decode, "the stored text holds NUL"))
        }
        Ok(text) => Ok(Cell::Text(text.to_owned())),
        Err(error) => {
            Err(Error::new(ErrorKind::Decode, "the stored text is not UTF-8").caused_by(error))
        }
    }
}
