//! The PostgreSQL backend, for the laws.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use persist_core::Result;
use persist_core::backend::Backend;
use persist_servers::Postgres;

use crate::support::options;

pub(crate) struct Pgsql;

impl persist_conformance::Subject for Pgsql {
    async fn open(place: &Path) -> Result<Arc<dyn Backend>> {
        let mut hasher = DefaultHasher::new();
        place.hash(&mut hasher);
        options(&format!("law_{:016x}", hasher.finish())).backend().await
    }

    fn environment() -> Vec<(&'static str, String)> {
        vec![("PERSIST_PG_URL", Postgres::shared_url().unwrap())]
    }
}
