//! The PostgreSQL backend, for the laws.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use persist_core::Result;
use persist_core::backend::Backend;
use persist_servers::Postgres;

use crate::support::at;

pub(crate) struct Pgsql;

impl persist_conformance::Subject for Pgsql {
    async fn open(place: &Path) -> Result<Arc<dyn Backend>> {
        let mut hasher = DefaultHasher::new();
        place.hash(&mut hasher);
        let url = fs::read_to_string(address(place)).unwrap();
        at(&url, &format!("law_{:016x}", hasher.finish())).backend().await
    }

    /// One server for all processes: what a child has started would end with it.
    fn prepare(place: &Path) {
        fs::write(address(place), Postgres::shared_url().unwrap()).unwrap();
    }
}

/// The file that says where the server is.
fn address(place: &Path) -> PathBuf {
    place.with_file_name("server")
}
