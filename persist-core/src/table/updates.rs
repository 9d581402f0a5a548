//! Updates: new values from old ones, exactly, whoever else writes.

use std::future::Future;
use std::sync::Arc;

use super::Table;
use crate::backend::Cell;
use crate::column::{Column, KeyColumn, decode_value, encode_key, encode_value};
use crate::{Error, Result};

impl<K: KeyColumn, V: Column> Table<K, V> {
    /// Binds `key` to what `f` makes of its value (`None` is absent, on both sides), and returns
    /// what is stored then. Durable on return.
    ///
    /// Exact under any number of tasks and processes: `f` may be called several times, and the
    /// result of the last call is what is stored. Updates of one key by this process take turns
    /// and share syncs; a write by another process makes `f` run again on the new value. A panic
    /// in `f` writes nothing and harms nobody else.
    #[doc(alias = "modify_opt")]
    pub fn update<F>(
        &self,
        key: K::Borrowed<'_>,
        mut f: F,
    ) -> impl Future<Output = Result<Option<V::Owned>>> + Send + use<K, V, F>
    where
        F: FnMut(Option<V::Owned>) -> Option<V::Owned> + Send,
    {
        self.updating("update", key, move |old| Ok(f(old)))
    }

    /// As [`update`](Self::update), with `default` in place of an absent value; the key always
    /// has a value afterwards.
    ///
    /// # Errors
    /// `InvalidKey`, `TooLarge`, `Encode`, `Decode`, `Closed`, and what the engine reports; with
    /// an `Unknown` outcome it has stopped without trying again.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # use persist_core::{Table, column::{Integer, Text}};
    /// # let store = persist_mem::Options::new().open().await?;
    /// # let hits: Table<Text, Integer> = store.table("hits").await?;
    /// assert_eq!(hits.update_or("/", 0, |n| n + 1).await?, 1);
    /// assert_eq!(hits.update_or("/", 0, |n| n + 1).await?, 2);
    /// # Ok::<_, persist_core::Error>(()) }).unwrap();
    /// ```
    pub fn update_or<F>(
        &self,
        key: K::Borrowed<'_>,
        default: V::Borrowed<'_>,
        mut f: F,
    ) -> impl Future<Output = Result<V::Owned>> + Send + use<K, V, F>
    where
        F: FnMut(V::Owned) -> V::Owned + Send,
    {
        let raw = Arc::clone(&self.raw);
        let key = encode_key::<K>(key);
        let default = encode_value::<V>(default);
        async move {
            let work = async {
                let (key, default) = (key?, default?);
                let mut pen = raw.pen(key);
                raw.update(&mut pen, |found: Option<Cell>| {
                    let old = decode_value::<V>(found.unwrap_or_else(|| default.clone()))?;
                    let new = f(old);
                    Ok::<_, Error>((Some(encode_value::<V>(V::borrow(&new))?), new))
                })
                .await
                .map_err(|error| error.key(pen.key()))
            };
            work.await.map_err(|error| raw.blame("update_or", error))
        }
    }

    /// As [`update`](Self::update) with an `f` that may refuse: its error is returned, nothing is
    /// written, and it was decided on a value that was really stored.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # use persist_core::{Error, Table, column::{Integer, Text}};
    /// # let store = persist_mem::Options::new().open().await?;
    /// # let stock: Table<Text, Integer> = store.table("stock").await?;
    /// #[derive(Debug)]
    /// enum Shop {
    ///     SoldOut,
    ///     Store(Error),
    /// }
    /// impl From<Error> for Shop {
    ///     fn from(error: Error) -> Self {
    ///         Shop::Store(error)
    ///     }
    /// }
    ///
    /// let want = 3;
    /// let bought = stock.try_update("tea", |left| match left {
    ///     Some(left) if left >= want => Ok(Some(left - want)),
    ///     _ => Err(Shop::SoldOut),
    /// });
    /// assert!(matches!(bought.await, Err(Shop::SoldOut)));
    /// # Ok::<_, persist_core::Error>(()) }).unwrap();
    /// ```
    pub fn try_update<F, E>(
        &self,
        key: K::Borrowed<'_>,
        f: F,
    ) -> impl Future<Output = Result<Option<V::Owned>, E>> + Send + use<K, V, F, E>
    where
        F: FnMut(Option<V::Owned>) -> Result<Option<V::Owned>, E> + Send,
        E: From<Error> + Send,
    {
        self.updating("try_update", key, f)
    }

    fn updating<F, E>(
        &self,
        operation: &'static str,
        key: K::Borrowed<'_>,
        mut f: F,
    ) -> impl Future<Output = Result<Option<V::Owned>, E>> + Send + use<K, V, F, E>
    where
        F: FnMut(Option<V::Owned>) -> Result<Option<V::Owned>, E> + Send,
        E: From<Error> + Send,
    {
        let raw = Arc::clone(&self.raw);
        let key = encode_key::<K>(key);
        async move {
            let key = key.map_err(|error| raw.blame(operation, error))?;
            let mut pen = raw.pen(key);
            let step = |found: Option<Cell>| {
                let old = found.map(decode_value::<V>).transpose().map_err(Failed::Store)?;
                let new = f(old).map_err(Failed::User)?;
                let cell = new.as_ref().map(|new| encode_value::<V>(V::borrow(new))).transpose();
                Ok((cell.map_err(Failed::Store)?, new))
            };
            raw.update(&mut pen, step).await.map_err(|failed| match failed {
                Failed::Store(error) => raw.blame_key(operation, pen.key(), error).into(),
                Failed::User(error) => error,
            })
        }
    }
}

/// Keeps the store's errors apart from the user's, so that only they get the place added.
enum Failed<E> {
    Store(Error),
    User(E),
}

impl<E> From<Error> for Failed<E> {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}
