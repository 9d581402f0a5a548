//! Bindings that stay.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use super::{decodable, name};
use crate::backend::{Cell, Commit, Expect, Write};
use crate::column::{Column, KeyColumn, decode_value, encode_key, encode_value};
use crate::{Error, ErrorKind, Persist, Result, Table};

/// A store whose bindings neither change nor go away. Its table is `ROOT:append`.
///
/// The reference has two kinds of it: one that derives the key from the value, which is
/// [`ContentAddressed`](super::ContentAddressed), and this one, where the caller names the key.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let store = persist_mem::Options::new().open().await?;
/// use persist_core::{ErrorKind, column::{Integer, Text}, objects::AppendOnly};
///
/// let releases: AppendOnly<Integer, Text> = AppendOnly::open(&store, "app").await?;
/// releases.add(1, "first light").await?;
/// releases.add(1, "first light").await?;
/// let error = releases.add(1, "another").await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::AlreadyBound);
/// assert_eq!(releases.find(1).await?.as_deref(), Some("first light"));
/// # Ok::<_, persist_core::Error>(()) }).unwrap();
/// ```
#[doc(alias = "Append_only")]
#[doc(alias = "AO_MAKER")]
pub struct AppendOnly<K, V> {
    table: Table<K, V>,
}

impl<K: KeyColumn, V: Column> AppendOnly<K, V> {
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
        Self::within(persist, root, "append")
    }

    /// Opens the table of a namespace under `root`.
    pub(super) fn within(
        persist: &Persist,
        root: &str,
        namespace: &str,
    ) -> impl Future<Output = Result<Self>> + Send + use<K, V> {
        let table = persist.table(&name(root, namespace));
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

    /// Binds `key` to `value`, for good. Durable on return. If it is bound to an equal value
    /// already, that one stays and all is well; of several who bind one key at once, one does.
    ///
    /// # Errors
    /// `AlreadyBound` if the key is bound to another value, which stays; `InvalidKey`, `TooLarge`,
    /// `Encode`; `Decode` if what it is bound to cannot be compared; `Closed`, and what the
    /// engine reports.
    pub fn add(
        &self,
        key: K::Borrowed<'_>,
        value: V::Borrowed<'_>,
    ) -> impl Future<Output = Result<()>> + Send + use<K, V>
    where
        V::Owned: PartialEq,
    {
        let raw = Arc::clone(self.table.raw());
        let (key, value) = (encode_key::<K>(key), encode_value::<V>(value));
        async move {
            let key = key.map_err(|error| raw.blame("add", error))?;
            let add = async {
                let value = value?;
                loop {
                    let put = Write::Put(value.clone());
                    match raw.commit(key.clone(), Expect::Absent, put).await? {
                        Commit::Applied => return Ok(()),
                        Commit::Conflict { found: Some(found), .. } => {
                            return same::<V>(found, value);
                        }
                        // It was there, and somebody cleared the table beneath.
                        Commit::Conflict { found: None, .. } => {}
                    }
                }
            };
            add.await.map_err(|error| raw.blame_key("add", &key, error))
        }
    }
}

/// That a key which is taken is bound to what was to be added.
fn same<V: Column<Owned: PartialEq>>(found: Cell, value: Cell) -> Result<()> {
    if found == value || decode_value::<V>(found)? == decode_value::<V>(value)? {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::AlreadyBound,
        "the key is bound to another value, which stays; use another key, or a store whose \
         bindings may change",
    ))
}

impl<K, V> Clone for AppendOnly<K, V> {
    fn clone(&self) -> Self {
        Self { table: self.table.clone() }
    }
}

impl<K, V> fmt::Debug for AppendOnly<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AppendOnly").field(&self.table).finish()
    }
}
