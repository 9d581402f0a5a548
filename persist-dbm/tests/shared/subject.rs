//! The shared form, for the laws: every store has a server process of its own.

use std::path::Path;
use std::sync::Arc;

use persist_core::Result;
use persist_core::backend::Backend;
use persist_dbm::Options;

pub(crate) struct Shared;

/// The settings of a shared store at a place.
pub(crate) fn options(place: &Path) -> Options {
    let program = env!("CARGO_BIN_EXE_persist-dbmd");
    Options::new(place).shared(true).server_program(program).error_log_path(place.join("dbmd.log"))
}

impl persist_conformance::Subject for Shared {
    async fn open(place: &Path) -> Result<Arc<dyn Backend>> {
        options(place).backend().await
    }
}
