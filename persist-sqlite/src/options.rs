//! The settings of a SQLite store: one struct, as a builder and as TOML.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytesize::ByteSize;
use persist_core::backend::Backend;
use persist_core::{Durability, Error, ErrorKind, Persist, Result};
use serde::Deserialize;

/// How to open a SQLite store.
///
/// The same names serve as builder methods and as keys of `[persist.sqlite]`; durations are
/// written as `"5s"` and sizes as `"64MiB"` there.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let dir = tempfile::tempdir().unwrap();
/// use std::time::Duration;
///
/// let store = persist_sqlite::Options::new(dir.path().join("data.sqlite"))
///     .busy_timeout(Duration::from_secs(10))
///     .open()
///     .await?;
/// store.close().await
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Options {
    pub(crate) file: PathBuf,
    #[serde(default)]
    pub(crate) durability: Option<Durability>,
    #[serde(default = "Options::default_busy_timeout", with = "humantime_serde")]
    pub(crate) busy_timeout: Duration,
    #[serde(default = "Options::default_cache_size")]
    pub(crate) cache_size: ByteSize,
    #[serde(default = "Options::default_mmap_size")]
    pub(crate) mmap_size: ByteSize,
    #[serde(default = "Options::default_readers")]
    pub(crate) readers: usize,
    #[serde(default = "Options::default_snapshots")]
    pub(crate) snapshots: usize,
    #[serde(default = "Options::default_snapshot_max_age", with = "humantime_serde")]
    pub(crate) snapshot_max_age: Duration,
    #[serde(default = "Options::default_create")]
    pub(crate) create: bool,
    #[serde(default)]
    pub(crate) read_only: bool,
    #[serde(default)]
    pub(crate) exclusive: bool,
    #[serde(default)]
    pub(crate) ocsipersist: bool,
}

impl Options {
    /// The defaults, for the database in `file`.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self {
            file: file.into(),
            durability: None,
            busy_timeout: Self::default_busy_timeout(),
            cache_size: Self::default_cache_size(),
            mmap_size: Self::default_mmap_size(),
            readers: Self::default_readers(),
            snapshots: Self::default_snapshots(),
            snapshot_max_age: Self::default_snapshot_max_age(),
            create: Self::default_create(),
            read_only: false,
            exclusive: false,
            ocsipersist: false,
        }
    }

    /// How durable an acknowledged write is; `Full` by default, one sync of the log for each
    /// group of writes. With `Relaxed` the log is synced at checkpoints only: a killed process
    /// loses nothing, a loss of power may lose the writes since the last checkpoint, and the file
    /// stays whole.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = Some(durability);
        self
    }

    /// How long an operation waits for another process that holds the file; 5 seconds by
    /// default, then `Busy`. No runtime thread waits meanwhile.
    #[must_use]
    pub fn busy_timeout(mut self, wait: Duration) -> Self {
        self.busy_timeout = wait;
        self
    }

    /// How much memory the page cache of each connection may take; 16 MiB by default.
    #[must_use]
    pub fn cache_size(mut self, size: ByteSize) -> Self {
        self.cache_size = size;
        self
    }

    /// How much of the file is read through a memory map; none by default, since an I/O error
    /// under a memory map kills the process.
    #[must_use]
    pub fn mmap_size(mut self, size: ByteSize) -> Self {
        self.mmap_size = size;
        self
    }

    /// How many connections serve reads; by default one for each core, and at least 4.
    #[must_use]
    pub fn readers(mut self, readers: usize) -> Self {
        self.readers = readers;
        self
    }

    /// How many snapshots may be open at once; 8 by default. One more is `Busy`.
    #[must_use]
    pub fn snapshots(mut self, snapshots: usize) -> Self {
        self.snapshots = snapshots;
        self
    }

    /// How long a snapshot may be held; 5 minutes by default, then it answers `Timeout`. The log
    /// cannot be emptied past an open snapshot, so this bounds its growth.
    #[must_use]
    pub fn snapshot_max_age(mut self, age: Duration) -> Self {
        self.snapshot_max_age = age;
        self
    }

    /// Whether the file is created if it is not there; `true` by default. New files are readable
    /// and writable by their owner alone.
    #[must_use]
    pub fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Whether writes are refused; `false` by default. A file opened so is never created.
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// Whether this process is the only one that writes the file; `false` by default. Then it
    /// holds SQLite's write lock for as long as the store is open, and reads stay inside a
    /// transaction until the next write, which makes a short read about twice as fast. Other
    /// processes can read the file; their writes, and another store on it, are `Busy`.
    #[must_use]
    pub fn exclusive(mut self, exclusive: bool) -> Self {
        self.exclusive = exclusive;
        self
    }

    /// Whether tables that Ocsipersist has made in the file are opened in place; `false` by
    /// default, and then they are left alone.
    ///
    /// The table `users` of Ocsipersist is what `table("users")` opens then, unless a table of
    /// ours has that name already. It stays usable by Ocsipersist. Columns that were declared
    /// `text` open as [`Text`](persist_core::column::Text) or
    /// [`RawText`](persist_core::column::RawText), `float` as
    /// [`Real`](persist_core::column::Real), and `blob` (marshalled values) as
    /// [`Bytes`](persist_core::column::Bytes). Rows whose key is NULL or not of the declared type
    /// are invisible. `docs/from-ocsipersist.md` has the rest.
    #[must_use]
    pub fn ocsipersist(mut self, ocsipersist: bool) -> Self {
        self.ocsipersist = ocsipersist;
        self
    }

    /// Sets the durability unless it is set already: what a setting for all backends does.
    #[must_use]
    pub fn or_durability(mut self, durability: Durability) -> Self {
        self.durability.get_or_insert(durability);
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
    /// `Config` for a missing directory or file, missing rights, or a setting out of range;
    /// `Corrupt` for a file that is not a database; `Busy` if another process held it for longer
    /// than the busy timeout; `NoSpace`; `Backend` for what else SQLite reports.
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

    /// Checks what a type cannot, and makes the path independent of the current directory.
    pub(crate) fn check(&mut self) -> Result<()> {
        for (name, number) in [("readers", self.readers), ("snapshots", self.snapshots)] {
            if number == 0 {
                return Err(Error::new(ErrorKind::Config, format!("`{name}` must be at least 1")));
            }
        }
        if self.exclusive && self.read_only {
            let why = "`exclusive` keeps others from writing, and `read_only` writes nothing; \
                       leave one out";
            return Err(Error::new(ErrorKind::Config, why));
        }
        self.file = std::path::absolute(&self.file).map_err(|error| {
            Error::new(ErrorKind::Config, "`file` is not a path").caused_by(error)
        })?;
        Ok(())
    }

    fn default_busy_timeout() -> Duration {
        Duration::from_secs(5)
    }

    fn default_cache_size() -> ByteSize {
        ByteSize::mib(16)
    }

    fn default_mmap_size() -> ByteSize {
        ByteSize::b(0)
    }

    fn default_readers() -> usize {
        std::thread::available_parallelism().map_or(4, |cores| cores.get().max(4))
    }

    fn default_snapshots() -> usize {
        8
    }

    fn default_snapshot_max_age() -> Duration {
        Duration::from_mins(5)
    }

    fn default_create() -> bool {
        true
    }
}
