//! What the readers and the writer of an open store share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use persist_core::engine::{Hints, Overlay, Witness};
use persist_core::{Error, Result};
use sled::IVec;

use crate::engine::Engine;
use crate::tables::Tables;

/// An open store.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) engine: Engine,
    pub(crate) overlay: Arc<Overlay<IVec>>,
    pub(crate) tables: Tables,
    pub(crate) witness: Witness,
    pub(crate) hints: Hints,
    pub(crate) closed: AtomicBool,
}

impl State {
    /// Whether it may be read.
    ///
    /// # Errors
    /// `Closed` if not.
    pub(crate) fn live(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) { Err(Error::closed()) } else { Ok(()) }
    }
}
