//! Tables: the typed front end that all others are made of.

mod entry;
mod point;
mod range;
mod raw;
mod stream;
mod updates;
mod variables;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

pub use entry::{Entry, Swap};
pub use range::Range;
pub(crate) use range::{beginning, cells};
pub(crate) use raw::RawTable;
pub use stream::{Entries, Pages};

use crate::Persist;
use crate::backend::TableHandle;
use crate::column::{Column, KeyColumn, Postcard, Text};

/// A typed table: keys of column `K`, in their order, bound to values of column `V`.
///
/// A clone is the same table and costs a counter. All methods that take a key or a value encode
/// it at once and return a future that borrows nothing, so futures may be collected, joined and
/// spawned. Nothing happens before the future is polled; a write whose future is dropped later
/// is applied whole or not at all.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let store = persist_mem::Options::new().open().await?;
/// use persist_core::{Table, column::{Integer, Text}};
///
/// let hits: Table<Text, Integer> = store.table("hits").await?;
/// hits.insert("/", 1).await?;
/// assert_eq!(hits.update_or("/", 0, |n| n + 1).await?, 2);
/// assert_eq!(hits.range("/".."/z").count().await?, 1);
/// # Ok::<_, persist_core::Error>(()) }).unwrap();
/// ```
#[doc(alias = "TABLE")]
pub struct Table<K, V> {
    raw: Arc<RawTable>,
    columns: PhantomData<fn() -> (K, V)>,
}

/// A table of text keys and values of any type that serde knows.
pub type Polymorphic<V> = Table<Text, Postcard<V>>;

impl<K: KeyColumn, V: Column> Table<K, V> {
    pub(crate) fn new(persist: Persist, handle: TableHandle) -> Self {
        Self { raw: Arc::new(RawTable::new(persist, handle)), columns: PhantomData }
    }

    pub(crate) fn raw(&self) -> &Arc<RawTable> {
        &self.raw
    }

    /// The name that the table was opened by.
    #[doc(alias = "table_name")]
    pub fn name(&self) -> &str {
        self.raw.name()
    }
}

impl<K, V> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        Self { raw: Arc::clone(&self.raw), columns: PhantomData }
    }
}

impl<K, V> fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Table").field(&self.raw.name()).finish()
    }
}
