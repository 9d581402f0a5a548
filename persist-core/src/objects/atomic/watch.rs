//! Being told what changes.

use std::ops::Bound;

use super::Atomic;
use crate::column::{Column, KeyColumn};
use crate::{Result, Watch, WatchValue};

impl<K: KeyColumn, V: Column> Atomic<K, V> {
    /// The changes of all keys, by whatever handle or process; to be polled, or to
    /// [call back](Watch::call) as long as its guard lives.
    ///
    /// A watcher is told what differs from what it last knew: a value that is set to what it is
    /// says nothing. It begins from what is there when it is first polled, or from what it is
    /// [told to know](Watch::knowing).
    ///
    /// The reference never looks at the store when a watch begins. Its watchers know nothing of a
    /// key that was there before, so that the first change of it is `Added`, and its removal is
    /// not reported at all. Here these are `Updated` and `Removed`. Where the beginning is told,
    /// what is there and differs is reported at once, and not only when it changes next.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # use persist_core::{Change, column::{Integer, Text}, objects::Atomic};
    /// # let store = persist_mem::Options::new().open().await?;
    /// # let heads: Atomic<Text, Integer> = Atomic::open(&store, "app").await?;
    /// use futures_util::TryStreamExt;
    ///
    /// let mut changes = heads.watch().knowing([("main", 1)])?;
    /// heads.set("main", 2).await?;
    /// let (name, change) = changes.try_next().await?.expect("the store is open");
    /// assert_eq!((name.as_str(), change), ("main", Change::Updated { old: 1, new: 2 }));
    /// # Ok::<_, persist_core::Error>(()) }).unwrap();
    /// ```
    pub fn watch(&self) -> Watch<K, V> {
        self.table.watch(..)
    }

    /// The changes of one key. What is said of [`watch`](Self::watch) holds here too.
    pub fn watch_key(&self, key: K::Borrowed<'_>) -> WatchValue<V::Owned> {
        self.table.watch_key(key)
    }

    /// The changes of one key, beginning from `init`; `None` is absent.
    ///
    /// # Errors
    /// `InvalidKey`, `TooLarge`, `Encode`.
    pub fn watch_key_knowing<'a>(
        &self,
        key: K::Borrowed<'a>,
        init: Option<V::Borrowed<'a>>,
    ) -> Result<Watch<K, V>> {
        let alone = (Bound::Included(key), Bound::Included(key));
        self.table.watch(alone).knowing(init.map(|init| (key, init)))
    }
}
