//! The memory backend, for the laws.

use std::path::Path;
use std::sync::Arc;

use persist_core::Result;
use persist_core::backend::Backend;

pub(crate) struct Mem;

impl persist_conformance::Subject for Mem {
    async fn open(_place: &Path) -> Result<Arc<dyn Backend>> {
        persist_mem::Options::new().backend().await
    }
}
