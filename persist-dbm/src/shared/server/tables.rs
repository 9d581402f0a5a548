//! The tables of the store, by the numbers that clients know them by.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use persist_core::backend::{Backend, TableHandle, TableSpec};
use persist_core::{Error, ErrorKind, Result};

use super::tokens;

/// Every table there is. The server alone makes and drops tables, so what is not here is gone.
#[derive(Debug)]
pub(super) struct Tables {
    known: RwLock<HashMap<u64, TableHandle>>,
    /// Why those that were there before are not all known, if so: one is damaged, say.
    unlisted: Option<Error>,
}

impl Tables {
    /// Opens every table of the store.
    pub(super) async fn of(store: &Arc<dyn Backend>) -> Self {
        let mut known = HashMap::new();
        let listed = async {
            for info in store.tables().await? {
                let table = store.open_table(info.spec).await?;
                known.insert(table.id(), table);
            }
            Ok(())
        };
        let unlisted = listed.await.err();
        Self { known: RwLock::new(known), unlisted }
    }

    /// Opens a table for a client.
    pub(super) async fn open(&self, store: &Arc<dyn Backend>, spec: TableSpec) -> Result<u64> {
        check(&spec.name)?;
        let table = store.open_table(spec).await?;
        let id = table.id();
        self.known.write().insert(id, table);
        Ok(id)
    }

    /// Drops a table for a client.
    pub(super) async fn drop(&self, store: &Arc<dyn Backend>, name: &str) -> Result<bool> {
        check(name)?;
        let old = |tables: &HashMap<u64, TableHandle>| -> Vec<u64> {
            tables.values().filter(|table| table.name() == name).map(TableHandle::id).collect()
        };
        // Found before the engine drops it: a new one of its name may be opened right after.
        let old = old(&self.known.read());
        let dropped = store.drop_table(name).await?;
        let mut tables = self.known.write();
        for id in old {
            tables.remove(&id);
        }
        Ok(dropped)
    }

    /// The table of this number.
    pub(super) fn get(&self, id: u64) -> Result<TableHandle> {
        self.known.read().get(&id).cloned().ok_or_else(|| match &self.unlisted {
            Some(error) => error.duplicate(),
            None => Error::new(
                ErrorKind::NotFound,
                "the table was dropped; open it again to make a new one",
            ),
        })
    }
}

fn check(name: &str) -> Result<()> {
    if name == tokens::TABLE {
        return Err(Error::new(ErrorKind::InvalidName, "the name is the server's own").table(name));
    }
    Ok(())
}
