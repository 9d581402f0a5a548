//! Transactions over several tables.

mod attempt;
mod by_hand;
pub(crate) mod context;
mod range;
mod turns;

use std::future::Future;
use std::sync::Arc;

pub use range::TxRange;
pub(crate) use turns::{Turn, Turns};

use crate::backend::Cell;
use crate::column::{Column, KeyColumn, decode_value, encode_key, encode_value};
use crate::table::RawTable;
use crate::{Error, ErrorKind, Persist, Result, Table};
use attempt::{Attempt, Clash};

/// How often a transaction is tried again after others have changed what it read.
const RETRIES: u32 = 13;

/// One attempt at a transaction, given by [`Persist::transact`].
///
/// Reads see one state, that of the first read, with the transaction's own writes upon it. Writes
/// are gathered, and made when the attempt ends well. A clone is the same attempt; after its end
/// every use is `Closed`.
#[derive(Debug, Clone)]
pub struct Tx(Arc<Attempt>);

impl Persist {
    /// Runs `f` so that all its reads and writes happen as if at one moment, or not at all.
    ///
    /// Serializable over all tables of the store: what was read, listings and absences included,
    /// is judged together with the writes. If another writer was faster, `f` runs again on the
    /// new state, up to 13 more times. An error of `f` ends it and nothing is written. Durable on
    /// return.
    ///
    /// Inside `f`, tables are used through the [`Tx`] alone: using one directly, opening one, or
    /// beginning another transaction of the same store is `Misuse`. A transaction that has read
    /// holds a snapshot; while the engine has none left it waits a little, then is `Busy`.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # use persist_core::{Error, Table, column::{Integer, Text}};
    /// # let store = persist_mem::Options::new().open().await?;
    /// let accounts: Table<Text, Integer> = store.table("accounts").await?;
    /// accounts.insert("ann", 10).await?;
    /// store
    ///     .transact(async |tx| {
    ///         let ann = tx.get(&accounts, "ann").await?.unwrap_or(0);
    ///         let bob = tx.get(&accounts, "bob").await?.unwrap_or(0);
    ///         tx.insert(&accounts, "ann", ann - 7)?;
    ///         tx.insert(&accounts, "bob", bob + 7)?;
    ///         Ok::<_, Error>(())
    ///     })
    ///     .await?;
    /// assert_eq!(accounts.get("bob").await?, Some(7));
    /// # Ok::<_, Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Those of `f`. `Conflict`, naming the key that clashed last, when all attempts met others;
    /// `TooLarge` for more than 128 MiB of writes; `Busy`, `Timeout`, `Closed`, `Misuse`, and what
    /// the engine reports. With an `Unknown` outcome it has stopped without trying again.
    #[expect(clippy::manual_async_fn, reason = "it promises that the future is `Send`")]
    pub fn transact<T, E, F, Fut>(&self, mut f: F) -> impl Future<Output = Result<T, E>> + Send
    where
        T: Send,
        E: From<Error> + Send,
        F: FnMut(Tx) -> Fut + Send,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        async move {
            let blame = |error: Error| E::from(error.during("transact"));
            let mut turn = None;
            let mut tries = 0;
            loop {
                let backend = Arc::clone(self.backend().map_err(blame)?);
                let attempt = Arc::new(Attempt::new(self.clone(), backend));
                let _over = attempt.until_dropped();
                let run = context::within(self.id(), async { f(Tx(Arc::clone(&attempt))).await });
                let value = run.await?;
                let Some(clash) = self.end(&attempt).await.map_err(blame)? else {
                    return Ok(value);
                };
                tries += 1;
                if tries > RETRIES {
                    return Err(blame(clash.error(tries)));
                }
                tracing::debug!(table = clash.table(), tries, "transaction meets another writer");
                drop(turn.take());
                turn = Some(self.turns().take(&clash, tries).await);
            }
        }
    }
}

