//! A directory with a configuration in it.

use std::path::{Path, PathBuf};

use persist_config::Config;
use persist_core::{Error, ErrorKind, Ref};
use tempfile::TempDir;

/// A fresh directory with a `server.toml`.
pub(crate) struct Place {
    dir: TempDir,
}

impl Place {
    pub(crate) fn new(toml: impl AsRef<[u8]>) -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap() };
        place.write("server.toml", toml);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, contents).unwrap();
    }

    pub(crate) fn toml(&self) -> PathBuf {
        self.path("server.toml")
    }

    pub(crate) fn load(&self) -> Result<Config, Error> {
        Config::load(self.toml())
    }

    /// What is wrong with the file, without the directory's name.
    pub(crate) fn mistake(&self) -> String {
        self.told(&self.load().unwrap_err())
    }

    /// What is only found to be wrong when the store is opened.
    pub(crate) async fn mistake_at_open(&self) -> String {
        self.told(&self.load().unwrap().open().await.unwrap_err())
    }

    pub(crate) fn told(&self, error: &Error) -> String {
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        let dir = format!("{}/", self.dir.path().display());
        error.to_string().replace(&dir, "")
    }

    /// The files that there are, in order.
    pub(crate) fn files(&self) -> Vec<String> {
        names(self.dir.path())
    }
}

/// What is in a directory, in order.
pub(crate) fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Opens a store, leaves a trace in it and closes it.
pub(crate) async fn use_once(config: &Config) {
    let store = config.open().await.unwrap();
    let runs = Ref::persistent(&store, "runs", 0u64).await.unwrap();
    runs.update(|n| n + 1).await.unwrap();
    store.close().await.unwrap();
}
