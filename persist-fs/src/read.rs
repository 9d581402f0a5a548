//! What is asked of a tree of files, and a print of each answer by which to ask again.

use std::os::unix::fs::FileExt;
use std::sync::Arc;

use persist_core::kv::{KeyPath, Listed, Listing, Stat, Window};
use persist_core::{Error, ErrorKind, Result};

use crate::error;
use crate::node::{Meta, Name, Node, Sort, short};
use crate::own;
use crate::walk::{End, Print, Walked, dictionary, value, walk};

/// How often a file that others write in place is read again, in the hope that they rest.
const TRIES: usize = 8;

/// What was asked; the same question finds the same print as long as the answer is the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Question {
    /// What is at a key, content included.
    Key(KeyPath),
    /// A page of a dictionary.
    Page(KeyPath, Option<String>, usize),
}

impl Question {
    /// The print that the answer has now. What cannot be answered any more has none.
    pub(crate) fn print(&self, root: &Arc<Node>) -> Option<u128> {
        match self {
            Self::Key(key) => stat(root, key).ok().map(|(_, print)| print.hash),
            Self::Page(key, after, limit) => {
                list(root, key, after.as_deref(), *limit).ok().map(|(_, print)| print.hash)
            }
        }
    }
}

pub(crate) fn stat(root: &Arc<Node>, key: &KeyPath) -> Result<(Stat, Print)> {
    let walked = walk(root, key)?;
    Ok((walked.stat(), walked.print()))
}

pub(crate) fn read(
    root: &Arc<Node>,
    key: &KeyPath,
    offset: u64,
    length: usize,
) -> Result<(Option<Window>, Print)> {
    for _ in 0..TRIES {
        let walked = walk(root, key)?;
        let End::File(dir, meta) = &walked.end else { return Ok((None, walked.print())) };
        if let Some(bytes) = content(dir, key, meta, offset, length)? {
            let print = walked.print();
            return Ok((Some(Window { stat: value(meta), bytes }), print));
        }
    }
    let busy = format!("{key}: another program goes on writing this file; try again later");
    Err(Error::new(ErrorKind::Busy, busy))
}

/// A window of the file that was found; `None` if it was replaced or written in place meanwhile.
fn content(
    dir: &Node,
    key: &KeyPath,
    meta: &Meta,
    offset: u64,
    length: usize,
) -> Result<Option<Vec<u8>>> {
    let at = error::at(key);
    let Some(file) = dir.open_file(key.basename().as_bytes(), meta.id).map_err(&at)? else {
        return Ok(None);
    };
    let there = usize::try_from(meta.size.saturating_sub(offset)).unwrap_or(usize::MAX);
    let mut bytes = vec![0; length.min(there)];
    match file.read_exact_at(&mut bytes, offset) {
        Ok(()) => {}
        Err(failure) if failure.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(failure) => return Err(error::io(key, failure)),
    }
    let after = Meta::open(&file).map_err(&at)?;
    Ok((after.version() == meta.version()).then_some(bytes))
}

pub(crate) fn list(
    root: &Arc<Node>,
    key: &KeyPath,
    after: Option<&str>,
    limit: usize,
) -> Result<(Option<Listing>, Print)> {
    let walked = walk(root, key)?;
    let End::Dir(dir) = &walked.end else { return Ok((None, walked.print())) };
    let mut names = dir.names().map_err(error::at(key))?;
    names.retain(|name| {
        after.is_none_or(|after| name.as_slice() > after.as_bytes())
            && !(key.is_empty() && name == own::NAME)
    });
    names.sort_unstable();
    page(dir, key, &walked, names, limit)
}

/// As many of the names as make a page. One that is no segment is not counted, since the next page
/// could not begin after it.
fn page(
    dir: &Node,
    key: &KeyPath,
    walked: &Walked,
    names: Vec<Name>,
    limit: usize,
) -> Result<(Option<Listing>, Print)> {
    let mut hasher = blake3::Hasher::new();
    let above = walked.print();
    hasher.update(&above.hash.to_le_bytes());
    let mut newest = above.newest.max(Meta::open(dir).map_err(error::at(key))?.changed);
    let (mut entries, mut segments) = (Vec::new(), 0);
    let mut last = None;
    for name in names {
        if segments == limit {
            let print = Print { hash: short(&hasher), newest };
            return Ok((Some(Listing { entries, rest: last }), print));
        }
        let meta = Meta::at(dir, &name).map_err(error::at(key))?;
        let Some(meta) = meta else { continue };
        newest = newest.max(meta.changed);
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(&name);
        hasher.update(&meta.version().to_le_bytes());
        entries.push(match String::from_utf8(name) {
            Ok(segment) => {
                segments += 1;
                last = Some(segment.clone());
                entry(key, segment, &meta)
            }
            Err(bad) => {
                let message = format!(
                    "{key}: the name \"{}\" here is no UTF-8; rename it, or move it away",
                    bad.as_bytes().escape_ascii()
                );
                Err(Error::new(ErrorKind::InvalidKey, message))
            }
        });
    }
    hasher.update(b"end");
    Ok((Some(Listing { entries, rest: None }), Print { hash: short(&hasher), newest }))
}

fn entry(key: &KeyPath, segment: String, meta: &Meta) -> Result<Listed> {
    let stat = match meta.sort {
        Sort::File => Stat::Value(value(meta)),
        Sort::Dir => Stat::Dictionary(dictionary(meta)),
        Sort::Other(what) => {
            let below = key.append(&KeyPath::parse(&segment));
            return Err(error::no_entry(&below, what));
        }
    };
    Ok(Listed { segment, stat })
}