impl Tx {
    /// The value of `key`, if it has one.
    ///
    /// # Errors
    /// `InvalidKey`, `TooLarge`, `Decode`, `Misuse` for a table of another store, `Closed`, `Busy`,
    /// and what the engine reports.
    pub fn get<K: KeyColumn, V: Column>(
        &self,
        table: &Table<K, V>,
        key: K::Borrowed<'_>,
    ) -> impl Future<Output = Result<Option<V::Owned>>> + Send + use<K, V> {
        let cell = self.cell(table, key);
        async move {
            let (raw, key, found) = cell.await?;
            let value = found.map(decode_value::<V>).transpose();
            value.map_err(|error| raw.blame_key("transact", &key, error))
        }
    }

    /// Whether `key` has a value.
    ///
    /// # Errors
    /// As [`get`](Self::get), but for `Decode`.
    pub fn contains<K: KeyColumn, V: Column>(
        &self,
        table: &Table<K, V>,
        key: K::Borrowed<'_>,
    ) -> impl Future<Output = Result<bool>> + Send + use<K, V> {
        let cell = self.cell(table, key);
        async move { cell.await.map(|(_, _, found)| found.is_some()) }
    }

    /// Binds `key` to what `f` makes of its value (`None` is absent, on both sides) when the
    /// transaction ends well, and returns that.
    ///
    /// # Errors
    /// As [`get`](Self::get) and [`insert`](Self::insert).
    pub fn update<K: KeyColumn, V: Column, F>(
        &self,
        table: &Table<K, V>,
        key: K::Borrowed<'_>,
        f: F,
    ) -> impl Future<Output = Result<Option<V::Owned>>> + Send + use<K, V, F>
    where
        F: FnOnce(Option<V::Owned>) -> Option<V::Owned> + Send,
    {
        let cell = self.cell(table, key);
        let attempt = Arc::clone(&self.0);
        async move {
            let (raw, key, found) = cell.await?;
            let updated = found.map(decode_value::<V>).transpose().and_then(|old| {
                let new = f(old);
                let cell = new.as_ref().map(|new| encode_value::<V>(V::borrow(new))).transpose()?;
                attempt.write(&raw, key.clone(), cell)?;
                Ok(new)
            });
            updated.map_err(|error| raw.blame_key("transact", &key, error))
        }
    }

    /// Binds `key` to `value` when the transaction ends well.
    ///
    /// # Errors
    /// `InvalidKey`, `TooLarge`, `Encode`; `Misuse` for a table of another store; `Closed`.
    pub fn insert<K: KeyColumn, V: Column>(
        &self,
        table: &Table<K, V>,
        key: K::Borrowed<'_>,
        value: V::Borrowed<'_>,
    ) -> Result<()> {
        let key = encode_key::<K>(key);
        let written = key.and_then(|key| {
            let value = encode_value::<V>(value).map_err(|error| error.key(&key))?;
            self.0.write(table.raw(), key, Some(value))
        });
        written.map_err(|error| table.raw().blame("transact", error))
    }

    /// Unbinds `key` when the transaction ends well.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn remove<K: KeyColumn, V: Column>(
        &self,
        table: &Table<K, V>,
        key: K::Borrowed<'_>,
    ) -> Result<()> {
        let written = encode_key::<K>(key).and_then(|key| self.0.write(table.raw(), key, None));
        written.map_err(|error| table.raw().blame("transact", error))
    }

    fn cell<K: KeyColumn, V: Column>(
        &self,
        table: &Table<K, V>,
        key: K::Borrowed<'_>,
    ) -> impl Future<Output = Result<(Arc<RawTable>, Cell, Option<Cell>)>> + Send + use<K, V> {
        let (attempt, raw) = (Arc::clone(&self.0), Arc::clone(table.raw()));
        let key = encode_key::<K>(key);
        async move {
            let key = key.map_err(|error| raw.blame("transact", error))?;
            match attempt.get(&raw, &key).await {
                Ok(found) => Ok((raw, key, found)),
                Err(error) => Err(raw.blame_key("transact", &key, error)),
            }
        }
    }
}

impl Clash {
    fn error(&self, attempts: u32) -> Error {
        let error = Error::new(
            ErrorKind::Conflict,
            format!(
                "in {attempts} attempts others have always changed it first; try again later, or \
                 let fewer tasks change it at once"
            ),
        )
        .table(self.table());
        match self.key() {
            Some(key) => error.key(key),
            None => error,
        }
    }
}
