//! Bindings that change one at a time.

mod test_and_set;
mod watch;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use super::{decodable, name};
use crate::backend::{Direction, KeyRange, Marking};
use crate::column::{Column, KeyColumn, decode_key};
use crate::{Persist, Result, Table};

/// How many keys are asked for at once.
const PAGE: usize = 1024;

/// A store of bindings that are set, compared and watched one by one: the branches of a
/// repository. Its table is `ROOT:data`.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let store = persist_mem::Options::new().open().await?;
/// use persist_core::{column::{Integer, Text}, objects::Atomic};
///
/// let heads: Atomic<Text, Integer> = Atomic::open(&store, "app").await?;
/// heads.set("main", 1).await?;
/// assert!(heads.test_and_set("main", Some(1), Some(2)).await?);
/// assert!(!heads.test_and_set("main", Some(1), Some(3)).await?);
/// assert_eq!(heads.find("main").await?, Some(2));
/// assert_eq!(heads.list().await?, ["main"]);
/// # Ok::<_, persist_core::Error>(()) }).unwrap();
/// ```
#[doc(alias = "RW_MAKER")]
#[doc(alias = "Atomic_write")]
pub struct Atomic<K, V> {
    table: Table<K, V>,
}

impl<K: KeyColumn, V: Column> Atomic<K, V> {
    /// Opens the store under `root`, creating it if it is not there.
    ///
    /// # Errors
    /// `InvalidName`; `SchemaMismatch` if it was made with other columns; `Closed`, and what the
    /// engine reports.
    #[doc(alias = "v")]
    pub fn open(
        persist: &Persist,
        root: &str,
    ) -> impl Future<Output = Result<Self>> + Send + use<K, V> {
        let table = persist.table(&name(root, "data"));
        async move { Ok(Self { table: table.await? }) }
    }

    /// Whether `key` has a value. It is not decoded.
    ///
    /// # Errors
    /// `InvalidKey`, `TooLarge`, `Closed`, and what the engine reports.
    pub fn mem(
        &self,
        key: K::Borrowed<'_>,
    ) -> impl Future<Output = Result<bool>> + Send + use<K, V> {
        self.table.contains(key)
    }

    /// The value of `key`; `None` if it has none, or one that cannot be decoded.
    ///
    /// # Errors
    /// `InvalidKey`, `TooLarge`, `Closed`, and what the engine reports.
    pub fn find(
        &self,
        key: K::Borrowed<'_>,
    ) -> impl Future<Output = Result<Option<V::Owned>>> + Send + use<K, V> {
        let found = self.table.get(key);
        async move { decodable(found.await) }
    }

    /// As [`find`](Self::find), but a value that cannot be decoded is an error.
    ///
    /// # Errors
    /// `Decode`, and as [`find`](Self::find).
    pub fn try_find(
        &self,
        key: K::Borrowed<'_>,
    ) -> impl Future<Output = Result<Option<V::Owned>>> + Send + use<K, V> {
        self.table.get(key)
    }

    /// Binds `key` to `value`, whatever was there. Durable on return. Against writers that race it
    /// protects nobody; [`test_and_set`](Self::test_and_set) does.
    ///
    /// # Errors
    /// `InvalidKey`, `TooLarge`, `Encode`, `Closed`, and what the engine reports.
    pub fn set(
        &self,
        key: K::Borrowed<'_>,
        value: V::Borrowed<'_>,
    ) -> impl Future<Output = Result<()>> + Send + use<K, V> {
        self.table.insert(key, value)
    }

    /// Unbinds `key`; whether it had a value, which is no error if it had none. Durable on return.
    ///
    /// # Errors
    /// `InvalidKey`, `TooLarge`, `Closed`, and what the engine reports.
    pub fn remove(
        &self,
        key: K::Borrowed<'_>,
    ) -> impl Future<Output = Result<bool>> + Send + use<K, V> {
        self.table.remove(key)
    }

    /// The keys, in their order. Values are not decoded. A key that is bound throughout is listed
    /// once; one that comes or goes meanwhile may or may not be.
    ///
    /// # Errors
    /// `Decode` for a key that cannot be decoded, `Closed`, and what the engine reports.
    pub fn list(&self) -> impl Future<Output = Result<Vec<K::Owned>>> + Send + use<K, V> {
        let raw = Arc::clone(self.table.raw());
        async move {
            let list = async {
                let (mut keys, mut left) = (Vec::new(), Some(KeyRange::all()));
                while let Some(range) = left {
                    let (backend, table) = (raw.backend()?, raw.handle());
                    let scan = backend.scan(table, &range, Direction::Forward, PAGE, Marking::Skip);
                    let page = scan.await?.value;
                    for row in page.rows {
                        keys.push(decode_key::<K>(row?.0)?);
                    }
                    left = page.rest;
                }
                Ok(keys)
            };
            list.await.map_err(|error| raw.blame("list", error))
        }
    }
}

impl<K, V> Clone for Atomic<K, V> {
    fn clone(&self) -> Self {
        Self { table: self.table.clone() }
    }
}

impl<K, V> fmt::Debug for Atomic<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Atomic").field(&self.table).finish()
    }
}
