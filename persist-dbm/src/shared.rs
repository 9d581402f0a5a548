//! One store for several processes.

use std::sync::Arc;

use persist_core::backend::Backend;
use persist_core::{Error, ErrorKind, Result};

use crate::Options;

/// Opens the store that a server has.
#[expect(clippy::unused_async, reason = "connecting waits")]
pub(crate) async fn open(_: Options) -> Result<Arc<dyn Backend>> {
    Err(Error::new(
        ErrorKind::Config,
        "this version has no shared stores; set `shared = false` and use the store in one process",
    ))
}
