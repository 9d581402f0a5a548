//! SHA-256.

use sha2::Digest;

use super::Hash;

/// SHA-256.
///
/// ```
/// use persist_core::objects::{Digest, Sha256};
///
/// let digest = Digest::<Sha256>::of(b"").to_string();
/// assert!(digest.starts_with("e3b0c44298fc1c14"));
/// ```
#[doc(alias = "Irmin.Hash.SHA256")]
#[derive(Debug)]
pub enum Sha256 {}

impl Hash for Sha256 {
    type Bytes = [u8; 32];
    const NAME: &'static str = "sha256";

    fn digest(bytes: &[u8]) -> [u8; 32] {
        sha2::Sha256::digest(bytes).into()
    }
}
