//! The settings of a sled store: one struct, as a builder and as TOML.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytesize::ByteSize;
use persist_core::backend::Backend;
use persist_core::{Durability, Error, ErrorKind, Persist, Result};
use serde::{Deserialize, Serialize};

use crate::shared;

/// How to open a sled store.
///
/// The same names serve as builder methods and as keys of `[persist.dbm]`; durations are written
/// as `"5s"` and sizes as `"64MiB"` there.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let dir = tempfile::tempdir().unwrap();
/// let store = persist_dbm::Options::new(dir.path().join("store"))
///     .cache_capacity(bytesize::ByteSize::mib(16))
///     .open()
///     .await?;
/// store.close().await
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    pub(crate) store: PathBuf,
    #[serde(default)]
    pub(crate) durability: Option<Durability>,
    #[serde(default = "Options::default_flush_interval", with = "humantime_serde")]
    pub(crate) flush_interval: Duration,
    #[serde(default = "Options::default_cache_capacity")]
    pub(crate) cache_capacity: ByteSize,
    #[serde(default = "Options::default_snapshots")]
    pub(crate) snapshots: usize,
    #[serde(default = "Options::default_snapshot_max_age", with = "humantime_serde")]
    pub(crate) snapshot_max_age: Duration,
    #[serde(default = "Options::default_snapshot_max_bytes")]
    pub(crate) snapshot_max_bytes: ByteSize,
    #[serde(default)]
    pub(crate) shared: bool,
    #[serde(default)]
    pub(crate) server_program: Option<PathBuf>,
    #[serde(default = "Options::default_idle_time", with = "humantime_serde")]
    pub(crate) idle_time: Duration,
    #[serde(default)]
    pub(crate) error_log_path: Option<PathBuf>,
    #[serde(default)]
    pub(crate) delay_loading: bool,
    #[serde(default)]
    pub(crate) other_users: bool,
}

impl Options {
    /// The defaults, for the store in the directory `store`.
    pub fn new(store: impl Into<PathBuf>) -> Self {
        Self {
            store: store.into(),
            durability: None,
            flush_interval: Self::default_flush_interval(),
            cache_capacity: Self::default_cache_capacity(),
            snapshots: Self::default_snapshots(),
            snapshot_max_age: Self::default_snapshot_max_age(),
            snapshot_max_bytes: Self::default_snapshot_max_bytes(),
            shared: false,
            server_program: None,
            idle_time: Self::default_idle_time(),
            error_log_path: None,
            delay_loading: false,
            other_users: false,
        }
    }

