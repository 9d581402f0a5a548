//! One open directory: its root, its own files, and which state is read.

use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use persist_core::{Durability, Error, ErrorKind, Result};

use crate::node::Node;
use crate::own::{Held, Journal, Own, Session};
use crate::recover;

/// How often a read that somebody disturbs is tried again before it takes the lock.
const TRIES: u32 = 10;

#[derive(Debug)]
pub(crate) struct Base {
    pub(crate) root: Arc<Node>,
    /// Of a store that only reads it may come later.
    own: OnceLock<Own>,
    pub(crate) writing: Option<Writing>,
}

/// What it takes to write.
#[derive(Debug)]
pub(crate) struct Writing {
    pub(crate) session: Session,
    pub(crate) journal: Journal,
    pub(crate) full: bool,
}

impl Base {
    /// Opens the directory for reading and writing; undoes what others have left half-done.
    pub(crate) fn for_writing(root: Node, durability: Durability) -> Result<Self> {
        let root = Arc::new(root);
        let missing = || crate::error::removed("the own directory");
        let own = Own::open(&root, true)?.ok_or_else(missing)?;
        let full = durability == Durability::Full;
        let journal = Journal::open(&own.dir, full)?;
        let held = own.hold()?;
        recover::recover(&root, &own.dir, &journal, &held, own.lock.generation()?)?;
        let session = Session::make(&own, &held)?;
        own.bury(&held, &session)?;
        drop(held);
        let writing = Some(Writing { session, journal, full });
        Ok(Self { root, own: OnceLock::from(own), writing })
    }

    /// Opens the directory for reading alone. It leaves no trace.
    pub(crate) fn for_reading(root: Node) -> Result<Self> {
        let base = Self { root: Arc::new(root), own: OnceLock::new(), writing: None };
        base.own()?;
        Ok(base)
    }

    /// The store's own files, as soon as they are there.
    pub(crate) fn own(&self) -> Result<Option<&Own>> {
        if self.own.get().is_none()
            && let Some(own) = Own::open(&self.root, false)?
        {
            return Ok(Some(self.own.get_or_init(|| own)));
        }
        Ok(self.own.get())
    }

    /// Takes the lock, after undoing what its last holder has left half-done.
    pub(crate) fn hold(&self) -> Result<Option<Held<'_>>> {
        let Some(own) = self.own()? else { return Ok(None) };
        let held = own.hold()?;
        let generation = own.lock.generation()?;
        match &self.writing {
            Some(writing) => {
                recover::recover(&self.root, &own.dir, &writing.journal, &held, generation)?;
            }
            None if !generation.is_multiple_of(2) => {
                let message = "a process died while it changed names; open the store for writing \
                               once, which sets that right";
                return Err(Error::new(ErrorKind::Unavailable, message));
            }
            None => {}
        }
        Ok(Some(held))
    }

    /// Reads one state: tells `read` its generation, and has it read again if that has moved.
    /// The last try keeps others out. It may sleep.
    pub(crate) fn settled<T>(&self, mut read: impl FnMut(u64) -> Result<T>) -> Result<T> {
        for tried in 0..TRIES {
            let before = self.generation()?;
            if before.is_multiple_of(2) {
                let found = read(before);
                if self.generation()? == before {
                    return found;
                }
            }
            thread::sleep(Duration::from_micros(20 << tried));
        }
        let _held = self.hold()?;
        read(self.generation()?)
    }

    fn generation(&self) -> Result<u64> {
        self.own()?.map_or(Ok(0), |own| own.lock.generation())
    }
}
