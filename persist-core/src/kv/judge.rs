//! Judging writes: on the state that a transaction reads, with the writes before them upon it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use super::store::{Change, Content, KvRead, MAX_COMMIT, Stat};
use super::{Error, KeyPath, MAX_SIZE, Result};
use crate::ErrorKind;

/// A write, as a user asks for it.
#[derive(Clone)]
pub(super) enum Verb {
    Set(Content),
    SetPartial { offset: u64, bytes: Arc<[u8]> },
    Allocate { size: u64, modified: Option<SystemTime> },
    Remove,
    Rename { dest: KeyPath },
}

/// The writes of one commit: what they leave, and what they come down to.
#[derive(Default)]
pub(super) struct Judge {
    top: Node,
    changes: Vec<Change>,
    /// Bytes of content in the changes.
    weight: usize,
}

/// A key as the writes leave it.
struct Node {
    is: Is,
    /// Something was put below it, so it is a dictionary, whatever is stored.
    dictionary: bool,
    /// Those below it that the writes have touched.
    below: BTreeMap<String, Node>,
}

enum Is {
    /// What is stored at this key, which may be another one.
    Stored(KeyPath),
    Value(u64),
    Dictionary,
    Absent,
}

/// What stands at a key after the writes.
enum Now {
    Value(u64),
    Dictionary,
    Absent,
    Through(KeyPath),
}

impl Judge {
    /// Judges a write, and adds it if it is allowed. All reads come before anything is changed, so
    /// a future that is dropped leaves nothing half done.
    pub(super) async fn write(
        &mut self,
        state: &dyn KvRead,
        key: &KeyPath,
        verb: Verb,
        now: SystemTime,
    ) -> Result<()> {
        match verb {
            Verb::Set(content) => self.set(state, key, content, now).await,
            Verb::SetPartial { offset, bytes } => {
                self.set_partial(state, key, offset, bytes, now).await
            }
            Verb::Allocate { size, modified } => {
                self.allocate(state, key, size, modified.unwrap_or(now)).await
            }
            Verb::Remove => self.remove(state, key).await,
            Verb::Rename { dest } => self.rename(state, key, &dest, now).await,
        }
    }

    /// What is to be committed.
    pub(super) fn into_changes(self) -> Vec<Change> {
        self.changes
    }

    async fn set(
        &mut self,
        state: &dyn KvRead,
        key: &KeyPath,
        content: Content,
        modified: SystemTime,
    ) -> Result<()> {
        if key.is_empty() {
            return Err(Error::ValueExpected(key.clone()));
        }
        if let Now::Through(value) = self.at(state, key).await? {
            return Err(Error::DictionaryExpected(value));
        }
        self.put(key, content, modified)
    }

    async fn set_partial(
        &mut self,
        state: &dyn KvRead,
        key: &KeyPath,
        offset: u64,
        bytes: Arc<[u8]>,
        modified: SystemTime,
    ) -> Result<()> {
        let size = match self.at(state, key).await? {
            Now::Value(size) => size,
            Now::Absent => return self.put(key, Content::Bytes(bytes), modified),
            Now::Dictionary => return Err(Error::ValueExpected(key.clone())),
            Now::Through(value) => return Err(Error::DictionaryExpected(value)),
        };
        let offset = offset.min(size);
        let grown = size.max(offset.saturating_add(bytes.len() as u64));
        check_size(key, grown)?;
        self.weigh(key, bytes.len())?;
        self.bind(key, Is::Value(grown).into());
        self.changes.push(Change::Write { key: key.clone(), offset, bytes, modified });
        Ok(())
    }

    async fn allocate(
        &mut self,
        state: &dyn KvRead,
        key: &KeyPath,
        size: u64,
        modified: SystemTime,
    ) -> Result<()> {
        match self.at(state, key).await? {
            Now::Absent => self.put(key, Content::Zeros(size), modified),
            Now::Through(value) => Err(Error::DictionaryExpected(value)),
            Now::Value(_) | Now::Dictionary => Err(Error::AlreadyPresent(key.clone())),
        }
    }

    async fn remove(&mut self, state: &dyn KvRead, key: &KeyPath) -> Result<()> {
        match self.at(state, key).await? {
            Now::Absent => return Ok(()),
            Now::Through(value) => return Err(Error::DictionaryExpected(value)),
            Now::Value(_) | Now::Dictionary => {}
        }
        let left = if key.is_empty() { Is::Dictionary } else { Is::Absent };
        self.bind(key, left.into());
        self.changes.push(Change::Remove { key: key.clone() });
        Ok(())
    }

