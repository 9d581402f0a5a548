//! A simple model of a store, in memory: what the verbs mean, and nothing of how.

use std::collections::BTreeMap;

use persist_core::kv::{Error, KeyPath, Result};

/// What a key can be bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Value(Vec<u8>),
    Dictionary(BTreeMap<String, Node>),
}

/// A write.
#[derive(Debug, Clone)]
pub(super) enum Write {
    Set(KeyPath, Vec<u8>),
    SetPartial(KeyPath, u64, Vec<u8>),
    Allocate(KeyPath, u64),
    Remove(KeyPath),
    Rename(KeyPath, KeyPath),
}

impl Default for Node {
    fn default() -> Self {
        Self::Dictionary(BTreeMap::new())
    }
}

impl Node {
    /// What is at a key.
    pub(super) fn at(&self, key: &KeyPath) -> Result<Option<&Self>> {
        let mut node = self;
        let mut here = KeyPath::empty();
        for segment in key.segments() {
            let Self::Dictionary(below) = node else { return Err(Error::DictionaryExpected(here)) };
            let Some(next) = below.get(segment) else { return Ok(None) };
            (node, here) = (next, here.join(segment).unwrap());
        }
        Ok(Some(node))
    }

    pub(super) fn get(&self, key: &KeyPath) -> Result<&[u8]> {
        match self.at(key)? {
            Some(Self::Value(value)) => Ok(value),
            Some(Self::Dictionary(_)) => Err(Error::ValueExpected(key.clone())),
            None => Err(Error::NotFound(key.clone())),
        }
    }

    pub(super) fn list(&self, key: &KeyPath) -> Result<Vec<String>> {
        match self.at(key)? {
            Some(Self::Dictionary(below)) => Ok(below.keys().cloned().collect()),
            Some(Self::Value(_)) => Err(Error::DictionaryExpected(key.clone())),
            None => Err(Error::NotFound(key.clone())),
        }
    }

    pub(super) fn write(&mut self, write: Write) -> Result<()> {
        match write {
            Write::Set(key, value) => {
                if key.is_empty() {
                    return Err(Error::ValueExpected(key));
                }
                self.at(&key)?;
                self.bind(&key, Some(Self::Value(value)));
            }
            Write::SetPartial(key, offset, bytes) => {
                let mut value = match self.at(&key)? {
                    Some(Self::Value(value)) => value.clone(),
                    Some(Self::Dictionary(_)) => return Err(Error::ValueExpected(key)),
                    None => Vec::new(),
                };
                let offset = usize::try_from(offset).unwrap().min(value.len());
                let end = (offset + bytes.len()).min(value.len());
                value.splice(offset..end, bytes);
                self.bind(&key, Some(Self::Value(value)));
            }
            Write::Allocate(key, size) => {
                if self.at(&key)?.is_some() {
                    return Err(Error::AlreadyPresent(key));
                }
                let zeros = vec![0; usize::try_from(size).unwrap()];
                self.bind(&key, Some(Self::Value(zeros)));
            }
            Write::Remove(key) => {
                if key.is_empty() {
                    *self = Self::default();
                } else if self.at(&key)?.is_some() {
                    self.bind(&key, None);
                }
            }
            Write::Rename(source, dest) => self.rename(&source, &dest)?,
        }
        Ok(())
    }

    fn rename(&mut self, source: &KeyPath, dest: &KeyPath) -> Result<()> {
        let moved = self.at(source)?.cloned().ok_or_else(|| Error::NotFound(source.clone()))?;
        let dictionary = matches!(moved, Self::Dictionary(_));
        if dictionary && dest.starts_with(source) {
            return Err(Error::RenameSourcePrefix(source.clone(), dest.clone()));
        }
        let mut to = dest.clone();
        if let Some(Self::Dictionary(_)) = self.at(dest)? {
            to = dest.join(source.basename()).unwrap();
        }
        if to == *source {
            return Ok(());
        }
        match self.at(&to)? {
            Some(Self::Dictionary(_)) => return Err(Error::AlreadyPresent(to)),
            Some(Self::Value(_)) if dictionary => return Err(Error::ValueExpected(source.clone())),
            Some(Self::Value(_)) | None => {}
        }
        self.bind(source, None);
        self.bind(&to, Some(moved));
        Ok(())
    }

    fn bind(&mut self, key: &KeyPath, bound: Option<Self>) {
        let mut node = self;
        for segment in key.parent().segments() {
            let Self::Dictionary(below) = node else { panic!("it was judged") };
            node = below.entry(segment.to_owned()).or_default();
        }
        let Self::Dictionary(below) = node else { panic!("it was judged") };
        match bound {
            Some(bound) => below.insert(key.basename().to_owned(), bound),
            None => below.remove(key.basename()),
        };
    }

    /// All that is in it, as [`all`](super::aid::all) shows a store.
    pub(super) fn all(&self) -> BTreeMap<String, Vec<u8>> {
        let mut all = BTreeMap::new();
        let mut left = vec![(String::new(), self)];
        while let Some((key, node)) = left.pop() {
            match node {
                Self::Value(value) => drop(all.insert(key, value.clone())),
                Self::Dictionary(below) => {
                    left.extend(below.iter().map(|(name, node)| (format!("{key}/{name}"), node)));
                    if !key.is_empty() {
                        all.insert(format!("{key}/"), Vec::new());
                    }
                }
            }
        }
        all
    }
}
