//! From a key to what stands there, one segment after the other.

use std::sync::Arc;

use persist_core::Result;
use persist_core::kv::{DictionaryStat, KeyPath, Stat, ValueStat};

use crate::error;
use crate::node::{Id, Meta, Moment, Node, Sort, short};

/// What a key leads to.
#[derive(Debug)]
pub(crate) struct Walked {
    /// The directories on the way below the root, that at the key itself included.
    through: Vec<Id>,
    /// When anything on the way was last changed, as far as it matters.
    newest: Moment,
    pub(crate) end: End,
}

/// What tells an answer from any other one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Print {
    pub(crate) hash: u128,
    /// Since then the answer has been the same.
    pub(crate) newest: Moment,
}

#[derive(Debug)]
pub(crate) enum End {
    /// A value, and the directory that it is in.
    File(Arc<Node>, Meta),
    Dir(Arc<Node>),
    Absent,
    /// This key above it is a value.
    Through(KeyPath, Meta),
}

/// Goes from the root to a key.
///
/// # Errors
/// `InvalidKey` for what is neither a plain file nor a directory, wherever on the way.
pub(crate) fn walk(root: &Arc<Node>, key: &KeyPath) -> Result<Walked> {
    let mut walked =
        Walked { through: Vec::new(), newest: (i64::MIN, 0), end: End::Dir(Arc::clone(root)) };
    for (depth, segment) in key.segments().enumerate() {
        let dir = match &walked.end {
            End::Dir(dir) => Arc::clone(dir),
            End::File(_, meta) => {
                walked.end = End::Through(prefix(key, depth), *meta);
                break;
            }
            End::Absent | End::Through(..) => break,
        };
        let found = dir
            .child(segment.as_bytes())
            .map_err(|errno| error::at(&prefix(key, depth + 1))(errno))?;
        // What is there was there under this name since it was changed; what is not there, since
        // its directory was.
        let now = match &found {
            Some(node) => node.meta.changed,
            None => Meta::open(&*dir).map_err(error::at(key))?.changed,
        };
        walked.newest = walked.newest.max(now);
        walked.end = match found {
            None => End::Absent,
            Some(node) => match node.meta.sort {
                Sort::File => End::File(dir, node.meta),
                Sort::Dir => {
                    walked.through.push(node.meta.id);
                    End::Dir(Arc::new(node))
                }
                Sort::Other(what) => {
                    return Err(error::no_entry(&prefix(key, depth + 1), what));
                }
            },
        };
    }
    Ok(walked)
}

impl Walked {
    pub(crate) fn stat(&self) -> Stat {
        match &self.end {
            End::File(_, meta) => Stat::Value(value(meta)),
            End::Dir(node) => Stat::Dictionary(dictionary(&node.meta)),
            End::Absent => Stat::Absent,
            End::Through(key, _) => Stat::Through(key.clone()),
        }
    }

    /// What tells this outcome from any other one at the same key, the directories on the way
    /// included.
    pub(crate) fn print(&self) -> Print {
        let mut hasher = blake3::Hasher::new();
        for id in &self.through {
            id.feed(&mut hasher);
        }
        let (tag, version) = match &self.end {
            End::File(_, meta) => (1, meta.version()),
            End::Dir(_) => (2, 0),
            End::Absent => (3, 0),
            End::Through(_, meta) => (4, meta.version()),
        };
        hasher.update(&[tag]);
        hasher.update(&version.to_le_bytes());
        Print { hash: short(&hasher), newest: self.newest }
    }
}

pub(crate) fn value(meta: &Meta) -> ValueStat {
    ValueStat::new(meta.size, meta.modified(), meta.version())
}

pub(crate) fn dictionary(meta: &Meta) -> DictionaryStat {
    DictionaryStat::new(meta.modified(), meta.version())
}

/// The first `depth` segments of a key.
fn prefix(key: &KeyPath, depth: usize) -> KeyPath {
    key.prefixes().nth(depth).unwrap_or_else(|| key.clone())
}