    async fn rename(
        &mut self,
        state: &dyn KvRead,
        source: &KeyPath,
        dest: &KeyPath,
        modified: SystemTime,
    ) -> Result<()> {
        let dictionary = match self.at(state, source).await? {
            Now::Value(_) => false,
            Now::Dictionary => true,
            Now::Absent => return Err(Error::NotFound(source.clone())),
            Now::Through(value) => return Err(Error::DictionaryExpected(value)),
        };
        if dictionary && dest.starts_with(source) {
            return Err(Error::RenameSourcePrefix(source.clone(), dest.clone()));
        }
        let mut to = dest.clone();
        let mut there = self.at(state, dest).await?;
        if let Now::Dictionary = there {
            to = dest.child(source.basename());
            if to == *source {
                return Ok(());
            }
            to.check()?;
            there = self.at(state, &to).await?;
            if let Now::Dictionary = there {
                return Err(Error::AlreadyPresent(to));
            }
        }
        match there {
            Now::Through(value) => return Err(Error::DictionaryExpected(value)),
            Now::Value(_) if dictionary => return Err(Error::ValueExpected(source.clone())),
            _ if to == *source => return Ok(()),
            _ => {}
        }
        let moved = self.bind(source, Is::Absent.into());
        self.bind(&to, moved);
        self.changes.push(Change::Move { from: source.clone(), to, modified });
        Ok(())
    }

    fn put(&mut self, key: &KeyPath, content: Content, modified: SystemTime) -> Result<()> {
        check_size(key, content.size())?;
        if let Content::Bytes(bytes) = &content {
            self.weigh(key, bytes.len())?;
        }
        self.bind(key, Is::Value(content.size()).into());
        self.changes.push(Change::Put { key: key.clone(), content, modified });
        Ok(())
    }

    fn weigh(&mut self, key: &KeyPath, bytes: usize) -> Result<()> {
        let weight = self.weight.saturating_add(bytes);
        if weight > MAX_COMMIT {
            return Err(too_large(format!(
                "{key}: with this write, {weight} bytes would be written at once, and at most \
                 {MAX_COMMIT} (64 MiB) are allowed; write in several parts"
            )));
        }
        self.weight = weight;
        Ok(())
    }

    /// What stands at a key after the writes.
    async fn at(&self, state: &dyn KvRead, key: &KeyPath) -> Result<Now> {
        let (stored, above) = match self.find(key) {
            Found::Now(now) => return Ok(now),
            Found::Stored { stored, base, here } => (stored, (base, here)),
        };
        Ok(match state.stat(&stored).await? {
            Stat::Value(value) => Now::Value(value.size),
            Stat::Dictionary(_) => Now::Dictionary,
            Stat::Absent => Now::Absent,
            Stat::Through(value) => Now::Through(above.1.append(&value.below(&above.0))),
        })
    }

    fn find(&self, key: &KeyPath) -> Found {
        let mut node = &self.top;
        let mut here = KeyPath::empty();
        for segment in key.segments() {
            if let Some(below) = node.below.get(segment) {
                (node, here) = (below, here.child(segment));
                continue;
            }
            return match &node.is {
                Is::Stored(base) => Found::Stored {
                    stored: base.append(&key.below(&here)),
                    base: base.clone(),
                    here,
                },
                Is::Value(_) => Found::Now(Now::Through(here)),
                Is::Dictionary | Is::Absent => Found::Now(Now::Absent),
            };
        }
        match &node.is {
            _ if node.dictionary => Found::Now(Now::Dictionary),
            Is::Stored(base) => Found::Stored { stored: base.clone(), base: base.clone(), here },
            Is::Value(size) => Found::Now(Now::Value(*size)),
            Is::Dictionary => Found::Now(Now::Dictionary),
            Is::Absent => Found::Now(Now::Absent),
        }
    }

    /// Puts a node at a key, and returns the one that was there. What is above it is, or becomes, a
    /// dictionary.
    fn bind(&mut self, key: &KeyPath, new: Node) -> Node {
        let mut node = &mut self.top;
        for segment in key.segments() {
            if let Is::Absent = node.is {
                node.is = Is::Dictionary;
            }
            node.dictionary = true;
            let untouched = match &node.is {
                Is::Stored(base) => Is::Stored(base.child(segment)),
                _ => Is::Absent,
            };
            node = node.below.entry(segment.to_owned()).or_insert_with(|| untouched.into());
        }
        std::mem::replace(node, new)
    }
}

/// Where to find out what stands at a key.
enum Found {
    Now(Now),
    /// What is stored under `base` is now `here`; the key in question is stored at `stored`.
    Stored {
        stored: KeyPath,
        base: KeyPath,
        here: KeyPath,
    },
}

impl From<Is> for Node {
    fn from(is: Is) -> Self {
        Self { is, dictionary: false, below: BTreeMap::new() }
    }
}

impl Default for Node {
    fn default() -> Self {
        Is::Stored(KeyPath::empty()).into()
    }
}

fn check_size(key: &KeyPath, size: u64) -> Result<()> {
    if size <= MAX_SIZE {
        return Ok(());
    }
    Err(too_large(format!(
        "{key}: the value would take {size} bytes, and at most {MAX_SIZE} (1 TiB) are allowed"
    )))
}

fn too_large(what: String) -> Error {
    crate::Error::new(ErrorKind::TooLarge, what).into()
}
