//! A temporary directory with a store in it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use persist_core::kv::Kv;
use persist_fs::Options;

pub(crate) struct Dir(tempfile::TempDir);

impl Dir {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// What is above the store.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.path().join("store")
    }

    /// A file of the store, as other programs see it.
    pub(crate) fn file(&self, key: &str) -> PathBuf {
        self.root().join(key)
    }

    pub(crate) fn options(&self) -> Options {
        Options::new(self.root())
    }

    pub(crate) async fn open(&self) -> Kv {
        self.options().open().await.unwrap()
    }
}

/// The store's own directory in a root.
pub(crate) fn own(root: &Path) -> PathBuf {
    root.join(OsStr::from_bytes(b".persist\xff"))
}

/// Every file in a tree with its content, and every directory, the store's own one left out.
pub(crate) fn tree(root: &Path) -> Vec<(String, Option<Vec<u8>>)> {
    let (mut found, mut waiting) = (Vec::new(), vec![root.to_owned()]);
    while let Some(dir) = waiting.pop() {
        for entry in std::fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            if path == own(root) {
                continue;
            }
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                found.push((name, None));
                waiting.push(path);
            } else {
                found.push((name, Some(std::fs::read(&path).unwrap())));
            }
        }
    }
    found.sort();
    found
}
