//! A temporary directory with a store in it.

use std::fs;
use std::path::{Path, PathBuf};

use persist_core::column::{Bytes, Integer, Text};
use persist_core::{Committed, Persist, Table};
use persist_dbm::Options;

pub(crate) struct Dir(tempfile::TempDir);

impl Dir {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path().join("store")
    }

    pub(crate) fn options(&self) -> Options {
        Options::new(self.store())
    }

    pub(crate) async fn open(&self) -> Persist {
        self.options().open().await.unwrap()
    }

    /// How many bytes the files of the store have.
    pub(crate) fn size(&self) -> u64 {
        files(&self.store()).iter().map(|file| fs::metadata(file).unwrap().len()).sum()
    }

    /// Another directory with the same in it.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::new();
        for file in files(&self.store()) {
            let to = copy.path().join(file.strip_prefix(self.path()).unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(file, to).unwrap();
        }
        // It has no files, as a rule.
        fs::create_dir_all(copy.store().join("data-1/blobs")).unwrap();
        copy
    }
}

/// All files in a directory and below it.
pub(crate) fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all.sort();
    all
}

/// A table of numbers.
pub(crate) async fn numbers(store: &Persist, name: &str) -> Table<Integer, Integer> {
    store.table(name).await.unwrap()
}

/// Many rows by few commits: `n` is bound to `n * factor` for all `n` in a range.
pub(crate) async fn fill(
    store: &Persist,
    table: &Table<Integer, Integer>,
    keys: std::ops::Range<i64>,
    factor: i64,
) {
    for begin in keys.clone().step_by(1000) {
        let mut batch = store.batch();
        for key in begin..keys.end.min(begin + 1000) {
            batch.insert(table, key, key * factor).unwrap();
        }
        assert_eq!(batch.commit().await.unwrap(), Committed::Applied);
    }
}

/// A value that is cut into pieces, and says of what.
pub(crate) fn large(number: usize) -> Vec<u8> {
    (0..20_000 + number).map(|at| u8::try_from((at + number) % 251).unwrap()).collect()
}

/// A table of large values.
pub(crate) async fn values(store: &Persist) -> Table<Text, Bytes> {
    store.table("values").await.unwrap()
}
