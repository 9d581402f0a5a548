//! Compare and swap.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use super::Table;
use crate::Result;
use crate::backend::{Cell, Commit, Expect, Write};
use crate::column::{Column, KeyColumn, decode_value, encode_key, encode_value};

/// How a swap ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a swap that found another value has written nothing"]
pub enum Swap<T> {
    /// The value was as expected and has been replaced.
    Done,
    /// Nothing was written: this is the value now (`None`: absent).
    Found(Option<T>),
}

/// A key with the value that was read of it, to be swapped for another if it is still the same.
///
/// What is compared is the stored form that was read, so that maps in another order and types
/// that have grown since compare right.
pub struct Entry<K: KeyColumn, V: Column> {
    table: Table<K, V>,
    key: Cell,
    found: Option<Cell>,
    value: Option<V::Owned>,
}

impl<K: KeyColumn, V: Column> Table<K, V> {
    /// Reads `key` so that it can be swapped.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # use persist_core::{Swap, Table, column::{Integer, Text}};
    /// # let store = persist_mem::Options::new().open().await?;
    /// # let jobs: Table<Text, Integer> = store.table("jobs").await?;
    /// let job = jobs.get_entry("backup").await?;
    /// assert_eq!(job.value(), None);
    /// assert_eq!(job.swap(Some(1)).await?, Swap::Done);
    /// # Ok::<_, persist_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// `Decode`, `Closed`, and what the engine reports.
    pub fn get_entry(
        &self,
        key: K::Borrowed<'_>,
    ) -> impl Future<Output = Result<Entry<K, V>>> + Send + use<K, V> {
        let table = self.clone();
        let key = encode_key::<K>(key);
        async move {
            let key = key.map_err(|error| table.raw.blame("get_entry", error))?;
            let read = async {
                let found = table.raw.get(&key).await?;
                let value = found.clone().map(decode_value::<V>).transpose()?;
                Ok((found, value))
            };
            let (found, value) =
                read.await.map_err(|error| table.raw.blame_key("get_entry", &key, error))?;
            Ok(Entry { table, key, found, value })
        }
    }

    /// Binds `key` to `new` if its value equals `expected` (`None` is absent, on both sides).
    ///
    /// The stored value is decoded and compared by `PartialEq`; that it is still the one that was
    /// compared is judged together with the write.
    ///
    /// # Errors
    /// `InvalidKey`, `TooLarge`, `Encode`, `Decode`, `Closed`, and what the engine reports.
    #[doc(alias = "test_and_set")]
    pub fn compare_and_set(
        &self,
        key: K::Borrowed<'_>,
        expected: Option<V::Borrowed<'_>>,
        new: Option<V::Borrowed<'_>>,
    ) -> impl Future<Output = Result<Swap<V::Owned>>> + Send + use<K, V>
    where
        V::Owned: PartialEq,
    {
        let raw = Arc::clone(&self.raw);
        let key = encode_key::<K>(key);
        let expected = expected.map(encode_value::<V>).transpose();
        let new = new.map(encode_value::<V>).transpose();
        async move {
            let swap = async {
                let (key, new) = (key?, new?);
                let expected = expected?.map(decode_value::<V>).transpose()?;
                let mut found = raw.get(&key).await?;
                loop {
                    let value = found.clone().map(decode_value::<V>).transpose()?;
                    if value != expected {
                        return Ok(Swap::Found(value));
                    }
                    let (expect, write) = (Expect::found(found), Write::binding(new.clone()));
                    match raw.commit(key.clone(), expect, write).await? {
                        Commit::Applied => return Ok(Swap::Done),
                        Commit::Conflict { found: now, .. } => found = now,
                    }
                }
            };
            swap.await.map_err(|error| raw.blame("compare_and_set", error))
        }
    }
}

impl<K: KeyColumn, V: Column> Entry<K, V> {
    /// The value that was read, if there was one.
    pub fn value(&self) -> Option<&V::Owned> {
        self.value.as_ref()
    }

    /// The value that was read, if there was one.
    pub fn into_value(self) -> Option<V::Owned> {
        self.value
    }

    /// Binds the key to `new` (`None` removes it) if its value is still the one that was read.
    ///
    /// # Errors
    /// `TooLarge`, `Encode`, `Decode` (of what was found instead), `Closed`, and what the engine
    /// reports.
    pub fn swap(
        &self,
        new: Option<V::Borrowed<'_>>,
    ) -> impl Future<Output = Result<Swap<V::Owned>>> + Send + use<K, V> {
        let raw = Arc::clone(&self.table.raw);
        let (key, expect) = (self.key.clone(), self.expect());
        let new = new.map(encode_value::<V>).transpose();
        async move {
            let swap = async {
                match raw.commit(key.clone(), expect, Write::binding(new?)).await? {
                    Commit::Applied => Ok(Swap::Done),
                    Commit::Conflict { found, .. } => {
                        Ok(Swap::Found(found.map(decode_value::<V>).transpose()?))
                    }
                }
            };
            swap.await.map_err(|error| raw.blame_key("swap", &key, error))
        }
    }

    pub(crate) fn table(&self) -> &Table<K, V> {
        &self.table
    }

    pub(crate) fn key_cell(&self) -> &Cell {
        &self.key
    }

    /// That the key is still bound to what was read.
    pub(crate) fn expect(&self) -> Expect {
        Expect::found(self.found.clone())
    }
}

impl<K: KeyColumn, V: Column> fmt::Debug for Entry<K, V>
where
    V::Owned: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("key", &self.key)
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}
