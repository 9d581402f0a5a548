//! Reading the tables as a store.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;

use super::Inner;
use super::rows::{CHUNK, Content, Entry, EntryKey, Value, chunk_key, decode, entries_after};
use super::stage::Token;
use super::way::{End, Way};
use crate::backend::Cell;
use crate::column::decode_key;
use crate::kv::{
    self, Change, Committed, DictionaryStat, KeyPath, KvRead, KvTransaction, Listed, Listing, Stat,
    ValueStat, Window,
};
use crate::transaction::Tx;
use crate::{Error, ErrorKind, Result};

/// How often a read that others disturb is tried before it takes a state that they cannot disturb.
const TRIES: u32 = 4;

/// A state: of a transaction, which depends on what is read, or the newest one, for one read.
pub(super) struct State {
    pub(super) inner: Arc<Inner>,
    pub(super) tx: Tx,
    /// Whether all reads see one state.
    fixed: bool,
    /// Whether what is read is to be judged.
    judged: bool,
    /// Whether a change has left something to the reaper.
    pub(super) buried: AtomicBool,
}

impl State {
    pub(super) fn begin(inner: &Arc<Inner>, fixed: bool, judged: bool) -> Result<Self> {
        let tx = inner.open()?.persist.begin(!fixed)?;
        Ok(Self { inner: Arc::clone(inner), tx, fixed, judged, buried: AtomicBool::new(false) })
    }

    async fn way(&self, key: &KeyPath) -> Result<Way> {
        let tables = &self.inner.tables;
        if self.judged {
            tables.depend(&self.tx, key).await
        } else {
            tables.walk(&self.tx, key).await
        }
    }

    /// A part of a value, if nothing has changed while it was read.
    async fn window(&self, key: &KeyPath, offset: u64, length: usize) -> Result<Looked<Window>> {
        let way = self.way(key).await?;
        let End::Here(Entry::Value(value)) = way.end else { return Ok(Looked::Settled(None)) };
        let stat = value_stat(&value);
        let end = value.size.min(offset.saturating_add(length as u64));
        let bytes = match &value.content {
            _ if offset >= end => Vec::new(),
            Content::Inline(bytes) => part(bytes, offset, end).to_vec(),
            Content::Chunks(_) => {
                let bytes = self.inner.tables.content(&self.tx, &value, offset, end).await?;
                // The version was another one if the content had been: so it is enough that the
                // row is still the same.
                if !self.fixed && !self.still(way.rows.last().into_iter()).await? {
                    return Ok(Looked::Changed);
                }
                bytes
            }
        };
        Ok(Looked::Settled(Some(Window { stat, bytes })))
    }

    async fn page(
        &self,
        key: &KeyPath,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Looked<Listing>> {
        let way = self.way(key).await?;
        let End::Here(Entry::Dictionary { id, .. }) = way.end else {
            return Ok(Looked::Settled(None));
        };
        let entries = &self.inner.tables.entries;
        let range = entries_after(id, after)?;
        let mut page = self.tx.rows(entries, &range, limit, self.judged).await?;
        // A page may be empty though there is more.
        while let Some(rest) = page.rest.as_ref().filter(|_| page.rows.is_empty()) {
            page = self.tx.rows(entries, rest, limit, self.judged).await?;
        }
        let mut last = None;
        let mut listed = Vec::with_capacity(page.rows.len());
        for row in page.rows {
            let (key, value) = row.map_err(|error| error.table(entries.name()))?;
            let (_, segment) = decode_key::<EntryKey>(key)?;
            last = Some(segment.clone());
            let stat = decode(value).map(|entry| stat(&entry));
            let entry = stat.map(|stat| Listed { segment, stat });
            listed.push(entry.map_err(|error| error.table(entries.name())));
        }
        if !self.fixed && !self.still(way.rows.iter()).await? {
            return Ok(Looked::Changed);
        }
        let rest = if page.rest.is_some() { last } else { None };
        Ok(Looked::Settled(Some(Listing { entries: listed, rest })))
    }

    /// Whether rows are as they were found.
    async fn still(
        &self,
        rows: impl Iterator<Item = &(Cell, Option<Cell>)> + Send,
    ) -> Result<bool> {
        let (keys, found): (Vec<_>, Vec<_>) = rows.cloned().unzip();
        Ok(self.tx.peek(&self.inner.tables.entries, &keys).await? == found)
    }

    /// The same store in one state, for a read that others have disturbed.
    fn steady(&self) -> Result<Self> {
        Self::begin(&self.inner, true, false)
    }
}

/// What a read came to that is made of several.
enum Looked<T> {
    /// This; or nothing, since the key is not of that kind.
    Settled(Option<T>),
    /// Others have changed it meanwhile.
    Changed,
}

impl KvRead for State {
    fn stat<'a>(&'a self, key: &'a KeyPath) -> BoxFuture<'a, Result<Stat>> {
        Box::pin(async move {
            Ok(match self.way(key).await?.end {
                End::Here(entry) => stat(&entry),
                End::Absent => Stat::Absent,
                End::Through(value) => Stat::Through(value),
            })
        })
    }

