//! The PostgreSQL backend, for the laws.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use persist_core::Result;
use persist_core::backend::Backend;

pub(crate) struct Pgsql;

impl persist_conformance::Subject for Pgsql {
    async fn open(place: &Path) -> Result<Arc<dyn Backend>> {
        let mut hasher = DefaultHasher::new();
        place.hash(&mut hasher);
        let url = std::env::var("PERSIST_PG_URL").unwrap();
        let options = persist_pgsql::Options::new().url(url).size_conn_pool(4);
        options.schema(format!("law_{:016x}", hasher.finish())).backend().await
    }
}
