//! Hierarchical keys in the tables of the store.

use persist_core::kv::TableOptions;

use super::{Ground, KvOpening, KvSettings};
use crate::fault::Fault;

impl KvSettings for TableOptions {
    fn open(self, ground: &Ground<'_>) -> Result<KvOpening, Fault> {
        let store = ground.store()?;
        // Nobody else has the store, so it ends with the keys.
        Ok(Box::pin(async move { self.closes_store(true).open(&store.await?).await }))
    }
}
