//! A stand-in for the engine while it is made.

use std::sync::Arc;

use persist_core::Result;
use persist_core::backend::Backend;

use crate::Options;

pub(crate) async fn open(options: Options) -> Result<Arc<dyn Backend>> {
    let sqlite = persist_sqlite::Options::new(options.store.join("data.sqlite"));
    sqlite.or_durability(options.durability.unwrap_or_default()).backend().await
}
