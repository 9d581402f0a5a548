//! A [`Kv`] in the tables of any store.
//!
//! Entries refer to dictionaries and contents by random ids, so what is moved or removed is one
//! row, whatever it holds. What nothing refers to any more is named in the table of graves by the
//! same commit, and taken away from there.

mod change;
mod check;
mod hints;
mod reap;
mod rows;
mod stage;
mod state;
mod way;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::sync::watch;

use self::reap::{Reaper, Seen, first};
use self::rows::{ChunkKey, Entry, EntryKey, Grave, Id, IdKey, Lease, encode, entry_key};
use self::stage::Stage;
use self::state::State;
use self::way::Known;
use super::store::{Health, KvRead, KvStage, KvStore, KvTransaction, Listing, Reads, Stat, Window};
use super::{KeyPath, Kv};
use crate::backend::{Expect, KeyRange, Write};
use crate::column::{Bytes, Postcard};
use crate::table::RawTable;
use crate::{Error, Persist, Result};

/// How to open a [`Kv`] in the tables of a store.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let store = persist_mem::Options::new().open().await?;
/// use std::time::Duration;
/// use persist_core::kv::TableOptions;
///
/// let kv = TableOptions::new("files").lease(Duration::from_mins(5)).open(&store).await?;
/// # kv.disconnect().await;
/// # Ok::<_, persist_core::Error>(()) }).unwrap();
/// ```
///
/// `name` and `lease` (`"30s"`) are also the keys of `[persist.kv]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use = "options do nothing until they are opened"]
pub struct TableOptions {
    #[serde(default = "TableOptions::default_name")]
    name: String,
    #[serde(default = "TableOptions::default_lease", with = "humantime_serde")]
    lease: Duration,
    #[serde(skip)]
    closes_store: bool,
}

impl TableOptions {
    /// The defaults, for the tables `NAME:entry`, `NAME:chunk`, `NAME:grave` and `NAME:lease`.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), lease: Self::default_lease(), closes_store: false }
    }

    fn default_name() -> String {
        "kv".into()
    }

    fn default_lease() -> Duration {
        Duration::from_secs(30)
    }

    /// How long a process that writes a large value may not be heard of before what it has written
    /// ahead is taken away; 30 s by default. A process renews its leases four times as often, also
    /// while a writer pauses, so this matters where processes are stopped and go on later. All
    /// processes should agree on it.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Lets [`Kv::disconnect`] close the handle of the store too; not so by default.
    pub fn closes_store(mut self, closes: bool) -> Self {
        self.closes_store = closes;
        self
    }

    /// Opens it, creating it if it is not there.
    ///
    /// # Errors
    /// `InvalidName`; `SchemaMismatch` if tables of these names were made otherwise; `Closed`, and
    /// what the engine reports.
    pub async fn open(self, persist: &Persist) -> Result<Kv> {
        Ok(Kv::new(self.store(persist).await?))
    }

    /// Opens it as a bare store, to wrap it or to test it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn store(self, persist: &Persist) -> Result<Arc<dyn KvStore>> {
        let name = |what: &str| format!("{}:{what}", self.name);
        let entries = persist.table::<EntryKey, Postcard<Entry>>(&name("entry")).await?;
        let chunks = persist.table::<ChunkKey, Bytes>(&name("chunk")).await?;
        let graves = persist.table::<IdKey, Postcard<Grave>>(&name("grave")).await?;
        let leases = persist.table::<IdKey, Postcard<Lease>>(&name("lease")).await?;
        let tables = Tables {
            persist: persist.clone(),
            entries: Arc::clone(entries.raw()),
            chunks: Arc::clone(chunks.raw()),
            graves: Arc::clone(graves.raw()),
            leases: Arc::clone(leases.raw()),
            known: Known::default(),
        };
        tables.make_top().await?;
        let mut leftovers = false;
        for table in [&tables.graves, &tables.leases] {
            leftovers |= !first(table, &KeyRange::all(), 1).await?.rows.is_empty();
        }
        let inner = Arc::new(Inner {
            tables,
            lease: self.lease,
            closes_store: self.closes_store,
            live: Mutex::default(),
            abandoned: Mutex::default(),
            seen: Mutex::default(),
            reaper: Reaper::default(),
            closed: watch::Sender::new(false),
        });
        if leftovers {
            inner.wake();
        }
        Ok(Arc::new(TableStore(inner)))
    }
}

