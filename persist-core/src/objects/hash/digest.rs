//! The hash of something, as a value.

use std::cmp::Ordering;
use std::fmt;
use std::hash::Hasher;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Hash;

/// What the hash function `H` made of some bytes. `Display`, `FromStr` and serde know it as
/// hexadecimal text.
///
/// ```
/// use persist_core::objects::{Digest, Sha256};
///
/// let digest = Digest::<Sha256>::of(b"abc");
/// assert!(digest.to_string().starts_with("ba7816bf8f01cfea"));
/// assert_eq!(digest.to_string().parse(), Ok(digest));
/// assert_eq!(Digest::from_bytes(digest.as_bytes()), Some(digest));
/// assert!("ba78".parse::<Digest<Sha256>>().is_err());
/// ```
pub struct Digest<H: Hash>(H::Bytes);

/// Why text is not a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotADigest {
    name: &'static str,
}

impl<H: Hash> Digest<H> {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(H::digest(bytes))
    }

    /// The hash that is these bytes, if they are as many as a hash has.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        H::Bytes::try_from(bytes).ok().map(Self)
    }

    /// The bytes of the hash.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_ref()
    }
}

impl<H: Hash> fmt::Display for Digest<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl<H: Hash> fmt::Debug for Digest<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{self}", H::NAME)
    }
}

impl<H: Hash> FromStr for Digest<H> {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let byte = |&[high, low]: &[u8; 2]| Some((digit(high)? << 4) | digit(low)?);
        let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
        let whole = bytes.filter(|_| rest.is_empty());
        whole.and_then(|bytes| Self::from_bytes(&bytes)).ok_or(NotADigest { name: H::NAME })
    }
}

/// The value of a hexadecimal digit.
fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16)?.try_into().ok()
}

impl fmt::Display for NotADigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the text is not a {} hash in hexadecimal", self.name)
    }
}

impl std::error::Error for NotADigest {}

impl<H: Hash> Serialize for Digest<H> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, H: Hash> Deserialize<'de> for Digest<H> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl<H: Hash> Clone for Digest<H> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<H: Hash> Copy for Digest<H> {}

impl<H: Hash> PartialEq for Digest<H> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<H: Hash> Eq for Digest<H> {}

impl<H: Hash> PartialOrd for Digest<H> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<H: Hash> Ord for Digest<H> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<H: Hash> std::hash::Hash for Digest<H> {
    fn hash<S: Hasher>(&self, state: &mut S) {
        self.0.hash(state);
    }
}