    fn read<'a>(
        &'a self,
        key: &'a KeyPath,
        offset: u64,
        length: usize,
    ) -> BoxFuture<'a, Result<Option<Window>>> {
        Box::pin(async move {
            for _ in 0..TRIES {
                if let Looked::Settled(found) = self.window(key, offset, length).await? {
                    return Ok(found);
                }
            }
            match self.steady()?.window(key, offset, length).await? {
                Looked::Settled(found) => Ok(found),
                Looked::Changed => Err(unsteady()),
            }
        })
    }

    fn list<'a>(
        &'a self,
        key: &'a KeyPath,
        after: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Option<Listing>>> {
        Box::pin(async move {
            for _ in 0..TRIES {
                if let Looked::Settled(found) = self.page(key, after, limit).await? {
                    return Ok(found);
                }
            }
            match self.steady()?.page(key, after, limit).await? {
                Looked::Settled(found) => Ok(found),
                Looked::Changed => Err(unsteady()),
            }
        })
    }
}

impl KvTransaction for State {
    fn commit(self: Arc<Self>, changes: Arc<[Change]>) -> BoxFuture<'static, Result<Committed>> {
        Box::pin(async move {
            let applied = async {
                for change in &*changes {
                    self.apply(change).await?;
                }
                self.tx.commit(&self.inner.tables.persist).await
            };
            match applied.await {
                Ok(true) => {
                    bound(&changes);
                    if self.buried.load(Ordering::Relaxed) {
                        self.inner.wake();
                    }
                    Ok(Committed::Applied)
                }
                Ok(false) => Ok(Committed::Conflict),
                Err(error) if error.kind() == ErrorKind::Conflict => Ok(Committed::Conflict),
                Err(error) => Err(error),
            }
        })
    }
}

impl super::Tables {
    /// The bytes of a value from `offset` to `end`, which lies within it.
    pub(super) async fn content(
        &self,
        tx: &Tx,
        value: &Value,
        offset: u64,
        end: u64,
    ) -> Result<Vec<u8>> {
        let id = match &value.content {
            Content::Inline(bytes) => return Ok(part(bytes, offset, end).to_vec()),
            _ if offset >= end => return Ok(Vec::new()),
            Content::Chunks(id) => *id,
        };
        let numbers = offset / CHUNK..end.div_ceil(CHUNK);
        let keys = numbers.clone().map(|number| chunk_key(id, chunk_number(number)?));
        let keys = keys.collect::<Result<Vec<_>>>()?;
        let mut chunks = Vec::with_capacity(keys.len());
        while let Some(missing) = keys.get(chunks.len()..).filter(|missing| !missing.is_empty()) {
            chunks.extend(tx.peek(&self.chunks, missing).await?);
        }
        let mut bytes = Vec::with_capacity(usize::try_from(end - offset).unwrap_or_default());
        for (number, chunk) in numbers.zip(chunks) {
            let begin = number * CHUNK;
            let (from, to) = (offset.max(begin) - begin, end.min(begin + CHUNK) - begin);
            let stored = chunk.map(bytes_of).transpose()?.unwrap_or_default();
            let part = part(&stored, from, to);
            bytes.extend_from_slice(part);
            let zeros = usize::try_from(to - from).unwrap_or_default() - part.len();
            bytes.resize(bytes.len() + zeros, 0);
        }
        Ok(bytes)
    }
}

/// Tells staged contents that they belong to values now.
fn bound(changes: &[Change]) {
    for change in changes {
        if let Change::Put { content: kv::Content::Staged(staged), .. } = change
            && let Some(token) = staged.token::<Token>()
        {
            token.bound();
        }
    }
}

/// The number of a chunk as its key has it.
pub(super) fn chunk_number(number: u64) -> Result<u32> {
    u32::try_from(number).map_err(|_| Error::new(ErrorKind::TooLarge, "the value is too large"))
}

/// The bytes of a cell of bytes.
pub(super) fn bytes_of(cell: Cell) -> Result<Vec<u8>> {
    match cell {
        Cell::Bytes(bytes) => Ok(bytes),
        _ => Err(Error::new(ErrorKind::Decode, "a chunk is not bytes")),
    }
}

/// What there is of bytes between two positions.
pub(super) fn part(bytes: &[u8], from: u64, to: u64) -> &[u8] {
    let clamp = |position: u64| usize::try_from(position).unwrap_or(usize::MAX).min(bytes.len());
    bytes.get(clamp(from)..clamp(to)).unwrap_or_default()
}

pub(super) fn value_stat(value: &Value) -> ValueStat {
    ValueStat::new(value.size, value.modified.into(), value.version.number())
}

pub(super) fn stat(entry: &Entry) -> Stat {
    match entry {
        Entry::Value(value) => Stat::Value(value_stat(value)),
        Entry::Dictionary { id, made } => {
            Stat::Dictionary(DictionaryStat::new((*made).into(), id.number()))
        }
    }
}

fn unsteady() -> Error {
    Error::new(ErrorKind::Conflict, "others change the key again and again; try again")
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("tables", &self.inner.tables).finish_non_exhaustive()
    }
}
