//! The directory of one open store, for contents that are not bound yet and things that are removed
//! already. A lock on it says that its owner lives.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use persist_core::{Error, ErrorKind, Result};
use rustix::fs::{self, AtFlags, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::lock::Held;
use super::trash::Trash;
use super::{Own, unlink};
use crate::error;
use crate::node::{Meta, Name, Node};

const PREFIX: &[u8] = b"session-";

#[derive(Debug)]
pub(crate) struct Session {
    pub(super) name: Name,
    pub(crate) number: u32,
    pub(crate) dir: Arc<Node>,
    /// The directory above.
    own: Arc<Node>,
    next: AtomicU64,
    /// The contents that somebody holds.
    live: Arc<Mutex<BTreeSet<Name>>>,
    trash: Arc<Trash>,
    /// Holds the lock until it is dropped.
    _lock: OwnedFd,
}

/// A file in a session that is not bound yet. When it is dropped before it was, it goes to the trash.
#[derive(Debug)]
pub(crate) struct Temp {
    pub(crate) name: Name,
    pub(crate) file: File,
    live: Arc<Mutex<BTreeSet<Name>>>,
    trash: Arc<Trash>,
}

impl Session {
    /// Makes a session. The lock of the store must be held, so that nobody takes it for dead before
    /// its own is.
    pub(crate) fn make(own: &Own, _held: &Held<'_>) -> Result<Self> {
        let failed = error::own("a session of the store");
        let (number, name) = (0..)
            .find_map(|number: u32| {
                let name = name(number);
                match fs::mkdirat(&own.dir, &name, Mode::RWXU) {
                    Err(Errno::EXIST) => None,
                    Err(errno) => Some(Err(errno)),
                    Ok(()) => Some(Ok((number, name))),
                }
            })
            .unwrap_or(Err(Errno::MLINK))
            .map_err(&failed)?;
        let gone = || error::removed("a session");
        let dir = Arc::new(own.dir.child(&name).map_err(&failed)?.ok_or_else(gone)?);
        let lock = dir.open_dir().map_err(&failed)?;
        fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(&failed)?;
        let trash = Trash::start(Arc::clone(&dir))?;
        let own = Arc::clone(&own.dir);
        let (next, live) = (AtomicU64::new(0), Arc::default());
        Ok(Self { name, number, dir, own, next, live, trash, _lock: lock })
    }

    /// Makes an empty file.
    pub(crate) fn temp(&self) -> rustix::io::Result<Temp> {
        let name = self.fresh();
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        self.live.lock().insert(name.clone());
        let (live, trash) = (Arc::clone(&self.live), Arc::clone(&self.trash));
        match fs::openat(&self.dir, &name, flags, Mode::from_raw_mode(0o666)) {
            Ok(fd) => Ok(Temp { name, file: File::from(fd), live, trash }),
            Err(errno) => {
                live.lock().remove(&name);
                Err(errno)
            }
        }
    }

    /// A name that nothing here has or had.
    pub(crate) fn fresh(&self) -> Name {
        self.next.fetch_add(1, Ordering::Relaxed).to_string().into_bytes()
    }

    /// Has what `put` puts under a name here be taken away.
    pub(crate) fn trash(
        &self,
        put: impl FnOnce(&[u8]) -> rustix::io::Result<()>,
    ) -> rustix::io::Result<()> {
        let name = self.fresh();
        put(&name)?;
        self.trash.push(name);
        Ok(())
    }

    /// Has what stands here under a name be taken away.
    pub(crate) fn discard(&self, name: Name) {
        self.trash.push(name);
    }

    /// Waits until what is in the trash now is gone, as far as it can be.
    pub(crate) fn empty(&self) {
        self.trash.empty();
    }

    /// How many things here are known, those that are being written included, and how many are
    /// not.
    pub(super) fn count(&self) -> rustix::io::Result<(u64, u64)> {
        let (waiting, live) = (self.trash.names(), self.live.lock().clone());
        let (mut known, mut unknown) = (0, 0);
        for name in self.dir.names()? {
            if waiting.contains(&name) || live.contains(&name) {
                known += 1;
            } else {
                unknown += 1;
            }
        }
        Ok((known, unknown))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // What cannot be taken away any more, others find in a session that has ended.
        let (own, name) = (Arc::clone(&self.own), self.name.clone());
        self.trash.end(move || unlink(&own, &name, AtFlags::REMOVEDIR));
    }
}

impl Temp {
    /// Says that it is bound now, and has left the session.
    pub(crate) fn bound(&self) {
        self.live.lock().remove(&self.name);
    }

    pub(crate) fn meta(&self) -> Result<Meta> {
        let meta = Meta::open(&self.file).map_err(error::own("a content that is not bound yet"))?;
        if meta.is_removed() {
            let message = "a content that was staged is gone: it was bound already, or another \
                           program removed it; write it again";
            return Err(Error::new(ErrorKind::Backend, message));
        }
        Ok(meta)
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        if self.live.lock().remove(&self.name) {
            self.trash.push(std::mem::take(&mut self.name));
        }
    }
}

pub(crate) fn name(number: u32) -> Name {
    [PREFIX, number.to_string().as_bytes()].concat()
}

pub(super) fn is_one(name: &[u8]) -> bool {
    name.starts_with(PREFIX)
}

/// The lock of a session whose owner has ended; `None` for one that lives, and for what is none.
pub(super) fn dead(own: &Node, name: &[u8]) -> rustix::io::Result<Option<OwnedFd>> {
    if !is_one(name) {
        return Ok(None);
    }
    let Some(dir) = own.child(name)? else { return Ok(None) };
    let lock = match dir.open_dir() {
        Ok(lock) => lock,
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
        Err(errno) => return Err(errno),
    };
    match fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(lock)),
        Err(Errno::WOULDBLOCK) => Ok(None),
        Err(errno) => Err(errno),
    }
}
