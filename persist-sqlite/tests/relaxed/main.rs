//! The laws, with relaxed durability: a lone write is made on its caller's thread then. Only a
//! loss of power can lose what was acknowledged, and that no law brings about.

use std::path::Path;
use std::sync::Arc;

use persist_core::backend::Backend;
use persist_core::{Durability, Result};

struct Relaxed;

impl persist_conformance::Subject for Relaxed {
    async fn open(place: &Path) -> Result<Arc<dyn Backend>> {
        let options = persist_sqlite::Options::new(place.join("data.sqlite"));
        options.durability(Durability::Relaxed).backend().await
    }
}

persist_conformance::laws!(Relaxed);
