//! The laws, on a file that this process alone writes: readers keep their transactions then.

use std::path::Path;
use std::sync::Arc;

use persist_core::Result;
use persist_core::backend::Backend;

struct Exclusive;

impl persist_conformance::Subject for Exclusive {
    async fn open(place: &Path) -> Result<Arc<dyn Backend>> {
        let options = persist_sqlite::Options::new(place.join("data.sqlite"));
        options.exclusive(true).backend().await
    }
}

persist_conformance::laws!(Exclusive);
