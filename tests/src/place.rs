//! Where one run of one law takes place.

use std::fmt;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use persist_core::Persist;
use persist_core::backend::Backend;
use persist_core::kv::Kv;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::{KvSubject, Subject};

/// The directory of one run of one law, the subject that is opened there, and the seed of all
/// that is random in it.
pub struct Place<S> {
    path: PathBuf,
    seed: u64,
    home: String,
    subject: PhantomData<fn() -> S>,
}

impl<S: Subject> Place<S> {
    /// Opens the store.
    pub async fn open(&self) -> Persist {
        Persist::new(self.backend().await)
    }

    /// Opens the store as a backend.
    pub async fn backend(&self) -> Arc<dyn Backend> {
        S::open(&self.path).await.expect("the store opens")
    }

    /// Opens the store as a backend, with the front ends on it.
    pub async fn both(&self) -> (Arc<dyn Backend>, Persist) {
        let backend = self.backend().await;
        (Arc::clone(&backend), Persist::new(backend))
    }
}

impl<S: KvSubject> Place<S> {
    /// Opens the store of hierarchical keys.
    pub async fn kv(&self) -> Kv {
        S::open_kv(&self.path).await.expect("the store opens")
    }
}

impl<S> Place<S> {
    /// A place in the directory `path`. `home` is the module that holds the test `child`.
    pub(crate) fn new(path: impl Into<PathBuf>, seed: u64, home: impl Into<String>) -> Self {
        Self { path: path.into(), seed, home: home.into(), subject: PhantomData }
    }

    /// Another place, for another store.
    #[must_use]
    pub fn beside(&self, name: &str) -> Self {
        let path = self.path.with_file_name(name);
        std::fs::create_dir_all(&path).expect("a directory beside the store's");
        Self { path, ..self.clone() }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The seed of this run.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The random numbers of this run.
    pub fn rng(&self) -> StdRng {
        self.rng_of(0)
    }

    /// The random numbers of one of several tasks of this run.
    pub fn rng_of(&self, task: u64) -> StdRng {
        StdRng::seed_from_u64(self.seed ^ task.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// The same place, for another subject that is opened there.
    pub(crate) fn with<T>(self) -> Place<T> {
        Place { path: self.path, seed: self.seed, home: self.home, subject: PhantomData }
    }

    /// The module that holds the test `child`.
    pub(crate) fn home(&self) -> &str {
        &self.home
    }
}

impl<S> Clone for Place<S> {
    fn clone(&self) -> Self {
        let (path, home) = (self.path.clone(), self.home.clone());
        Self { path, seed: self.seed, home, subject: PhantomData }
    }
}

impl<S> fmt::Debug for Place<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place")
            .field("path", &self.path)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}
