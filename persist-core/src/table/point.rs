//! Operations on one key.

use std::future::Future;
use std::sync::Arc;

use tokio::task::coop::consume_budget;

use super::{RawTable, Table};
use crate::Result;
use crate::backend::{Cell, Direction, Expect, KeyRange, Marking, Write};
use crate::column::{Column, KeyColumn, decode_value, encode_key, encode_value};

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
        let raw = Arc::clone(&self.raw);
        let key = encode_key::<K>(key);
        async move {
            // Not through `on_key` and `RawTable::get`: the most frequent operation of all does
            // without a copy of the key and a future inside the future.
            let key = key.map_err(|error| raw.blame("get", error))?;
            consume_budget().await;
            let found = match raw.get_now(&key) {
                Some(found) => found,
                None => raw.get_later(&key).await,
            };
            let value = match found {
                Ok(Some(cell)) => decode_value::<V>(cell).map(Some),
                Ok(None) => Ok(None),
                Err(error) => Err(error),
            };
            value.map_err(|error| raw.blame_key("get", &key, error))
        }
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
        self.on_key("contains", key, |raw, key| async move { Ok(raw.get(&key).await?.is_some()) })
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
        self.on_key("insert", key, |raw, key| async move {
            raw.commit(key, Expect::Any, put?).await.map(drop)
        })
    }

    /// Binds `key` to `value` if it has none; whether it did.
    pub fn insert_if_absent(
        &self,
        key: K::Borrowed<'_>,
        value: V::Borrowed<'_>,
    ) -> impl Future<Output = Result<bool>> + Send + use<K, V> {
        let put = encode_value::<V>(value).map(Write::Put);
        self.on_key("insert_if_absent", key, |raw, key| async move {
            raw.commit_if(key, Expect::Absent, put?).await
        })
    }

    /// Binds `key` to `value` if it has one; whether it did.
    #[doc(alias = "replace_if_exists")]
    pub fn replace(
        &self,
        key: K::Borrowed<'_>,
        value: V::Borrowed<'_>,
    ) -> impl Future<Output = Result<bool>> + Send + use<K, V> {
        let put = encode_value::<V>(value).map(Write::Put);
        self.on_key("replace", key, |raw, key| async move {
            raw.commit_if(key, Expect::Present, put?).await
        })
    }

    /// Unbinds `key`; whether it had a value. Durable on return.
    pub fn remove(
        &self,
        key: K::Borrowed<'_>,
    ) -> impl Future<Output = Result<bool>> + Send + use<K, V> {
        self.on_key("remove", key, |raw, key| async move {
            raw.commit_if(key, Expect::Present, Write::Delete).await
        })
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

    /// The future of `work` on a key: the key is encoded now, errors name operation and key.
    fn on_key<T, F, W>(
        &self,
        operation: &'static str,
        key: K::Borrowed<'_>,
        work: W,
    ) -> impl Future<Output = Result<T>> + Send + use<K, V, T, F, W>
    where
        F: Future<Output = Result<T>> + Send,
        W: FnOnce(Arc<RawTable>, Cell) -> F + Send,
    {
        let raw = Arc::clone(&self.raw);
        let key = encode_key::<K>(key);
        async move {
            let key = key.map_err(|error| raw.blame(operation, error))?;
            let done = work(Arc::clone(&raw), key.clone()).await;
            done.map_err(|error| raw.blame_key(operation, &key, error))
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
