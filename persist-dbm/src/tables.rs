//! The tables of an open store.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;
use persist_core::Result;
use persist_core::backend::{CellType, TableHandle, TableInfo, TableSpec};

use crate::error::dropped;

/// What a handle knows of its table.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) id: u64,
    pub(crate) key: CellType,
    pub(crate) value: CellType,
    dropped: AtomicBool,
}

impl Place {
    /// The place of a table.
    ///
    /// # Errors
    /// `NotFound` if it was dropped, `Backend` for a handle of another store.
    pub(crate) fn of(table: &TableHandle) -> Result<&Self> {
        let place: &Self = table.private()?;
        if place.dropped.load(Ordering::Acquire) { Err(dropped(table)) } else { Ok(place) }
    }
}

/// All tables by name, each with the one handle to it, or with why it cannot be opened.
#[derive(Debug, Default)]
pub(crate) struct Tables(RwLock<BTreeMap<String, Result<TableHandle>>>);

impl Tables {
    pub(crate) fn new(tables: impl Iterator<Item = (String, Result<TableHandle>)>) -> Self {
        Self(RwLock::new(tables.collect()))
    }

    /// The table of this name, if there is one.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub(crate) fn find(&self, name: &str) -> Result<Option<TableHandle>> {
        self.0.read().get(name).map(open).transpose()
    }

    /// All of them, by name.
    ///
    /// # Errors
    /// If one cannot be opened.
    pub(crate) fn list(&self) -> Result<Vec<TableInfo>> {
        let tables = self.0.read();
        tables.values().map(|table| Ok(TableInfo::new(open(table)?.spec().clone()))).collect()
    }

    pub(crate) fn add(&self, table: TableHandle) {
        self.0.write().insert(table.name().to_owned(), Ok(table));
    }

    /// Makes handles to a dropped table say so.
    pub(crate) fn remove(&self, table: &TableHandle) {
        if let Ok(place) = table.private::<Place>() {
            place.dropped.store(true, Ordering::Release);
        }
        self.0.write().remove(table.name());
    }
}

/// A handle to the table with this number.
pub(crate) fn handle(id: u64, spec: TableSpec) -> TableHandle {
    let (key, value) = (spec.key.cell, spec.value.cell);
    TableHandle::new(id, spec, Place { id, key, value, dropped: AtomicBool::new(false) })
}

fn open(table: &Result<TableHandle>) -> Result<TableHandle> {
    match table {
        Ok(table) => Ok(table.clone()),
        Err(error) => Err(error.duplicate()),
    }
}
