//! The PostgreSQL backend, for the laws.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
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
        at(&server(place), &format!("law_{:016x}", hasher.finish())).backend().await
    }
}

/// The server of whoever opened the place first: a child must not start another one.
fn server(place: &Path) -> String {
    let file = place.join("server");
    fs::read_to_string(&file).unwrap_or_else(|_| {
        let url = Postgres::shared_url().unwrap();
        // A child may be killed before it has written all of it.
        let whole = place.join(format!("server-{}", std::process::id()));
        fs::write(&whole, &url).unwrap();
        fs::rename(whole, file).unwrap();
        url
    })
}
