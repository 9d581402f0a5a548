//! Hierarchical keys: values of bytes in nested dictionaries, as Mirage's `Mirage_kv` has them.
//!
//! A [`Kv`] is opened on any store ([`Kv::open`]), or on a directory of plain files by
//! `persist-fs`, or by `persist_config::open_kv`, whichever a TOML file says.
//!
//! | here | `Mirage_kv` |
//! | --- | --- |
//! | [`exists`](Kv::exists), [`get`](Kv::get), [`get_partial`](Kv::get_partial), [`list`](Kv::list), [`last_modified`](Kv::last_modified), [`digest`](Kv::digest), [`size`](Kv::size) | the same |
//! | [`set`](Kv::set), [`set_partial`](Kv::set_partial), [`allocate`](Kv::allocate), [`remove`](Kv::remove), [`rename`](Kv::rename) | the same |
//! | [`batch`](Kv::batch), [`batch_with`](Kv::batch_with) | `batch ?retries` |
//! | [`disconnect`](Kv::disconnect) | the same |
//! | [`KeyPath`] | `Key` |
//! | [`Clock`], [`days_and_picoseconds`] | `PCLOCK`, the result of `last_modified` until version 5 |
//! | [`entries`](Kv::entries), [`reader`](Kv::reader), [`writer`](Kv::writer), [`watch`](Kv::watch) | |
//!
//! # Rules that hold in every store
//! - A path that goes through a value is [`DictionaryExpected`](Error::DictionaryExpected), naming
//!   the value; [`exists`](Kv::exists) alone answers that nothing is there.
//! - A dictionary is made by what is put into it, and stays when its last entry goes. The empty key
//!   is always a dictionary.
//! - The segments `.` and `..`, NUL in a segment, segments above 255 and keys above 4,096 bytes are
//!   [`InvalidKey`](Error::InvalidKey) for every verb. All other names work, and none is mistaken
//!   for another.
//! - A value may have 1 TiB, as far as the store has the space.
//! - Each verb happens at one moment, whoever else reads and writes.
//!
//! # Implementing a store
//! [`KvStore`] is the contract; everything else is derived from it here.

mod batch;
mod clock;
mod digest;
mod entries;
mod error;
mod judge;
mod path;
mod read;
mod reader;
mod store;
mod table;
mod watch;
mod write;
mod writer;

pub use batch::KvBatch;
pub use clock::{Clock, days_and_picoseconds};
pub use digest::KvDigest;
pub use entries::{Entries, Entry, Kind};
pub use error::{Error, InvalidKey, Result};
pub use path::{KeyPath, MAX_KEY, MAX_SEGMENT};
pub use reader::KvReader;
pub use store::{
    Change, Committed, Content, DictionaryStat, Health, KvRead, KvStage, KvStore, KvTransaction,
    Listed, Listing, MAX_COMMIT, MAX_READ, Reads, Staged, Stat, ValueStat, Window,
};
pub use table::TableOptions;
pub use watch::KvWatch;
pub use writer::KvWriter;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::future::BoxFuture;

use crate::transaction::{Turns, context};

/// The largest value, in bytes: 1 TiB.
pub const MAX_SIZE: u64 = 1 << 40;

/// What a verb returns: a future that borrows nothing, so that it can be collected, joined and
/// spawned. Nothing happens before it is polled; a write whose future is dropped later is applied
/// whole or not at all.
pub type Pending<T> = BoxFuture<'static, Result<T>>;

/// Values of bytes in nested dictionaries; see [the module](self).
///
/// A clone is the same handle, and costs a counter. What is awaited is durable, as far as the
/// store's [`Durability`](crate::Durability) says.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let store = persist_mem::Options::new().open().await?;
/// use persist_core::kv::{Error, Kind, Kv};
///
/// let kv = Kv::open(&store, "files").await?;
/// kv.set("site/index.html", "<h1>Hello</h1>").await?;
/// assert_eq!(kv.exists("site").await?, Some(Kind::Dictionary));
/// assert_eq!(kv.get_partial("site/index.html", 4, 5).await?, b"Hello");
/// assert!(matches!(kv.get("site").await, Err(Error::ValueExpected(_))));
///
/// kv.rename("site", "old/site").await?;
/// let below = kv.list("old/site").await?;
/// assert_eq!(below[0].key.to_string(), "/old/site/index.html");
/// kv.disconnect().await;
/// # Ok::<_, Error>(()) }).unwrap();
/// ```
#[doc(alias = "Mirage_kv.RW")]
#[derive(Clone)]
pub struct Kv {
    store: Arc<dyn KvStore>,
    clock: Arc<dyn Clock>,
    /// The order in which writes that have clashed try again.
    turns: Arc<Turns>,
}

impl Kv {
    /// The front end of a store.
    pub fn new(store: Arc<dyn KvStore>) -> Self {
        Self { store, clock: Arc::new(SystemTime::now), turns: Arc::default() }
    }

    /// The same store, with times from another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Releases the store: from now on every verb of every clone is `Closed`. It never fails, and
    /// loses nothing that was acknowledged; it may take a moment.
    pub async fn disconnect(&self) {
        self.store.disconnect().await;
    }

    /// Takes away what removals, replaced contents and crashes have left, as far as it can be taken
    /// away now. Stores do so by themselves too, a little later.
    ///
    /// # Errors
    /// [`Storage`](Error::Storage).
    pub async fn tidy(&self) -> Result<()> {
        Ok(self.usable()?.tidy().await.map_err(|error| error.during("tidy"))?)
    }

    /// Reads the whole store and counts what is there, leftovers and damages included. Meant for
    /// the quiet: beside writers the numbers may be of different moments.
    ///
    /// # Errors
    /// [`Storage`](Error::Storage).
    pub async fn check(&self) -> Result<Health> {
        Ok(self.usable()?.check().await.map_err(|error| error.during("check"))?)
    }

    /// The store, unless this task is running a batch of it: what goes past the batch would not be
    /// part of it.
    fn usable(&self) -> Result<&Arc<dyn KvStore>> {
        context::check_outside(self.id())?;
        Ok(&self.store)
    }

    /// What tells one store from another.
    fn id(&self) -> usize {
        Arc::as_ptr(&self.store).addr()
    }

    /// A verb as a future that borrows nothing.
    fn verb<T, F>(
        &self,
        operation: &'static str,
        key: impl Into<KeyPath>,
        run: impl FnOnce(Self, KeyPath) -> F + Send + 'static,
    ) -> Pending<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send,
    {
        let (kv, key) = (self.clone(), key.into());
        Box::pin(async move {
            let done = async {
                key.check()?;
                kv.usable()?;
                run(kv, key).await
            };
            done.await.map_err(|error| error.during(operation))
        })
    }
}

impl fmt::Debug for Kv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kv").field(&self.store).finish()
    }
}
