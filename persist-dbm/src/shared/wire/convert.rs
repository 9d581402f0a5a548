//! Between what travels and what core speaks of. Content is moved, never copied.

use std::ops::Bound;
use std::sync::Arc;

use persist_core::backend::{self as core, KeyRange};

use super::{Cell, CellType, Column, Expect, Hint, Range, Spec, Write};

impl From<core::Cell> for Cell {
    fn from(cell: core::Cell) -> Self {
        match cell {
            core::Cell::Text(text) => Self::Text(text),
            core::Cell::Bytes(bytes) => Self::Bytes(bytes),
            core::Cell::Integer(integer) => Self::Integer(integer),
            core::Cell::Real(real) => Self::Real(real),
        }
    }
}

impl From<Cell> for core::Cell {
    fn from(cell: Cell) -> Self {
        match cell {
            Cell::Text(text) => Self::Text(text),
            Cell::Bytes(bytes) => Self::Bytes(bytes),
            Cell::Integer(integer) => Self::Integer(integer),
            Cell::Real(real) => Self::Real(real),
        }
    }
}

impl From<&KeyRange> for Range {
    fn from(range: &KeyRange) -> Self {
        let cell = |bound: Bound<&core::Cell>| bound.map(|cell| cell.clone().into());
        Self { lower: cell(range.lower()), upper: cell(range.upper()) }
    }
}

impl Range {
    /// The range as core has it; `None` if it is inverted.
    pub(crate) fn checked(self) -> Option<KeyRange> {
        KeyRange::new(self.lower.map(Into::into), self.upper.map(Into::into))
    }
}

impl From<core::CellType> for CellType {
    fn from(cell: core::CellType) -> Self {
        match cell {
            core::CellType::Text => Self::Text,
            core::CellType::Bytes => Self::Bytes,
            core::CellType::Integer => Self::Integer,
            core::CellType::Real => Self::Real,
        }
    }
}

impl From<CellType> for core::CellType {
    fn from(cell: CellType) -> Self {
        match cell {
            CellType::Text => Self::Text,
            CellType::Bytes => Self::Bytes,
            CellType::Integer => Self::Integer,
            CellType::Real => Self::Real,
        }
    }
}

impl From<core::ColumnSpec> for Column {
    fn from(column: core::ColumnSpec) -> Self {
        Self { cell: column.cell.into(), codec: column.codec }
    }
}

impl From<Column> for core::ColumnSpec {
    fn from(column: Column) -> Self {
        Self { cell: column.cell.into(), codec: column.codec }
    }
}

impl From<core::TableSpec> for Spec {
    fn from(spec: core::TableSpec) -> Self {
        let (key, value) = (spec.key.into(), spec.value.into());
        Self { name: spec.name, key, value, fingerprint: spec.fingerprint }
    }
}

impl From<Spec> for core::TableSpec {
    fn from(spec: Spec) -> Self {
        let mut core = Self::new(spec.name, spec.key.into(), spec.value.into());
        core.fingerprint = spec.fingerprint;
        core
    }
}

impl From<core::Expect> for Expect {
    fn from(expect: core::Expect) -> Self {
        match expect {
            core::Expect::Any => Self::Any,
            core::Expect::Absent => Self::Absent,
            core::Expect::Present => Self::Present,
            core::Expect::Equals(cell) => Self::Equals(cell.into()),
        }
    }
}

impl From<Expect> for core::Expect {
    fn from(expect: Expect) -> Self {
        match expect {
            Expect::Any => Self::Any,
            Expect::Absent => Self::Absent,
            Expect::Present => Self::Present,
            Expect::Equals(cell) => Self::Equals(cell.into()),
        }
    }
}

impl From<core::Write> for Write {
    fn from(write: core::Write) -> Self {
        match write {
            core::Write::Put(cell) => Self::Put(cell.into()),
            core::Write::Delete => Self::Delete,
            core::Write::Nothing => Self::Nothing,
        }
    }
}

impl From<Write> for core::Write {
    fn from(write: Write) -> Self {
        match write {
            Write::Put(cell) => Self::Put(cell.into()),
            Write::Delete => Self::Delete,
            Write::Nothing => Self::Nothing,
        }
    }
}

impl From<core::Hint> for Hint {
    fn from(hint: core::Hint) -> Self {
        match hint {
            core::Hint::Keys { table, keys } => {
                let keys = keys.iter().cloned().map(Into::into).collect();
                Self::Keys { table: table.as_ref().to_owned(), keys }
            }
            core::Hint::Table(table) => Self::Table(table.as_ref().to_owned()),
            core::Hint::Everything => Self::Everything,
        }
    }
}

impl From<Hint> for core::Hint {
    fn from(hint: Hint) -> Self {
        match hint {
            Hint::Keys { table, keys } => Self::Keys {
                table: Arc::from(table),
                keys: keys.into_iter().map(Into::into).collect(),
            },
            Hint::Table(table) => Self::Table(Arc::from(table)),
            Hint::Everything => Self::Everything,
        }
    }
}
