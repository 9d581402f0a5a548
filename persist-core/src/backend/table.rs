//! How a table is described, and what stands for an open one.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::CellType;
use crate::{Error, ErrorKind, Result};

/// The number of the registry's layout that this version writes and reads.
pub const FORMAT: u32 = 1;

/// What a store remembers of one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnSpec {
    /// The type of the cells.
    pub cell: CellType,
    /// The name of the codec that made them, such as `text/1`.
    pub codec: String,
}

/// What a store remembers of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TableSpec {
    /// The exact name: 1 to 200 bytes of UTF-8 without NUL.
    pub name: String,
    /// The column of keys.
    pub key: ColumnSpec,
    /// The column of values.
    pub value: ColumnSpec,
    /// A fingerprint of the value type. Reserved: empty today, and not compared.
    pub fingerprint: String,
}

impl TableSpec {
    /// The description of a table.
    pub fn new(name: impl Into<String>, key: ColumnSpec, value: ColumnSpec) -> Self {
        Self { name: name.into(), key, value, fingerprint: String::new() }
    }

    /// Checks that a table which is `stored` may be opened as `self`. Every backend calls this,
    /// so that all of them refuse the same things in the same words.
    ///
    /// # Errors
    /// `SchemaMismatch`, naming what is stored and what was asked for.
    pub fn check(&self, stored: &Self) -> Result<()> {
        for (column, mine, theirs) in
            [("keys", &self.key, &stored.key), ("values", &self.value, &stored.value)]
        {
            if mine != theirs {
                return Err(Error::new(
                    ErrorKind::SchemaMismatch,
                    format!(
                        "its {column} are stored as {} ({}), but were asked for as {} ({}); \
                         open it with the columns that it was made with, or use another name",
                        theirs.cell, theirs.codec, mine.cell, mine.codec,
                    ),
                )
                .table(&self.name));
            }
        }
        Ok(())
    }
}

/// An open table: its description, and whatever the backend needs to find it again.
///
/// Cheap to clone. A handle outlives neither its backend nor, usefully, its table: after
/// [`drop_table`](super::Backend::drop_table) its use is `NotFound`.
#[derive(Clone)]
pub struct TableHandle(Arc<Inner>);

struct Inner {
    id: u64,
    spec: TableSpec,
    private: Box<dyn Any + Send + Sync>,
}

impl TableHandle {
    /// A handle made by a backend. `id` is the same for all handles to one table and is
    /// never given to another; `private` is what [`private`](Self::private) gives back.
    pub fn new(id: u64, spec: TableSpec, private: impl Any + Send + Sync) -> Self {
        Self(Arc::new(Inner { id, spec, private: Box::new(private) }))
    }

    /// The number of the table within its backend.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// The exact name.
    pub fn name(&self) -> &str {
        &self.0.spec.name
    }

    /// The description.
    pub fn spec(&self) -> &TableSpec {
        &self.0.spec
    }

    /// What the backend stored in the handle.
    ///
    /// # Errors
    /// `Backend` if the handle was made by a backend of another kind.
    pub fn private<T: Any>(&self) -> Result<&T> {
        self.0.private.downcast_ref().ok_or_else(|| {
            Error::new(
                ErrorKind::Backend,
                "the table was opened on another store; open it on the store that it is used with",
            )
            .table(self.name())
        })
    }
}

impl fmt::Debug for TableHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TableHandle").field(&self.name()).finish()
    }
}

/// What a store tells of a table when it lists its tables.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableInfo {
    /// The description that the table was made with.
    pub spec: TableSpec,
}

impl TableInfo {
    /// What is known of a table from its description alone.
    pub fn new(spec: TableSpec) -> Self {
        Self { spec }
    }
}
