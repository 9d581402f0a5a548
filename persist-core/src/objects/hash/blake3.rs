//! BLAKE3.

use super::Hash;

/// BLAKE3 of 256 bits: the quickest of those that are here.
///
/// ```
/// use persist_core::objects::{Blake3, Digest};
///
/// let digest = Digest::<Blake3>::of(b"").to_string();
/// assert!(digest.starts_with("af1349b9f5f9a1a6"));
/// ```
#[derive(Debug)]
pub enum Blake3 {}

impl Hash for Blake3 {
    type Bytes = [u8; 32];
    const NAME: &'static str = "blake3";

    fn digest(bytes: &[u8]) -> [u8; 32] {
        *blake3::hash(bytes).as_bytes()
    }
}
