//! Operations on one key.

use std::future::Future;
use std::sync::Arc;

use super::{RawTable, Table};
use crate::Result;
use crate::backend::{Cell, Commit, Direction, Expect, KeyRange, Marking, Write};
use crate::column::{Column, KeyColumn, decode_value, encode_key, encode_value};
use crate::give_way::give_way;

impl<K: KeyColumn, V: Column> Table<K, V> {
    /// The value of `key`, if it has one.
    ///
    /// # Errors
    /// `InvalidKey`, `TooLarge`, `Decode`, `Closed`, and what the engine reports.
    #[doc(alias = "find")]
    pub fn get(
        &self,
        key: K::Borrowed<'_>,
    ) -> impl Future<Output = Result<Option<V::Owned>>> + Send + use<K, V> {
        self.read("get", key, |found| found.map(decode_value::<V>).transpose())
    }

    /// The values of `keys`, in their order, in one round trip (or a few, if they are large).
    ///
    /// # Errors
    /// `InvalidKey`, `TooLarge`, `Decode`, `Closed`, and what the engine reports.
    pub fn get_many<'a>(
        &self,
        keys: impl IntoIterator<Item = K::Borrowed<'a>>,
    ) -> impl Future<Output = Result<Vec<Option<V::Owned>>>> + Send + 'static {
        let keys: Result<Vec<Cell>> = keys.into_iter().map(encode_key::<K>).collect();
        let raw = Arc::clone(&self.raw);
        async move {
            let read = async {
                let keys = keys?;
                let found = raw.get_many(&keys).await?;
                let decode = |(key, cell): (&Cell, Option<Cell>)| {
                    cell.map(decode_value::<V>).transpose().map_err(|error| error.key(key))
                };
                keys.iter().zip(found).map(decode).collect::<Result<Vec<_>>>()
            };
            read.await.map_err(|error| raw.blame("get_many", error))
        }
    }

    /// Whether `key` has a value.
    #[doc(alias = "mem")]
    pub fn contains(
        &self,
        key: K::Borrowed<'_>,
    ) -> impl Future<Output = Result<bool>> + Send + use<K, V> {
        self.read("contains", key, |found| Ok(found.is_some()))
    }

    /// Binds `key` to `value`, whatever was there. Durable on return.
    ///
    /// Keys take at most 2,000 bytes when encoded and values 64 MiB; more is `TooLarge`, before
    /// anything is written.
    #[doc(alias = "add")]
    pub fn insert(
        &self,
        key: K::Borrowed<'_>,
        value: V::Borrowed<'_>,
    ) -> impl Future<Output = Result<()>> + Send + use<K, V> {
        let put = encode_value::<V>(value).map(Write::Put);
        self.write("insert", key, Expect::Any, put, drop)
    }

    /// Binds `key` to `value` if it has none; whether it did.
    pub fn insert_if_absent(
        &self,
        key: K::Borrowed<'_>,
        value: V::Borrowed<'_>,
    ) -> impl Future<Output = Result<bool>> + Send + use<K, V> {
        let put = encode_value::<V>(value).map(Write::Put);
        self.write("insert_if_absent", key, Expect::Absent, put, |commit| commit == Commit::Applied)
    }

    /// Binds `key` to `value` if it has one; whether it did.
    #[doc(alias = "replace_if_exists")]
    pub fn replace(
        &self,
        key: K::Borrowed<'_>,
        value: V::Borrowed<'_>,
    ) -> impl Future<Output = Result<bool>> + Send + use<K, V> {
        let put = encode_value::<V>(value).map(Write::Put);
        self.write("replace", key, Expect::Present, put, |commit| commit == Commit::Applied)
    }

    /// Unbinds `key`; whether it had a value. Durable on return.
    pub fn remove(
        &self,
        key: K::Borrowed<'_>,
    ) -> impl Future<Output = Result<bool>> + Send + use<K, V> {
        let delete = Ok(Write::Delete);
        self.write("remove", key, Expect::Present, delete, |commit| commit == Commit::Applied)
    }

    /// How many keys have a value. The engine counts; no value is read.
    #[doc(alias = "length")]
    pub fn len(&self) -> impl Future<Output = Result<u64>> + Send + use<K, V> {
        self.on_table("len", |raw| async move {
            let all = KeyRange::all();
            Ok(raw.backend()?.count(raw.handle(), &all, Marking::Skip).await?.value)
        })
    }

    /// Whether no key has a value.
    pub fn is_empty(&self) -> impl Future<Output = Result<bool>> + Send + use<K, V> {
        self.on_table("is_empty", |raw| async move {
            let mut range = Some(KeyRange::all());
            while let Some(left) = range {
                let scan =
                    raw.backend()?.scan(raw.handle(), &left, Direction::Forward, 1, Marking::Skip);
                let page = scan.await?.value;
                if !page.rows.is_empty() {
                    return Ok(false);
                }
                range = page.rest;
            }
            Ok(true)
        })
    }

    /// Unbinds every key, in one commit.
    pub fn clear(&self) -> impl Future<Output = Result<()>> + Send + use<K, V> {
        self.on_table("clear", |raw| async move { raw.delete_range(KeyRange::all()).await })
    }

    /// The future of a read of a key, of which `tell` makes the answer. The key is encoded now;
    /// errors name operation and key.
    fn read<T, F>(
        &self,
        operation: &'static str,
        key: K::Borrowed<'_>,
        tell: F,
    ) -> impl Future<Output = Result<T>> + Send + use<K, V, T, F>
    where
        F: FnOnce(Option<Cell>) -> Result<T> + Send,
    {
        let raw = Arc::clone(&self.raw);
        let key = encode_key::<K>(key);
        async move {
            let key = key.map_err(|error| raw.blame(operation, error))?;
            // Not through `RawTable::get`: the most frequent operation of all does without a future
            // inside the future.
            give_way().await;
            let found = match raw.get_now(&key) {
                Some(found) => found,
                None => raw.get_later(&key).await,
            };
            found.and_then(tell).map_err(|error| raw.blame_key(operation, &key, error))
        }
    }

    /// The same of a write.
    fn write<T, F>(
        &self,
        operation: &'static str,
        key: K::Borrowed<'_>,
        expect: Expect,
        write: Result<Write>,
        tell: F,
    ) -> impl Future<Output = Result<T>> + Send + use<K, V, T, F>
    where
        F: FnOnce(Commit) -> T + Send,
    {
        let raw = Arc::clone(&self.raw);
        let key = encode_key::<K>(key);
        async move {
            let key = key.map_err(|error| raw.blame(operation, error))?;
            let commit = match write {
                Ok(write) => raw.commit(key.clone(), expect, write).await,
                Err(error) => Err(error),
            };
            commit.map(tell).map_err(|error| raw.blame_key(operation, &key, error))
        }
    }

    /// The future of `work` on the table: errors name the operation.
    fn on_table<T, F, W>(
        &self,
        operation: &'static str,
        work: W,
    ) -> impl Future<Output = Result<T>> + Send + use<K, V, T, F, W>
    where
        F: Future<Output = Result<T>> + Send,
        W: FnOnce(Arc<RawTable>) -> F + Send,
    {
        let raw = Arc::clone(&self.raw);
        async move {
            let done = work(Arc::clone(&raw)).await;
            done.map_err(|error| raw.blame(operation, error))
        }
    }
}
