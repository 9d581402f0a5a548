//! Hierarchical keys: values of bytes in nested dictionaries, as Mirage's `Mirage_kv` has them.

mod clock;
mod error;
mod path;
mod store;

pub use clock::{Clock, days_and_picoseconds};
pub use error::{Error, InvalidKey, Result};
pub use path::{KeyPath, MAX_KEY, MAX_SEGMENT};
pub use store::{
    Change, Committed, Content, DictionaryStat, Health, KvRead, KvStage, KvStore, KvTransaction,
    Listed, Listing, MAX_COMMIT, MAX_READ, Reads, Staged, Stat, ValueStat, Window,
};

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

/// Values of bytes in nested dictionaries.
#[doc(alias = "Mirage_kv.RW")]
#[derive(Clone)]
pub struct Kv {
    store: Arc<dyn KvStore>,
    clock: Arc<dyn Clock>,
}

impl Kv {
    /// What stands on a store.
    pub fn new(store: Arc<dyn KvStore>) -> Self {
        Self { store, clock: Arc::new(SystemTime::now) }
    }

    /// The same, with times from another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }
}

impl fmt::Debug for Kv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kv").field(&self.store).finish()
    }
}
