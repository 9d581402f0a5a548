//! Making changes in a transaction.

use std::sync::atomic::Ordering;
use std::time::SystemTime;

use super::rows::{
    CHUNK, Content, Entry, Grave, INLINE, Id, Time, Value, chunk_key, encode, entry_key, id_cell,
};
use super::stage::Token;
use super::state::{State, chunk_number, part};
use super::way::{End, Way};
use crate::backend::Cell;
use crate::kv::{self, Change, KeyPath};
use crate::{Error, ErrorKind, Result};

impl State {
    /// Adds a change to a transaction.
    pub(super) async fn apply(&self, change: &Change) -> Result<()> {
        match change {
            Change::Put { key, content, modified } => {
                let value = self.value(content, (*modified).into()).await?;
                self.bind(key, &Entry::Value(value), *modified).await
            }
            Change::Write { key, offset, bytes, modified } => {
                self.write(key, *offset, bytes, *modified).await
            }
            Change::Remove { key } => self.remove(key).await,
            Change::Move { from, to, modified } => {
                let way = self.inner.tables.depend(&self.tx, from).await?;
                let Way { rows, end: End::Here(entry) } = way else { return Err(moved()) };
                let (cell, _) = rows.into_iter().next_back().ok_or_else(moved)?;
                self.tx.put(&self.inner.tables.entries, cell, None)?;
                self.bind(to, &entry, *modified).await
            }
        }
    }

    /// Binds a key, whatever it was bound to. Missing dictionaries are made.
    async fn bind(&self, key: &KeyPath, entry: &Entry, modified: SystemTime) -> Result<()> {
        let way = self.inner.tables.depend(&self.tx, key).await?;
        match &way.end {
            End::Here(old) => self.bury(old)?,
            End::Absent => {}
            End::Through(_) => return Err(moved()),
        }
        let missing = key.segments().skip(way.rows.len().saturating_sub(1));
        let (mut cell, _) = way.rows.into_iter().next_back().ok_or_else(moved)?;
        for below in missing {
            let id = Id::random();
            let made = Time::from(modified);
            self.tx.put(
                &self.inner.tables.entries,
                cell,
                Some(encode(&Entry::Dictionary { id, made })?),
            )?;
            cell = entry_key(id, below)?;
        }
        self.tx.put(&self.inner.tables.entries, cell, Some(encode(entry)?))
    }

    async fn remove(&self, key: &KeyPath) -> Result<()> {
        let Way { rows, end } = self.inner.tables.depend(&self.tx, key).await?;
        let End::Here(old) = end else { return Err(moved()) };
        let (cell, _) = rows.into_iter().next_back().ok_or_else(moved)?;
        self.bury(&old)?;
        let left = match old {
            // The top-level dictionary is emptied by putting another one in its place.
            Entry::Dictionary { made, .. } if key.is_empty() => {
                Some(encode(&Entry::Dictionary { id: Id::random(), made })?)
            }
            _ => None,
        };
        self.tx.put(&self.inner.tables.entries, cell, left)
    }

    /// Leaves to the reaper what an entry refers to.
    fn bury(&self, entry: &Entry) -> Result<()> {
        let (id, grave) = match entry {
            Entry::Dictionary { id, .. } => (*id, Grave::Dictionary),
            Entry::Value(Value { content: Content::Chunks(id), .. }) => (*id, Grave::Content),
            Entry::Value(_) => return Ok(()),
        };
        self.tx.put(&self.inner.tables.graves, id_cell(id), Some(encode(&grave)?))?;
        self.buried.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// A new value of some content.
    async fn value(&self, content: &kv::Content, modified: Time) -> Result<Value> {
        let size = content.size();
        let small = usize::try_from(size).ok().filter(|size| *size <= INLINE);
        let content = match (content, small) {
            (kv::Content::Bytes(bytes), Some(_)) => Content::Inline(bytes.to_vec()),
            (kv::Content::Bytes(bytes), None) => {
                let id = Id::random();
                self.put_chunks(id, bytes)?;
                Content::Chunks(id)
            }
            (kv::Content::Zeros(_), Some(size)) => Content::Inline(vec![0; size]),
            (kv::Content::Zeros(_), None) => Content::Chunks(Id::random()),
            (kv::Content::Staged(staged), _) => {
                let foreign = || {
                    let what = "the content was staged by another store than it is put into";
                    Error::new(ErrorKind::Misuse, what)
                };
                let token: &Token = staged.token().ok_or_else(foreign)?;
                Content::Chunks(token.bind(&self.tx).await?)
            }
        };
        Ok(Value { size, modified, version: Id::random(), content })
    }

    async fn write(
        &self,
        key: &KeyPath,
        offset: u64,
        bytes: &[u8],
        modified: SystemTime,
    ) -> Result<()> {
        let Way { rows, end } = self.inner.tables.depend(&self.tx, key).await?;
        let End::Here(Entry::Value(mut value)) = end else { return Err(moved()) };
        let (cell, _) = rows.into_iter().next_back().ok_or_else(moved)?;
        let end = offset + bytes.len() as u64;
        let content = match &value.content {
            Content::Inline(old) => {
                let begin = usize::try_from(offset).unwrap_or(usize::MAX).min(old.len());
                let mut whole = old.clone();
                let covered = whole.len().min(begin + bytes.len());
                whole.splice(begin..covered, bytes.iter().copied());
                if whole.len() <= INLINE {
                    Content::Inline(whole)
                } else {
                    let id = Id::random();
                    self.put_chunks(id, &whole)?;
                    Content::Chunks(id)
                }
            }
            Content::Chunks(id) => {
                let tables = &self.inner.tables;
                for number in offset / CHUNK..end.div_ceil(CHUNK) {
                    let begin = number * CHUNK;
                    let (from, to) = (offset.max(begin), end.min(begin + CHUNK));
                    let new = part(bytes, from - offset, to - offset);
                    let before = tables.content(&self.tx, &value, begin, from).await?;
                    let behind = value.size.min(begin + CHUNK).max(to);
                    let behind = tables.content(&self.tx, &value, to, behind).await?;
                    let chunk = [&before, new, &behind].concat();
                    let place = chunk_key(*id, chunk_number(number)?)?;
                    self.tx.put(&self.inner.tables.chunks, place, Some(Cell::Bytes(chunk)))?;
                }
                Content::Chunks(*id)
            }
        };
        value.content = content;
        value.size = value.size.max(end);
        value.modified = modified.into();
        value.version = Id::random();
        self.tx.put(&self.inner.tables.entries, cell, Some(encode(&Entry::Value(value))?))
    }

    fn put_chunks(&self, id: Id, bytes: &[u8]) -> Result<()> {
        let size = usize::try_from(CHUNK).unwrap_or(usize::MAX);
        for (number, chunk) in (0..).zip(bytes.chunks(size)) {
            let cell = chunk_key(id, number)?;
            self.tx.put(&self.inner.tables.chunks, cell, Some(Cell::Bytes(chunk.to_vec())))?;
        }
        Ok(())
    }
}

/// What was judged is not so any more.
fn moved() -> Error {
    Error::new(ErrorKind::Conflict, "what was judged has changed since")
}
