//! A temporary directory with a store in it.

use std::path::{Path, PathBuf};

use persist_core::Persist;
use persist_sqlite::Options;
use rusqlite::Connection;

pub(crate) struct Dir(tempfile::TempDir);

impl Dir {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.path().join("data.sqlite")
    }

    pub(crate) fn options(&self) -> Options {
        Options::new(self.file())
    }

    pub(crate) async fn open(&self) -> Persist {
        self.options().open().await.unwrap()
    }

    /// The connection of another program.
    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.file()).unwrap()
    }
}
