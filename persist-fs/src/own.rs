//! The store's own directory, in the root, under a name that is no UTF-8: so no key leads there, and
//! no legal key is lost to it.
//!
//! | in it | what it is |
//! | --- | --- |
//! | `lock` | held by whoever commits; tells the generation of the tree |
//! | `journal` | how to undo the commit that is under way; else empty |
//! | `session-N` | contents not yet bound and things already removed, of one open store, which holds a lock on the directory |

mod journal;
mod lock;
mod session;
mod trash;

use std::sync::Arc;

use persist_core::Result;
use rustix::fs::{self, AtFlags, Mode};
use rustix::io::Errno;

pub(crate) use journal::Journal;
pub(crate) use lock::{Held, Lock};
pub(crate) use session::{Session, Temp, name as session_name};

use crate::error;
use crate::node::{Node, Sort};

/// The name of the directory in the root.
pub(crate) const NAME: &[u8] = b".persist\xff";

/// The directory and its lock.
#[derive(Debug)]
pub(crate) struct Own {
    pub(crate) dir: Arc<Node>,
    pub(crate) lock: Lock,
}

impl Own {
    /// Opens it, and makes it first if it is to be written; `None` if it is not there.
    pub(crate) fn open(root: &Node, write: bool) -> Result<Option<Self>> {
        let own = error::own("the store's own directory");
        if write {
            // Contents that are not yet bound are nobody else's business.
            match fs::mkdirat(root, NAME, Mode::RWXU) {
                Ok(()) => root.sync().map_err(&own)?,
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(own(errno)),
            }
        }
        let Some(dir) = root.child(NAME).map_err(&own)? else { return Ok(None) };
        if dir.meta.sort != Sort::Dir {
            return Err(error::removed("the own directory"));
        }
        let Some(lock) = Lock::open(&dir, write)? else { return Ok(None) };
        Ok(Some(Self { dir: Arc::new(dir), lock }))
    }

    /// Takes the lock. It may wait for other processes.
    pub(crate) fn hold(&self) -> Result<Held<'_>> {
        self.lock.hold()
    }

    /// Hands the sessions whose process has ended over to the trash of a living one. The lock must
    /// be held, so that none is being made.
    pub(crate) fn bury(&self, _held: &Held<'_>, session: &Session) -> Result<()> {
        let own = error::own("a session that has ended");
        for name in self.dir.names().map_err(&own)? {
            if let Some(_dead) = session::dead(&self.dir, &name).map_err(&own)? {
                session
                    .trash(|to| fs::renameat(&self.dir, &name, &session.dir, to))
                    .map_err(&own)?;
            }
        }
        Ok(())
    }

    /// How many things are in sessions, of the living as well, and how many things are nobody's.
    pub(crate) fn count(&self, session: Option<&Session>) -> Result<(u64, u64)> {
        let own = error::own("the store's own directory");
        let (mut leftovers, mut orphans) = (0, 0);
        for name in self.dir.names().map_err(&own)? {
            if name == lock::NAME || name == journal::NAME {
                continue;
            }
            if let Some(session) = session.filter(|session| session.name == name) {
                let (known, unknown) = session.count().map_err(&own)?;
                leftovers += known;
                orphans += unknown;
            } else if session::is_one(&name) {
                let dead = session::dead(&self.dir, &name).map_err(&own)?;
                let entries =
                    self.dir.child(&name).and_then(|dir| dir.map_or(Ok(vec![]), |dir| dir.names()));
                leftovers += entries.map_err(&own)?.len() as u64 + u64::from(dead.is_some());
            } else {
                orphans += 1;
            }
        }
        Ok((leftovers, orphans))
    }
}

/// Removes a file or an empty directory, if it is still there.
fn unlink(dir: &Node, name: &[u8], flags: AtFlags) -> rustix::io::Result<()> {
    match fs::unlinkat(dir, name, flags) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno),
    }
}
