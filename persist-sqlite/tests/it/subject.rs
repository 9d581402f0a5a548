//! The SQLite backend, for the laws.

use std::path::Path;
use std::sync::Arc;

use persist_core::Result;
use persist_core::backend::Backend;

pub(crate) struct Sqlite;

impl persist_conformance::Subject for Sqlite {
    async fn open(place: &Path) -> Result<Arc<dyn Backend>> {
        persist_sqlite::Options::new(place.join("data.sqlite")).backend().await
    }
}
