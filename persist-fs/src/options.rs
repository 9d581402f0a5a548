//! The settings of a store of files: one struct, as a builder and as TOML.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use persist_core::kv::{Kv, KvStore};
use persist_core::{Durability, Error, ErrorKind, Result};
use serde::Deserialize;

use crate::open;

/// How to open a directory of plain files.
///
/// The same names serve as builder methods and as keys of `[persist.kv]`.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let dir = tempfile::tempdir().unwrap();
/// let kv = persist_fs::Options::new(dir.path().join("site")).open().await?;
/// kv.set("index.html", "<h1>Hello</h1>").await?;
/// assert_eq!(std::fs::read(dir.path().join("site/index.html")).unwrap(), b"<h1>Hello</h1>");
/// # Ok::<_, persist_core::kv::Error>(()) }).unwrap();
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    pub(crate) dir: PathBuf,
    #[serde(default)]
    pub(crate) durability: Option<Durability>,
    #[serde(default = "Options::default_create")]
    pub(crate) create: bool,
    #[serde(default)]
    pub(crate) read_only: bool,
}

impl Options {
    /// The defaults, for the store in the directory `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        let create = Self::default_create();
        Self { dir: dir.into(), durability: None, create, read_only: false }
    }

    /// How durable an acknowledged write is; `Full` by default. With `Relaxed` nothing is synced: a
    /// killed process loses nothing, but a loss of power may lose what was written in the last
    /// half a minute or so, tear batches of that time, and leave files of that time cut short, as
    /// it does to files that are written without a sync by any program.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = Some(durability);
        self
    }

    /// Whether the directory is made if it is not there; `true` by default. The one above it must
    /// be there.
    #[must_use]
    pub fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Whether writes are refused; `false` by default. A directory opened so is never made, and
    /// nothing in it is touched. What a process left half-done that died in a commit stays so until
    /// the directory is opened for writing; reads that meet it are `Unavailable`.
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// Sets the durability unless it is set already: what a setting for all stores does.
    #[must_use]
    pub fn or_durability(mut self, durability: Durability) -> Self {
        self.durability.get_or_insert(durability);
        self
    }

    /// Puts a relative `dir` into another one.
    #[must_use]
    pub fn relative_to(mut self, dir: &Path) -> Self {
        self.dir = dir.join(&self.dir);
        self
    }

    /// Opens the store.
    ///
    /// # Errors
    /// `Config` for a missing directory, something that is no directory, missing rights, or a file
    /// system that cannot hold a store; `Corrupt` for one of a newer format; `NoSpace`; `Backend`
    /// for what else the system reports.
    pub async fn open(self) -> Result<Kv> {
        Ok(Kv::new(self.store().await?))
    }

    /// Opens the store without the front end, to wrap it or to test it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn store(self) -> Result<Arc<dyn KvStore>> {
        open::open(self).await
    }

    /// Makes the path independent of the current directory.
    pub(crate) fn check(&mut self) -> Result<()> {
        self.dir = std::path::absolute(&self.dir).map_err(|error| {
            Error::new(ErrorKind::Config, "`dir` is not a path").caused_by(error)
        })?;
        Ok(())
    }

    fn default_create() -> bool {
        true
    }
}
