//! The log store, for the laws.

use std::path::Path;
use std::sync::Arc;

use persist_core::Result;
use persist_core::backend::Backend;
use persist_custom_backend::Options;

pub(crate) struct Log;

impl persist_conformance::Subject for Log {
    async fn open(place: &Path) -> Result<Arc<dyn Backend>> {
        Options::new(place.join("store.log")).backend().await
    }
}
