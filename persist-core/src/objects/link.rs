//! Links between hashes.

use std::fmt;
use std::future::Future;

use super::{AppendOnly, Digest, Hash, Hashed};
use crate::{Persist, Result};

/// Says that what one hash names can also be reached under another one: of a second hash
/// function, or of an equal value in another form. A link stays. Its table is `ROOT:link`.
///
/// Some implementations of the reference overwrite a link; here the old one stays, and the second
/// is told.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let store = persist_mem::Options::new().open().await?;
/// use persist_core::objects::{Digest, Link, Sha256};
///
/// let links: Link<Sha256> = Link::open(&store, "app").await?;
/// let (index, target) = (Digest::of(b"packed"), Digest::of(b"loose"));
/// links.add(index, target).await?;
/// assert_eq!(links.find(index).await?, Some(target));
/// assert!(links.add(index, Digest::of(b"another")).await.is_err());
/// # Ok::<_, persist_core::Error>(()) }).unwrap();
/// ```
#[doc(alias = "LINK_MAKER")]
pub struct Link<H> {
    links: AppendOnly<Hashed<H>, Hashed<H>>,
}

impl<H: Hash> Link<H> {
    /// Opens the links under `root`, creating the store if it is not there.
    ///
    /// # Errors
    /// `InvalidName`; `SchemaMismatch` if it was made with another hash; `Closed`, and what the
    /// engine reports.
    #[doc(alias = "v")]
    pub fn open(
        persist: &Persist,
        root: &str,
    ) -> impl Future<Output = Result<Self>> + Send + use<H> {
        let links = AppendOnly::within(persist, root, "link");
        async move { Ok(Self { links: links.await? }) }
    }

    /// Whether there is a link from `index`. It is not decoded.
    ///
    /// # Errors
    /// `Closed`, and what the engine reports.
    pub fn mem(&self, index: Digest<H>) -> impl Future<Output = Result<bool>> + Send + use<H> {
        self.links.mem(index)
    }

    /// Where the link from `index` leads; `None` if there is none, or if what is stored is no
    /// hash.
    ///
    /// # Errors
    /// `Closed`, and what the engine reports.
    pub fn find(
        &self,
        index: Digest<H>,
    ) -> impl Future<Output = Result<Option<Digest<H>>>> + Send + use<H> {
        self.links.find(index)
    }

    /// As [`find`](Self::find), but what is stored and no hash is an error.
    ///
    /// # Errors
    /// `Decode`, and as [`find`](Self::find).
    pub fn try_find(
        &self,
        index: Digest<H>,
    ) -> impl Future<Output = Result<Option<Digest<H>>>> + Send + use<H> {
        self.links.try_find(index)
    }

    /// Links `index` to `target`, for good. Durable on return. The same link again is fine.
    ///
    /// # Errors
    /// `AlreadyBound` if there is a link to another target, which stays; `Decode` if what is stored is
    /// no hash; `Closed`, and what the engine reports.
    pub fn add(
        &self,
        index: Digest<H>,
        target: Digest<H>,
    ) -> impl Future<Output = Result<()>> + Send + use<H> {
        self.links.add(index, target)
    }
}

impl<H> Clone for Link<H> {
    fn clone(&self) -> Self {
        Self { links: self.links.clone() }
    }
}

impl<H> fmt::Debug for Link<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Link").field(&self.links).finish()
    }
}
