//! The handle to an open store.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

use crate::backend::limits::{MAX_NAME, RESERVED_PREFIX};
use crate::backend::{Backend, TableInfo, TableSpec};
use crate::batch::Batch;
use crate::column::{Column, KeyColumn};
use crate::table::Table;
use crate::transaction::{Turns, context};
use crate::update::Pens;
use crate::{Error, ErrorKind, Result};

/// An open store: what every front end is made from.
///
/// A clone is the same handle, and costs a counter. [`handle`](Self::handle) makes another one on
/// the same store, which is closed apart. The engine is closed by the last handle's
/// [`close`](Self::close), or when the last handle and all that was made from any of them are
/// dropped, which loses nothing that was acknowledged.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use persist_core::{Table, column::{Real, Text}};
///
/// let store = persist_mem::Options::new().open().await?;
/// let prices: Table<Text, Real> = store.table("prices").await?;
/// prices.insert("tea", 2.5).await?;
/// assert_eq!(prices.get("tea").await?, Some(2.5));
/// store.close().await
/// # }).unwrap();
/// ```
#[doc(alias = "init")]
#[derive(Clone)]
pub struct Persist(Arc<Handle>);

struct Handle {
    store: Arc<Store>,
    closed: AtomicBool,
    /// Wakes those who wait for the end of the handle.
    ended: Notify,
}

/// What all handles of one store share.
struct Store {
    backend: Arc<dyn Backend>,
    pens: Pens,
    turns: Turns,
    open_handles: AtomicUsize,
}

impl Persist {
    /// The first handle to what a backend has opened.
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        let store = Store {
            backend,
            pens: Pens::default(),
            turns: Turns::default(),
            open_handles: AtomicUsize::new(1),
        };
        Self(Arc::new(Handle {
            store: Arc::new(store),
            closed: AtomicBool::new(false),
            ended: Notify::new(),
        }))
    }

    /// Another handle to the same store, which lives and is closed apart from this one.
    ///
    /// # Errors
    /// `Closed`, if this handle is.
    pub fn handle(&self) -> Result<Self> {
        let store = Arc::clone(&self.0.store);
        self.backend()?;
        store.open_handles.fetch_add(1, Ordering::AcqRel);
        Ok(Self(Arc::new(Handle { store, closed: AtomicBool::new(false), ended: Notify::new() })))
    }

    /// Opens the table `name`, creating it if it is not there. The types say how keys and values
    /// are stored; the store remembers them.
    ///
    /// A name is 1 to 200 bytes of UTF-8 without NUL; every other name works, and different
    /// names are different tables. Names that begin with `__persist` are reserved.
    ///
    /// # Errors
    /// `InvalidName`; `SchemaMismatch` if the table was made with other columns or codecs;
    /// `Closed`, and what the engine reports.
    #[doc(alias = "open_table")]
    #[doc(alias = "Functorial.Table")]
    pub fn table<K: KeyColumn, V: Column>(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Table<K, V>>> + Send + use<K, V> {
        let named = check_name(name);
        let spec = TableSpec::new(name, K::spec(), V::spec());
        self.open_table("table", named.map(|()| spec))
    }

    /// A table of the library's own, whose name users could not choose.
    pub(crate) fn open_table<K: KeyColumn, V: Column>(
        &self,
        operation: &'static str,
        spec: Result<TableSpec>,
    ) -> impl Future<Output = Result<Table<K, V>>> + Send + use<K, V> {
        let this = self.clone();
        async move {
            let opened = async { this.backend()?.open_table(spec?).await };
            let handle = opened.await.map_err(|error| error.during(operation))?;
            tracing::debug!(table = handle.name(), "table opened");
            Ok(Table::new(this, handle))
        }
    }

    /// Removes the table `name` with all that it holds; `false` if there was none. Handles to it
    /// answer `NotFound` from then on.
    ///
    /// # Errors
    /// `InvalidName`, `Closed`, and what the engine reports.
    pub fn drop_table(&self, name: &str) -> impl Future<Output = Result<bool>> + Send + use<> {
        let this = self.clone();
        let named = check_name(name).map(|()| name.to_owned());
        async move {
            let dropped = async { this.backend()?.drop_table(&named?).await };
            dropped.await.map_err(|error| error.during("drop_table"))
        }
    }

    /// The tables of the store, by name, those of the library included.
    ///
    /// # Errors
    /// `Closed`, and what the engine reports.
    pub async fn tables(&self) -> Result<Vec<TableInfo>> {
        let listed = async { self.backend()?.tables().await };
        listed.await.map_err(|error| error.during("tables"))
    }

    /// An empty batch, for writes to several keys and tables that happen together or not at all.
    pub fn batch(&self) -> Batch {
        Batch::new(self.clone())
    }

    /// Closes this handle: it, its clones and what was made from them answer `Closed` from now
    /// on. With the last handle of the store, everything acknowledged is made durable and the
    /// engine is released. Closing again does nothing.
    ///
    /// # Errors
    /// What the engine reports when it is released.
    pub async fn close(&self) -> Result<()> {
        self.0.close();
        if self.0.store.open_handles.load(Ordering::Acquire) > 0 {
            return Ok(());
        }
        // Each call waits for the release, also when an earlier one was given up.
        self.0.store.backend.close().await.map_err(|error| error.during("close"))
    }

    /// The backend, unless this handle is closed or a transaction of the store is being run by
    /// this task: what goes past it would not be part of it.
    pub(crate) fn backend(&self) -> Result<&Arc<dyn Backend>> {
        if self.0.closed.load(Ordering::Acquire) {
            return Err(Error::closed());
        }
        context::check_outside(self.id())?;
        Ok(&self.0.store.backend)
    }

    /// Waits until this handle is closed.
    pub(crate) async fn closed(&self) {
        let mut ended = std::pin::pin!(self.0.ended.notified());
        // Registered before the look, so that an end after it is noticed.
        ended.as_mut().enable();
        if !self.0.closed.load(Ordering::Acquire) {
            ended.await;
        }
    }

    /// What tells one open store from another.
    pub(crate) fn id(&self) -> usize {
        Arc::as_ptr(&self.0.store).addr()
    }

    /// The order in which transactions that have clashed try again.
    pub(crate) fn turns(&self) -> &Turns {
        &self.0.store.turns
    }

    /// The order in which updates of one key take turns.
    pub(crate) fn pens(&self) -> &Pens {
        &self.0.store.pens
    }

    /// Whether both are handles of one store.
    pub(crate) fn same_store(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0.store, &other.0.store)
    }
}

impl Handle {
    fn close(&self) {
        if !self.closed.swap(true, Ordering::AcqRel) {
            self.store.open_handles.fetch_sub(1, Ordering::AcqRel);
        }
        self.ended.notify_waiters();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Persist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Persist").field("backend", &self.0.store.backend).finish_non_exhaustive()
    }
}

/// Whether users may choose the name.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let wrong = if name.is_empty() {
        "it is empty".to_owned()
    } else if name.len() > MAX_NAME {
        format!("it takes {} bytes", name.len())
    } else if name.contains('\0') {
        "it contains NUL".to_owned()
    } else if name.starts_with(RESERVED_PREFIX) {
        format!("names that begin with {RESERVED_PREFIX} are reserved")
    } else {
        return Ok(());
    };
    Err(Error::new(
        ErrorKind::InvalidName,
        format!("{wrong}; a table name is 1 to {MAX_NAME} bytes of UTF-8 without NUL"),
    )
    .table(name))
}
