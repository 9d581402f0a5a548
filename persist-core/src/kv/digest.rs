//! Digests of values and dictionaries.

use std::fmt;

use futures_util::future::BoxFuture;
use sha2::{Digest as _, Sha256};

use super::read::{short, window};
use super::store::{KvRead, MAX_READ, Stat, Window};
use super::{Error, KeyPath, Result, entries};

/// A SHA-256, made by [`Kv::digest`](super::Kv::digest). `Display` is hexadecimal, as of
/// `sha256sum`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KvDigest([u8; 32]);

impl KvDigest {
    /// The raw bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for KvDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The digest of what is at a key, and below it, in one state.
pub(super) fn digest<'a>(
    state: &'a dyn KvRead,
    key: &'a KeyPath,
) -> BoxFuture<'a, Result<KvDigest>> {
    Box::pin(async move {
        match state.stat(key).await? {
            Stat::Value(_) => of_value(state, key).await,
            Stat::Dictionary(_) => of_dictionary(state, key).await,
            Stat::Through(value) => Err(Error::DictionaryExpected(value)),
            Stat::Absent => Err(Error::NotFound(key.clone())),
        }
    })
}

async fn of_value(state: &dyn KvRead, key: &KeyPath) -> Result<KvDigest> {
    let mut hash = Sha256::new();
    let mut offset = 0;
    loop {
        let Window { stat, bytes } = window(state, key, offset, MAX_READ as u64).await?;
        hash.update(&bytes);
        offset += bytes.len() as u64;
        if offset >= stat.size {
            return Ok(KvDigest(hash.finalize().into()));
        }
        if bytes.is_empty() {
            return Err(short(key));
        }
    }
}

/// Each entry in order: `v` or `d`, the length of the segment as four bytes, the lowest first, the
/// segment, and the digest of what is there. The line before all tells it from a value of the
/// same bytes.
async fn of_dictionary(state: &dyn KvRead, key: &KeyPath) -> Result<KvDigest> {
    let mut hash = Sha256::new();
    hash.update(b"persist-kv-dictionary/1\n");
    let mut after: Option<String> = None;
    loop {
        let page = entries::page(state, key, after.as_deref()).await?;
        for listed in page.entries {
            let listed = listed?;
            let kind = if matches!(listed.stat, Stat::Dictionary(_)) { b"d" } else { b"v" };
            let length = u32::try_from(listed.segment.len()).unwrap_or(u32::MAX);
            let below = digest(state, &key.child(&listed.segment)).await?;
            hash.update(kind);
            hash.update(length.to_le_bytes());
            hash.update(listed.segment.as_bytes());
            hash.update(below.0);
        }
        after = page.rest;
        if after.is_none() {
            return Ok(KvDigest(hash.finalize().into()));
        }
    }
}
