//! The tables of the store, by the numbers that clients know them by.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use persist_core::backend::{Backend, TableHandle, TableSpec};
use persist_core::{Error, ErrorKind, Result};

use super::tokens;

/// Every table there is. The server alone makes and drops tables, so what is not here is gone.
#[derive(Debug)]
pub(super) struct Tables(RwLock<HashMap<u64, TableHandle>>);

impl Tables {
    /// Opens every table of the store.
    pub(super) async fn of(store: &Arc<dyn Backend>) -> Result<Self> {
        let mut tables = HashMap::new();
        for info in store.tables().await? {
            let table = store.open_table(info.spec).await?;
            tables.insert(table.id(), table);
        }
        Ok(Self(RwLock::new(tables)))
    }

    /// Opens a table for a client.
    pub(super) async fn open(&self, store: &Arc<dyn Backend>, spec: TableSpec) -> Result<u64> {
        check(&spec.name)?;
        let table = store.open_table(spec).await?;
        let id = table.id();
        self.0.write().insert(id, table);
        Ok(id)
    }

    /// Drops a table for a client.
    pub(super) async fn drop(&self, store: &Arc<dyn Backend>, name: &str) -> Result<bool> {
        check(name)?;
        let old = |tables: &HashMap<u64, TableHandle>| -> Vec<u64> {
            tables.values().filter(|table| table.name() == name).map(TableHandle::id).collect()
        };
        // Found before the engine drops it: a new one of its name may be opened right after.
        let old = old(&self.0.read());
        let dropped = store.drop_table(name).await?;
        let mut tables = self.0.write();
        for id in old {
            tables.remove(&id);
        }
        Ok(dropped)
    }

    /// The table of this number.
    pub(super) fn get(&self, id: u64) -> Result<TableHandle> {
        self.0.read().get(&id).cloned().ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                "the table was dropped; open it again to make a new one",
            )
        })
    }
}

fn check(name: &str) -> Result<()> {
    if name == tokens::TABLE {
        return Err(Error::new(ErrorKind::InvalidName, "the name is the server's own").table(name));
    }
    Ok(())
}
