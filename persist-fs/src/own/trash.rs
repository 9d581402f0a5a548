//! Takes away what is removed, on a thread of its own and in small steps, so that a removal costs
//! the same whatever is below it and nobody waits.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use persist_core::{Error, ErrorKind, Result};
use rustix::fs::{self, AtFlags};
use rustix::io;

use super::unlink;
use crate::node::{Meta, Name, Node, Sort, freeable};

/// How often a file that is younger than a tick of the clock is looked at again. A tick has at most
/// 10 ms; a clock that was put back is not waited for.
const LOOKS: usize = 50;

#[derive(Debug)]
pub(super) struct Trash {
    /// The session.
    dir: Arc<Node>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Name>,
    /// What is being taken away.
    current: Option<Name>,
    /// What could not be taken away: somebody forbids it. It is tried again when asked to.
    stuck: Vec<Name>,
    next: u64,
    ending: Option<End>,
}

struct End(Box<dyn FnOnce() -> io::Result<()> + Send>);

impl std::fmt::Debug for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("End")
    }
}

impl Trash {
    pub(super) fn start(dir: Arc<Node>) -> Result<Arc<Self>> {
        let (state, changed) = (Mutex::default(), Condvar::new());
        let trash = Arc::new(Self { dir, state, changed });
        let its = Arc::clone(&trash);
        let thread = thread::Builder::new().name("persist-fs trash".into());
        thread.spawn(move || its.run()).map_err(|error| {
            Error::new(ErrorKind::Unavailable, "no thread could be started").caused_by(error)
        })?;
        Ok(trash)
    }

    pub(super) fn push(&self, name: Name) {
        self.state.lock().waiting.push_back(name);
        self.changed.notify_all();
    }

    /// Waits until all is gone that can be.
    pub(super) fn empty(&self) {
        let mut state = self.state.lock();
        let stuck = std::mem::take(&mut state.stuck);
        state.waiting.extend(stuck);
        self.changed.notify_all();
        while !(state.waiting.is_empty() && state.current.is_none()) {
            self.changed.wait(&mut state);
        }
    }

    pub(super) fn names(&self) -> BTreeSet<Name> {
        let state = self.state.lock();
        let names = state.waiting.iter().chain(&state.current).chain(&state.stuck);
        names.cloned().collect()
    }

    /// Ends the thread when nothing waits any more, with a last act.
    pub(super) fn end(&self, last: impl FnOnce() -> io::Result<()> + Send + 'static) {
        self.state.lock().ending = Some(End(Box::new(last)));
        self.changed.notify_all();
    }

    fn run(&self) {
        loop {
            let mut state = self.state.lock();
            let name = loop {
                if let Some(name) = state.waiting.pop_front() {
                    break name;
                }
                if let Some(End(last)) = state.ending.take() {
                    drop(state);
                    if let Err(errno) = last() {
                        tracing::debug!(%errno, "a session leaves something to the next one");
                    }
                    return;
                }
                self.changed.wait(&mut state);
            };
            state.current = Some(name.clone());
            drop(state);
            let taken = self.take_away(&name);
            let mut state = self.state.lock();
            state.current = None;
            if let Err(errno) = taken {
                tracing::warn!(%errno, "something that was removed cannot be taken away");
                state.stuck.push(name);
            }
            drop(state);
            self.changed.notify_all();
        }
    }

    /// Takes away a file or a directory. What is a directory inside comes up to the session first,
    /// to have its turn: so no depth needs more than two handles.
    fn take_away(&self, name: &[u8]) -> io::Result<()> {
        let Some(node) = self.dir.child(name)? else { return Ok(()) };
        if node.meta.sort != Sort::Dir {
            return free(&self.dir, name, &node.meta, AtFlags::empty());
        }
        for below in node.names()? {
            let Some(meta) = Meta::at(&node, &below)? else { continue };
            if meta.sort == Sort::Dir {
                let to = self.fresh();
                fs::renameat(&node, &below, &self.dir, &to)?;
                self.state.lock().waiting.push_back(to);
            } else {
                free(&node, &below, &meta, AtFlags::empty())?;
            }
        }
        free(&self.dir, name, &node.meta, AtFlags::REMOVEDIR)
    }

    fn fresh(&self) -> Name {
        let mut state = self.state.lock();
        state.next += 1;
        format!("below-{}", state.next).into_bytes()
    }
}

/// Unlinks a file, when its number can be used again.
fn free(dir: &Node, name: &[u8], meta: &Meta, flags: AtFlags) -> io::Result<()> {
    for _ in 0..LOOKS {
        if freeable(meta) {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    unlink(dir, name, flags)
}
