//! An open store, as its handles, transactions and watches share it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::RwLock;
use persist_core::{Error, Result};

use crate::base::Base;
use crate::watch::Watches;
use crate::writer::Writer;

pub(crate) struct Shared {
    /// For people.
    dir: PathBuf,
    /// Nothing once the store is closed.
    base: RwLock<Option<Arc<Base>>>,
    pub(crate) writer: Writer,
    pub(crate) watches: Watches,
}

impl Shared {
    pub(crate) fn new(dir: PathBuf, base: Base) -> Result<Self> {
        let base = Arc::new(base);
        let writer = Writer::start(Arc::clone(&base))?;
        let watches = Watches::new(Arc::clone(&base.root));
        Ok(Self { dir, base: RwLock::new(Some(base)), writer, watches })
    }

    pub(crate) fn base(&self) -> Result<Arc<Base>> {
        self.base.read().clone().ok_or_else(Error::closed)
    }

    /// Refuses all that comes from now on. What was sent to the writer is done first.
    pub(crate) async fn close(&self) {
        self.base.write().take();
        self.watches.end();
        self.writer.end().await;
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").field("dir", &self.dir).finish_non_exhaustive()
    }
}
