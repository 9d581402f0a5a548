//! Digests of values and dictionaries.

use std::collections::VecDeque;
use std::fmt;

use futures_util::future::BoxFuture;
use sha2::{Digest as _, Sha256};

use super::read::{short, window};
use super::store::{KvRead, Listed, Listing, MAX_READ, Stat, Window};
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

/// A dictionary that is being hashed.
struct Level {
    key: KeyPath,
    hash: Sha256,
    page: VecDeque<crate::Result<Listed>>,
    /// Where the next page begins, if there is one.
    rest: Option<String>,
}

/// Goes down and up without recursion, since dictionaries may be nested 2,000 deep.
async fn of_dictionary(state: &dyn KvRead, key: &KeyPath) -> Result<KvDigest> {
    let mut levels = vec![Level::begin(state, key.clone()).await?];
    loop {
        let Some(level) = levels.last_mut() else { return Err(short(key)) };
        let Some(listed) = level.next(state).await? else {
            let digest = KvDigest(
                levels.pop().map(|level| level.hash).unwrap_or_default().finalize().into(),
            );
            let Some(above) = levels.last_mut() else { return Ok(digest) };
            above.hash.update(digest.0);
            continue;
        };
        let below = level.key.child(&listed.segment);
        if let Stat::Dictionary(_) = listed.stat {
            level.add(b'd', &listed.segment);
            levels.push(Level::begin(state, below).await?);
        } else {
            level.add(b'v', &listed.segment);
            level.hash.update(of_value(state, &below).await?.0);
        }
    }
}

impl Level {
    /// The line that a dictionary begins with tells it from a value of the same bytes.
    async fn begin(state: &dyn KvRead, key: KeyPath) -> Result<Self> {
        let Listing { entries, rest } = entries::page(state, &key, None).await?;
        let hash = Sha256::new_with_prefix(b"persist-kv-dictionary/1\n");
        Ok(Self { key, hash, page: entries.into(), rest })
    }

    async fn next(&mut self, state: &dyn KvRead) -> Result<Option<Listed>> {
        while self.page.is_empty() {
            let Some(after) = self.rest.take() else { return Ok(None) };
            let Listing { entries, rest } = entries::page(state, &self.key, Some(&after)).await?;
            (self.page, self.rest) = (entries.into(), rest);
        }
        Ok(self.page.pop_front().transpose()?)
    }

    /// An entry: its kind, the length of its segment as four bytes, the lowest first, the segment.
    /// The digest of what is there follows.
    fn add(&mut self, kind: u8, segment: &str) {
        let length = u32::try_from(segment.len()).unwrap_or(u32::MAX);
        self.hash.update([kind]);
        self.hash.update(length.to_le_bytes());
        self.hash.update(segment.as_bytes());
    }
}
