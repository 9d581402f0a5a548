//! The settings of a memory store: none yet, in the place where every backend has its own.

use std::sync::Arc;

use persist_core::backend::Backend;
use persist_core::{Persist, Result};
use serde::Deserialize;

/// How to open a memory store.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let store = persist_mem::Options::new().open().await?;
/// store.close().await
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {}

impl Options {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens a new, empty store, which lives as long as its handles.
    ///
    /// # Errors
    /// None today; the signature is that of every backend.
    pub async fn open(self) -> Result<Persist> {
        Ok(Persist::new(self.backend().await?))
    }

    /// Opens the store as a bare backend, to wrap it or to test it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    #[expect(clippy::unused_async, reason = "opening has one signature for all backends")]
    pub async fn backend(self) -> Result<Arc<dyn Backend>> {
        Ok(crate::backend::open())
    }
}