    /// How durable an acknowledged write is; `Full` by default, one flush and one sync for each
    /// group of writes. With `Relaxed` the writes of the last [`flush_interval`] are in the
    /// memory of the process: when it is killed, they are lost, all of them or the last ones,
    /// and the batches that are left are whole.
    ///
    /// [`flush_interval`]: Self::flush_interval
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = Some(durability);
        self
    }

    /// How often sled tidies its files, and with relaxed durability how often writes are flushed
    /// and synced; 500 ms by default.
    #[must_use]
    pub fn flush_interval(mut self, interval: Duration) -> Self {
        self.flush_interval = interval;
        self
    }

    /// How much memory sled's cache of pages may take; 64 MiB by default. Besides, sled keeps a
    /// little for each page of 16 rows or so, whether it is in the cache or not.
    #[must_use]
    pub fn cache_capacity(mut self, size: ByteSize) -> Self {
        self.cache_capacity = size;
        self
    }

    /// How many snapshots may be open at once; 64 by default. One more is `Busy`.
    #[must_use]
    pub fn snapshots(mut self, snapshots: usize) -> Self {
        self.snapshots = snapshots;
        self
    }

    /// How long a snapshot may be held; 5 minutes by default, then it answers `Timeout`.
    #[must_use]
    pub fn snapshot_max_age(mut self, age: Duration) -> Self {
        self.snapshot_max_age = age;
        self
    }

    /// How much memory may be taken by what is written over while snapshots are open; 256 MiB by
    /// default, then the oldest ones answer `Timeout`.
    #[must_use]
    pub fn snapshot_max_bytes(mut self, size: ByteSize) -> Self {
        self.snapshot_max_bytes = size;
        self
    }

    /// Whether several processes use the store, through one server process that the first of them
    /// starts; `false` by default, and then the store is this process's alone. All programs that
    /// use a store must agree.
    #[must_use]
    pub fn shared(mut self, shared: bool) -> Self {
        self.shared = shared;
        self
    }

    /// The server program of a shared store; by default this program if it calls
    /// [`serve_if_asked`](crate::serve_if_asked), else `persist-dbmd`, looked for beside the
    /// running program and on `PATH`.
    #[must_use]
    pub fn server_program(mut self, program: impl Into<PathBuf>) -> Self {
        self.server_program = Some(program.into());
        self
    }

    /// How long the server of a shared store stays when it has no clients; 4 seconds by default.
    #[must_use]
    pub fn idle_time(mut self, time: Duration) -> Self {
        self.idle_time = time;
        self
    }

    /// The file to which the server of a shared store appends what goes wrong; none by default.
    #[must_use]
    pub fn error_log_path(mut self, file: impl Into<PathBuf>) -> Self {
        self.error_log_path = Some(file.into());
        self
    }

    /// Whether opening returns at once, and the store is opened in the background; `false` by
    /// default. The first use waits for it, or reports why it could not be opened.
    #[must_use]
    pub fn delay_loading(mut self, delay: bool) -> Self {
        self.delay_loading = delay;
        self
    }

    /// Whether the server of a shared store serves processes of other users, as far as the rights
    /// of the directory let them reach it, and whether this program trusts a server of another
    /// user; `false` by default, and then the socket is one user's alone. With `true` it is also
    /// its group's.
    #[must_use]
    pub fn other_users(mut self, other_users: bool) -> Self {
        self.other_users = other_users;
        self
    }

    /// Sets the durability unless it is set already: what a setting for all backends does.
    #[must_use]
    pub fn or_durability(mut self, durability: Durability) -> Self {
        self.durability.get_or_insert(durability);
        self
    }

    /// Puts relative paths into `dir`.
    #[must_use]
    pub fn relative_to(mut self, dir: &Path) -> Self {
        for path in self.paths() {
            *path = dir.join(&path);
        }
        self
    }

    /// Opens the store.
    ///
    /// # Errors
    /// `Busy` if another process has it, or another handle in this one; `Config` for a directory
    /// that is something else or was made by another version of sled, for missing rights, or for
    /// a setting out of range; `Corrupt` for damaged files; `NoSpace`; `Backend` for what else
    /// sled reports; for a shared store what its server says of it, or `Unavailable` if it cannot be
    /// started. With [`delay_loading`](Self::delay_loading) only for a setting out of range.
    pub async fn open(self) -> Result<Persist> {
        Ok(Persist::new(self.backend().await?))
    }

    /// Opens the store as a bare backend, to wrap it or to test it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn backend(mut self) -> Result<Arc<dyn Backend>> {
        self.check()?;
        if self.delay_loading { Ok(crate::delayed::open(self)) } else { self.load().await }
    }

    /// Opens the store now.
    pub(crate) async fn load(self) -> Result<Arc<dyn Backend>> {
        if self.shared { shared::open(self).await } else { crate::backend::open(self).await }
    }

    /// Checks what a type cannot.
    pub(crate) fn check(&mut self) -> Result<()> {
        if self.snapshots == 0 {
            return Err(Error::new(ErrorKind::Config, "`snapshots` must be at least 1"));
        }
        if self.flush_interval.is_zero() {
            return Err(Error::new(ErrorKind::Config, "`flush_interval` must be longer than 0"));
        }
        self.make_absolute()
    }

    /// Makes the paths independent of the current directory.
    pub(crate) fn make_absolute(&mut self) -> Result<()> {
        for path in self.paths() {
            *path = std::path::absolute(&path).map_err(|error| {
                Error::new(ErrorKind::Config, "`store` or another setting is not a path")
                    .caused_by(error)
            })?;
        }
        Ok(())
    }

    fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let others = [&mut self.server_program, &mut self.error_log_path];
        std::iter::once(&mut self.store).chain(others.into_iter().flatten())
    }

    fn default_flush_interval() -> Duration {
        Duration::from_millis(500)
    }

    fn default_cache_capacity() -> ByteSize {
        ByteSize::mib(64)
    }

    fn default_snapshots() -> usize {
        64
    }

    fn default_snapshot_max_age() -> Duration {
        Duration::from_mins(5)
    }

    fn default_snapshot_max_bytes() -> ByteSize {
        ByteSize::mib(256)
    }

    fn default_idle_time() -> Duration {
        Duration::from_secs(4)
    }
}
