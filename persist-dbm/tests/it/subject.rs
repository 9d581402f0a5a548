//! The sled backend in one process, for the laws.

use std::path::Path;
use std::sync::Arc;

use persist_core::Result;
use persist_core::backend::Backend;

pub(crate) struct Dbm;

impl persist_conformance::Subject for Dbm {
    async fn open(place: &Path) -> Result<Arc<dyn Backend>> {
        persist_dbm::Options::new(place.join("store")).backend().await
    }
}
