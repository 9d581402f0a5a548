//! Hashes: what names a value by its content.

#[cfg(feature = "blake3")]
mod blake3;
mod column;
mod digest;
#[cfg(feature = "sha1")]
mod sha1;
#[cfg(feature = "sha2")]
mod sha256;

use std::borrow::Cow;

#[cfg(feature = "blake3")]
pub use self::blake3::Blake3;
#[cfg(feature = "sha1")]
pub use self::sha1::Sha1;
#[cfg(feature = "sha2")]
pub use self::sha256::Sha256;
pub use column::Hashed;
pub use digest::{Digest, NotADigest};

use crate::backend::Cell;
use crate::engine::ordered;

/// A hash function, as an empty marker type. Your own is one `impl`:
///
/// ```
/// use persist_core::objects::{Digest, Hash};
///
/// /// FNV-1a of 64 bits: quick, and no protection against anybody.
/// enum Fnv {}
///
/// impl Hash for Fnv {
///     type Bytes = [u8; 8];
///     const NAME: &'static str = "example.org/fnv-1a-64";
///
///     fn digest(bytes: &[u8]) -> [u8; 8] {
///         let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
///         bytes.iter().fold(0xcbf2_9ce4_8422_2325, step).to_be_bytes()
///     }
/// }
///
/// assert_eq!(Digest::<Fnv>::of(b"a").to_string(), "af63dc4c8601ec8c");
/// ```
#[doc(alias = "Irmin.Hash.S")]
pub trait Hash: Send + Sync + 'static {
    /// The bytes of a hash, an array such as `[u8; 32]`: at most 2,000, as keys are.
    type Bytes: AsRef<[u8]>
        + for<'b> TryFrom<&'b [u8]>
        + Copy
        + Ord
        + std::hash::Hash
        + Send
        + Sync
        + 'static;

    /// The name that stores remember, so that opening one with another hash is
    /// `SchemaMismatch`. It must never be given to another function.
    const NAME: &'static str;

    /// The hash of bytes: always the same one of the same bytes.
    fn digest(bytes: &[u8]) -> Self::Bytes;
}

/// The bytes of a cell that are hashed: those of text and of bytes themselves, and of numbers the
/// eight that [`ordered`] gives them.
pub(super) fn preimage(cell: &Cell) -> Cow<'_, [u8]> {
    match cell {
        Cell::Text(text) => Cow::Borrowed(text.as_bytes()),
        Cell::Bytes(bytes) => Cow::Borrowed(bytes),
        Cell::Integer(_) | Cell::Real(_) => {
            let mut bytes = Vec::new();
            ordered::encode(cell, &mut bytes);
            Cow::Owned(bytes)
        }
    }
}
