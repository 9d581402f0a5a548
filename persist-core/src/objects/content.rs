//! Values named by their hashes.

mod add;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use super::hash::preimage;
use super::{Digest, Hash, Hashed, decodable, name};
use crate::backend::Cell;
use crate::column::{Column, decode_value, encode_key, encode_value};
use crate::{Error, ErrorKind, Persist, Result, Table};
use add::{Object, store};

/// A store of values under their hashes by `H`. Its table is `ROOT:obj`.
///
/// What is hashed are the bytes of the encoded value and nothing else: for a column of text or
/// bytes those that are stored, for a number the eight that
/// [`engine::ordered`](crate::engine::ordered) gives it. So equal bytes are one object, and two
/// columns that encode a value differently name it differently.
///
/// The reference keeps contents, nodes and commits in one such store. So can you, with an `enum`
/// of them as the value; or open one for each under roots of their own.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let store = persist_mem::Options::new().open().await?;
/// use persist_core::{column::Text, objects::{ContentAddressed, Digest, Sha256}};
///
/// let notes: ContentAddressed<Sha256, Text> = ContentAddressed::open(&store, "app").await?;
/// let hash = notes.add("remember the milk").await?;
/// assert_eq!(hash, Digest::of(b"remember the milk"));
/// assert_eq!(notes.find(hash).await?.as_deref(), Some("remember the milk"));
/// # Ok::<_, persist_core::Error>(()) }).unwrap();
/// ```
#[doc(alias = "AO_MAKER")]
#[doc(alias = "Content_addressable")]
pub struct ContentAddressed<H, V> {
    table: Table<Hashed<H>, V>,
}

impl<H: Hash, V: Column> ContentAddressed<H, V> {
    /// Opens the store under `root`, creating it if it is not there.
    ///
    /// # Errors
    /// `InvalidName`; `SchemaMismatch` if it was made with another hash or another column;
    /// `Closed`, and what the engine reports.
    #[doc(alias = "v")]
    pub fn open(
        persist: &Persist,
        root: &str,
    ) -> impl Future<Output = Result<Self>> + Send + use<H, V> {
        let table = persist.table(&name(root, "obj"));
        async move { Ok(Self { table: table.await? }) }
    }

    /// Whether there is a value of this hash. It is neither verified nor decoded.
    ///
    /// # Errors
    /// `Closed`, and what the engine reports.
    pub fn mem(&self, hash: Digest<H>) -> impl Future<Output = Result<bool>> + Send + use<H, V> {
        self.table.contains(hash)
    }

    /// The value of this hash; `None` if there is none, or one that cannot be decoded.
    ///
    /// # Errors
    /// `Corrupt` if the hash of what is stored is another one: [`add`](Self::add) the value again
    /// to repair it. `Closed`, and what the engine reports.
    pub fn find(
        &self,
        hash: Digest<H>,
    ) -> impl Future<Output = Result<Option<V::Owned>>> + Send + use<H, V> {
        let found = self.try_find(hash);
        async move { decodable(found.await) }
    }

    /// As [`find`](Self::find), but a value that cannot be decoded is an error. Its bytes are
    /// those that were added, so it was added with another type.
    ///
    /// # Errors
    /// `Decode`, and as [`find`](Self::find).
    pub fn try_find(
        &self,
        hash: Digest<H>,
    ) -> impl Future<Output = Result<Option<V::Owned>>> + Send + use<H, V> {
        let raw = Arc::clone(self.table.raw());
        let key = encode_key::<Hashed<H>>(hash);
        async move {
            let key = key.map_err(|error| raw.blame("find", error))?;
            let find = async {
                let Some(found) = raw.get(&key).await? else { return Ok(None) };
                if hash_of::<H>(&found) != hash {
                    return Err(Error::new(
                        ErrorKind::Corrupt,
                        format!(
                            "the stored bytes have another {} hash than the one they are stored \
                             under; add the value again to repair it",
                            H::NAME,
                        ),
                    ));
                }
                decode_value::<V>(found).map(Some)
            };
            find.await.map_err(|error| raw.blame_key("find", &key, error))
        }
    }

    /// Stores `value` and gives its hash. Durable on return. Adding it again changes nothing;
    /// stored bytes that no longer have their hash are replaced.
    ///
    /// # Errors
    /// `TooLarge`, `Encode`, `Closed`, and what the engine reports; `AlreadyBound` if another value has
    /// the same hash, which stays.
    pub fn add(
        &self,
        value: V::Borrowed<'_>,
    ) -> impl Future<Output = Result<Digest<H>>> + Send + use<H, V> {
        let raw = Arc::clone(self.table.raw());
        let value = encode_value::<V>(value);
        async move {
            let add = async {
                let value = value?;
                let hash = hash_of::<H>(&value);
                store::<H>(&raw, vec![Object::new(hash, value)?]).await?;
                Ok(hash)
            };
            add.await.map_err(|error| raw.blame("add", error))
        }
    }

    /// Stores `values` in one commit, all or none, and gives their hashes in the same order.
    /// Durable on return. Those that are there already are not written again.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # use persist_core::{column::Text, objects::{ContentAddressed, Sha256}};
    /// # let store = persist_mem::Options::new().open().await?;
    /// # let notes: ContentAddressed<Sha256, Text> = ContentAddressed::open(&store, "app").await?;
    /// let hashes = notes.add_all(["milk", "bread", "milk"]).await?;
    /// assert_eq!(hashes[0], hashes[2]);
    /// # Ok::<_, persist_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// As [`add`](Self::add); `TooLarge` also if those that are missing take more than 128 MiB.
    #[doc(alias = "batch")]
    pub fn add_all<'a>(
        &self,
        values: impl IntoIterator<Item = V::Borrowed<'a>>,
    ) -> impl Future<Output = Result<Vec<Digest<H>>>> + Send + 'static {
        let raw = Arc::clone(self.table.raw());
        let values: Result<Vec<Cell>> = values.into_iter().map(encode_value::<V>).collect();
        async move {
            let add = async {
                let (mut hashes, mut objects) = (Vec::new(), Vec::new());
                for value in values? {
                    let hash = hash_of::<H>(&value);
                    hashes.push(hash);
                    objects.push(Object::new(hash, value)?);
                }
                store::<H>(&raw, objects).await?;
                Ok(hashes)
            };
            add.await.map_err(|error| raw.blame("add_all", error))
        }
    }
}

/// The hash of an encoded value.
fn hash_of<H: Hash>(value: &Cell) -> Digest<H> {
    Digest::of(&preimage(value))
}

impl<H, V> Clone for ContentAddressed<H, V> {
    fn clone(&self) -> Self {
        Self { table: self.table.clone() }
    }
}

impl<H, V> fmt::Debug for ContentAddressed<H, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ContentAddressed").field(&self.table).finish()
    }
}
