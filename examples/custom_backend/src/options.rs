//! The settings of a log store: one struct, as a builder and as TOML.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use persist_core::backend::Backend;
use persist_core::{Durability, Persist, Result};
use serde::Deserialize;

/// How to open a log store.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let dir = tempfile::tempdir().unwrap();
/// let store = persist_custom_backend::Options::new(dir.path().join("store.log")).open().await?;
/// store.close().await
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    pub(crate) file: PathBuf,
    #[serde(default)]
    pub(crate) durability: Durability,
}

impl Options {
    /// The defaults, for the log in `file`, which is created if it is not there.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into(), durability: Durability::default() }
    }

    /// How durable an acknowledged write is; `Full` by default, one sync for each group of
    /// writes. With `Relaxed` nothing is synced: a killed process loses nothing, a loss of power
    /// what the system had not written yet.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Puts a relative `file` into `dir`.
    #[must_use]
    pub fn relative_to(mut self, dir: &Path) -> Self {
        self.file = dir.join(&self.file);
        self
    }

    /// Opens the store.
    ///
    /// # Errors
    /// `Busy` if the log is open already, in this process or another; `Corrupt` for a file that
    /// is no log or is damaged before its end; `Config` for a missing directory or missing
    /// rights; `NoSpace`; `Backend` for what else the system reports.
    pub async fn open(self) -> Result<Persist> {
        Ok(Persist::new(self.backend().await?))
    }

    /// Opens the store as a bare backend, to wrap it or to test it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn backend(self) -> Result<Arc<dyn Backend>> {
        crate::backend::open(self).await
    }
}
