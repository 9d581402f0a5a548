//! SHA-1.

use super::Hash;

/// SHA-1, for what must agree with hashes that exist. Choose [`Sha256`](super::Sha256) or
/// [`Blake3`](super::Blake3) otherwise.
///
/// The known attacks are detected: a value that bears their marks gets another hash than plain
/// SHA-1 would give it, so that two values made to collide do not.
///
/// ```
/// use persist_core::objects::{Digest, Sha1};
///
/// let digest = Digest::<Sha1>::of(b"abc").to_string();
/// assert_eq!(digest, "a9993e364706816aba3e25717850c26c9cd0d89d");
/// ```
#[doc(alias = "Irmin.Hash.SHA1")]
#[derive(Debug)]
pub enum Sha1 {}

impl Hash for Sha1 {
    type Bytes = [u8; 20];
    const NAME: &'static str = "sha1";

    fn digest(bytes: &[u8]) -> [u8; 20] {
        (*sha1_checked::Sha1::try_digest(bytes).hash()).into()
    }
}
