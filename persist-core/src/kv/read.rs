//! The verbs that read.

use std::time::SystemTime;

use futures_util::future::BoxFuture;

use super::store::{KvRead, MAX_READ, Reads, Stat, ValueStat, Window};
use super::{Error, KeyPath, Kind, Kv, Pending, Result, digest, entries};
use crate::backend::Cell;
use crate::transaction::Turn;
use crate::{ErrorKind, kv::KvDigest};

/// How often a state is begun anew that a store could not go on reading.
const TRIES: u32 = 13;

impl Kv {
    /// What the key is bound to, if anything. It reads no content.
    ///
    /// # Errors
    /// `InvalidKey`, `Storage`.
    pub fn exists(&self, key: impl Into<KeyPath>) -> Pending<Option<Kind>> {
        self.verb("exists", key, |kv, key| async move { exists(&*kv.store, &key).await })
    }

    /// The whole value, all of one moment. For one that is too large to be held, see
    /// [`reader`](Self::reader).
    ///
    /// # Errors
    /// `NotFound`, `ValueExpected` for a dictionary, `DictionaryExpected`, `InvalidKey`, `Storage`.
    pub fn get(&self, key: impl Into<KeyPath>) -> Pending<Vec<u8>> {
        self.part("get", key, 0, u64::MAX)
    }

    /// The `length` bytes of a value from `offset` on; fewer if the value ends before, none if it
    /// ends before `offset`. It costs what the window holds, not what the value does.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_partial(
        &self,
        key: impl Into<KeyPath>,
        offset: u64,
        length: u64,
    ) -> Pending<Vec<u8>> {
        self.part("get_partial", key, offset, length)
    }

    /// When the value was last changed; of a dictionary: the latest such time among the values
    /// that are directly in it. If none are, when the dictionary was made, or later, as far as the
    /// store knows. A rename is no change of a value. It reads no content.
    ///
    /// [`days_and_picoseconds`](super::days_and_picoseconds) gives it as Mirage does.
    ///
    /// # Errors
    /// `NotFound`, `DictionaryExpected`, `InvalidKey`, `Storage`.
    pub fn last_modified(&self, key: impl Into<KeyPath>) -> Pending<SystemTime> {
        self.verb("last_modified", key, |kv, key| async move {
            if let Stat::Value(value) = kv.store.stat(&key).await? {
                return Ok(value.modified);
            }
            kv.fixed(&key, last_modified).await
        })
    }

    /// The SHA-256 of a value's bytes; of a dictionary, one of its entries: of their segments,
    /// their kinds and their own digests, and of nothing else. So dictionaries of equal contents
    /// have equal digests, in every store, whenever they were written.
    ///
    /// It is computed when it is asked for, all of one moment, and costs reading all that is at the
    /// key and below it. Memory stays within 1 MiB and the entries on the way down.
    ///
    /// # Errors
    /// `NotFound`, `DictionaryExpected`, `InvalidKey`, `Storage`.
    pub fn digest(&self, key: impl Into<KeyPath>) -> Pending<KvDigest> {
        self.verb("digest", key, |kv, key| async move { kv.fixed(&key, digest::digest).await })
    }

    /// The bytes that a value has. It reads no content.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn size(&self, key: impl Into<KeyPath>) -> Pending<u64> {
        self.verb("size", key, |kv, key| async move { size(&*kv.store, &key).await })
    }

    fn part(
        &self,
        operation: &'static str,
        key: impl Into<KeyPath>,
        offset: u64,
        length: u64,
    ) -> Pending<Vec<u8>> {
        self.verb(operation, key, move |kv, key| async move {
            if let Some(part) = part(&*kv.store, &key, offset, length).await? {
                return Ok(part);
            }
            kv.fixed(&key, move |state, key| Box::pin(fixed_part(state, key, offset, length))).await
        })
    }

    /// Reads one state with `f`, which may be called again.
    pub(super) async fn fixed<T, F>(&self, key: &KeyPath, f: F) -> Result<T>
    where
        F: for<'a> Fn(&'a dyn KvRead, &'a KeyPath) -> BoxFuture<'a, Result<T>> + Send + Sync,
    {
        let (mut tries, mut turn) = (0, None);
        loop {
            let read = async { f(&*self.store.begin(Reads::View).await?, key).await };
            match read.await {
                Err(error) if lost(&error) && tries < TRIES => {
                    tries += 1;
                    drop(turn.take());
                    turn = Some(self.turn(tries).await);
                }
                read => return read,
            }
        }
    }

    /// Waits for the turn of trying again, and longer the more often one has tried.
    pub(super) async fn turn(&self, tries: u32) -> Turn<'_> {
        self.turns.at((0, Cell::Integer(0)), tries).await
    }
}