impl Kv {
    /// Opens the dictionaries under `name`, creating them if they are not there. They are in tables
    /// of the store, `NAME:entry`, `NAME:chunk`, `NAME:grave` and `NAME:lease`.
    ///
    /// Small values (1 KiB) stand in their entries, others in chunks of 64 KiB. So a listing costs
    /// its own entries, a partial write its chunks, and what was never written of an allocated value
    /// takes no space. What is removed or replaced is taken away a little later, by a thread that
    /// exists only while there is such work. [`TableOptions`] has more to choose.
    ///
    /// # Errors
    /// `InvalidName`; `SchemaMismatch` if tables of these names were made otherwise; `Closed`, and
    /// what the engine reports.
    #[doc(alias = "connect")]
    pub async fn open(persist: &Persist, name: &str) -> Result<Self> {
        TableOptions::new(name).open(persist).await
    }
}

/// The tables of one store.
#[derive(Debug)]
struct Tables {
    persist: Persist,
    /// A dictionary's id and a segment: what that is bound to.
    entries: Arc<RawTable>,
    /// A content's id and a number: that part of it.
    chunks: Arc<RawTable>,
    /// What is to be taken away.
    graves: Arc<RawTable>,
    /// Contents that are being written and not bound yet.
    leases: Arc<RawTable>,
    known: Known,
}

struct Inner {
    tables: Tables,
    lease: Duration,
    closes_store: bool,
    /// The contents that this process is writing.
    live: Mutex<HashSet<Id>>,
    /// Those that it has given up.
    abandoned: Mutex<Vec<Id>>,
    /// The leases of others.
    seen: Mutex<HashMap<Id, Seen>>,
    reaper: Reaper,
    closed: watch::Sender<bool>,
}

#[derive(Debug)]
struct TableStore(Arc<Inner>);

impl Tables {
    /// Makes the top-level dictionary, unless it is there.
    async fn make_top(&self) -> Result<()> {
        let key = entry_key(Id::NOWHERE, "")?;
        if self.entries.get(&key).await?.is_none() {
            let top = Entry::Dictionary { id: Id::random(), made: SystemTime::now().into() };
            // Of two that make it at once, one does.
            self.entries.commit_if(key, Expect::Absent, Write::Put(encode(&top)?)).await?;
        }
        Ok(())
    }
}

impl Inner {
    /// The tables, unless they were closed.
    fn open(&self) -> Result<&Tables> {
        if *self.closed.borrow() { Err(Error::closed()) } else { Ok(&self.tables) }
    }

    /// Lets the reaper look.
    fn wake(self: &Arc<Self>) {
        if !*self.closed.borrow() {
            self.reaper.wake(self);
        }
    }
}

impl TableStore {
    fn newest(&self) -> Result<State> {
        State::begin(&self.0, false, false)
    }
}

impl KvRead for TableStore {
    fn stat<'a>(&'a self, key: &'a KeyPath) -> BoxFuture<'a, Result<Stat>> {
        Box::pin(async move { self.newest()?.stat(key).await })
    }

    fn read<'a>(
        &'a self,
        key: &'a KeyPath,
        offset: u64,
        length: usize,
    ) -> BoxFuture<'a, Result<Option<Window>>> {
        Box::pin(async move { self.newest()?.read(key, offset, length).await })
    }

    fn list<'a>(
        &'a self,
        key: &'a KeyPath,
        after: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Option<Listing>>> {
        Box::pin(async move { self.newest()?.list(key, after, limit).await })
    }
}

impl KvStore for TableStore {
    fn begin(&self, reads: Reads) -> BoxFuture<'_, Result<Arc<dyn KvTransaction>>> {
        Box::pin(async move {
            let (fixed, judged) = (reads != Reads::Newest, reads != Reads::View);
            let state = State::begin(&self.0, fixed, judged)?;
            Ok(Arc::new(state) as Arc<dyn KvTransaction>)
        })
    }

    fn stage(&self) -> BoxFuture<'_, Result<Box<dyn KvStage>>> {
        Box::pin(async move {
            self.0.open()?;
            Ok(Box::new(Stage::begin(Arc::clone(&self.0)).await?) as Box<dyn KvStage>)
        })
    }

    fn changes(&self, key: &KeyPath) -> BoxStream<'static, ()> {
        hints::changes(Arc::clone(&self.0), key.clone())
    }

    fn tidy(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.0.reap().await.map(drop) })
    }

    fn check(&self) -> BoxFuture<'_, Result<Health>> {
        Box::pin(self.0.check())
    }

    fn disconnect(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.0.closed.send_replace(true);
            if self.0.closes_store
                && let Err(error) = self.0.tables.persist.close().await
            {
                tracing::warn!(%error, "the store was not closed well");
            }
        })
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("tables", &self.tables).finish_non_exhaustive()
    }
}