/// Whether the state that was read is not there any more.
pub(super) fn lost(error: &Error) -> bool {
    matches!(error, Error::Storage(error) if error.kind() == ErrorKind::Conflict)
}

pub(super) fn exists<'a>(
    state: &'a dyn KvRead,
    key: &'a KeyPath,
) -> BoxFuture<'a, Result<Option<Kind>>> {
    Box::pin(async move {
        Ok(match state.stat(key).await? {
            Stat::Value(_) => Some(Kind::Value),
            Stat::Dictionary(_) => Some(Kind::Dictionary),
            Stat::Absent | Stat::Through(_) => None,
        })
    })
}

pub(super) fn size<'a>(state: &'a dyn KvRead, key: &'a KeyPath) -> BoxFuture<'a, Result<u64>> {
    Box::pin(async move { Ok(value(state, key).await?.size) })
}

/// What is known of a value.
pub(super) async fn value(state: &dyn KvRead, key: &KeyPath) -> Result<ValueStat> {
    match state.stat(key).await? {
        Stat::Value(value) => Ok(value),
        Stat::Dictionary(_) => Err(Error::ValueExpected(key.clone())),
        Stat::Through(value) => Err(Error::DictionaryExpected(value)),
        Stat::Absent => Err(Error::NotFound(key.clone())),
    }
}

/// The content of a value in one read.
pub(super) async fn window(
    state: &dyn KvRead,
    key: &KeyPath,
    offset: u64,
    length: u64,
) -> Result<Window> {
    let length = usize::try_from(length).map_or(MAX_READ, |length| length.min(MAX_READ));
    loop {
        if let Some(window) = state.read(key, offset, length).await? {
            return Ok(window);
        }
        // Unless it was made a moment ago, this says what is there instead.
        value(state, key).await?;
    }
}

/// The content of a value in as many reads as it takes; `None` if it has changed in between.
pub(super) async fn part(
    state: &dyn KvRead,
    key: &KeyPath,
    offset: u64,
    length: u64,
) -> Result<Option<Vec<u8>>> {
    let first = window(state, key, offset, length).await?;
    let wanted = first.stat.size.saturating_sub(offset).min(length);
    let mut bytes = first.bytes;
    while (bytes.len() as u64) < wanted {
        let read = bytes.len() as u64;
        let next = match state.read(key, offset + read, next_length(wanted - read)).await? {
            Some(next) if next.stat.version == first.stat.version => next,
            _ => return Ok(None),
        };
        if next.bytes.is_empty() {
            return Err(short(key));
        }
        bytes.extend(next.bytes);
    }
    Ok(Some(bytes))
}

/// As [`part`], of a state in which nothing changes.
pub(super) async fn fixed_part(
    state: &dyn KvRead,
    key: &KeyPath,
    offset: u64,
    length: u64,
) -> Result<Vec<u8>> {
    part(state, key, offset, length).await?.ok_or_else(|| short(key))
}

pub(super) fn last_modified<'a>(
    state: &'a dyn KvRead,
    key: &'a KeyPath,
) -> BoxFuture<'a, Result<SystemTime>> {
    Box::pin(async move {
        let own = match state.stat(key).await? {
            Stat::Value(value) => return Ok(value.modified),
            Stat::Dictionary(dictionary) => dictionary.modified,
            Stat::Through(value) => return Err(Error::DictionaryExpected(value)),
            Stat::Absent => return Err(Error::NotFound(key.clone())),
        };
        let mut latest = None;
        let mut after: Option<String> = None;
        loop {
            let page = entries::page(state, key, after.as_deref()).await?;
            for listed in page.entries {
                if let Stat::Value(value) = listed?.stat {
                    latest = latest.max(Some(value.modified));
                }
            }
            after = page.rest;
            if after.is_none() {
                return Ok(latest.unwrap_or(own));
            }
        }
    })
}

fn next_length(left: u64) -> usize {
    usize::try_from(left).map_or(MAX_READ, |left| left.min(MAX_READ))
}

/// The error of a store that says one size and gives fewer bytes.
pub(super) fn short(key: &KeyPath) -> Error {
    let what = format!("the value at {key} ends before its size says; check the store");
    crate::Error::new(ErrorKind::Corrupt, what).into()
}
