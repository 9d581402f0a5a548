//! One inotify instance, read by a thread.

use std::collections::BTreeSet;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread;

use parking_lot::Mutex;
use persist_core::kv::KeyPath;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::{Errno, Result};
use tokio::sync::Notify;

use crate::node::{Name, Node, Sort};
use crate::own;

/// The number that the system gave to a watch.
type Watch = i32;

#[derive(Debug)]
pub(super) struct Inotify {
    state: Arc<State>,
    /// Of the root; always there, and removed to wake the thread for its end.
    root: Watch,
}

#[derive(Debug)]
struct State {
    fd: OwnedFd,
    listeners: Mutex<Vec<Listener>>,
    ended: AtomicBool,
}

#[derive(Debug)]
struct Listener {
    /// Gone when nobody listens any more.
    wake: Weak<Notify>,
    /// What it wants to know of: one name in a directory, or all.
    wants: Vec<(Watch, Option<Name>)>,
}

impl Inotify {
    pub(super) fn start(root: &Node) -> Result<Arc<Self>> {
        let fd = inotify::init(CreateFlags::CLOEXEC)?;
        let root = watch(&fd, root)?;
        let (listeners, ended) = (Mutex::default(), AtomicBool::new(false));
        let state = Arc::new(State { fd, listeners, ended });
        let its = Arc::clone(&state);
        let thread = thread::Builder::new().name("persist-fs watch".into());
        thread.spawn(move || its.run()).map_err(|_| Errno::AGAIN)?;
        Ok(Arc::new(Self { state, root }))
    }

    /// Has `wake` be told of what happens at a key, at the keys above it and right below it. A
    /// directory is watched before the next name is looked up in it, so nothing is missed.
    pub(super) fn set(&self, root: &Arc<Node>, key: &KeyPath, wake: &Arc<Notify>) -> Result<()> {
        let mut listeners = self.state.listeners.lock();
        let (mut wants, mut dir) = (Vec::new(), Some(Arc::clone(root)));
        let mut failed = None;
        for segment in key.segments().map(str::as_bytes).map(Some).chain([None]) {
            let Some(here) = dir.take() else { break };
            match watch(&self.state.fd, &here) {
                Ok(watch) => wants.push((watch, segment.map(<[u8]>::to_vec))),
                // It went away, of which the directory above tells.
                Err(Errno::NOENT | Errno::NOTDIR) => break,
                Err(errno) => {
                    failed = Some(errno);
                    break;
                }
            }
            let below = segment.map_or(Ok(None), |segment| here.child(segment))?;
            dir = below.filter(|below| below.meta.sort == Sort::Dir).map(Arc::new);
        }
        let before = used(&listeners);
        listeners
            .retain(|listener| listener.wake.upgrade().is_some_and(|it| !Arc::ptr_eq(&it, wake)));
        listeners.push(Listener { wake: Arc::downgrade(wake), wants });
        let now = used(&listeners);
        for unused in before.difference(&now).filter(|watch| **watch != self.root) {
            // It may have gone with its directory.
            let _ = inotify::remove_watch(&self.state.fd, *unused);
        }
        failed.map_or(Ok(()), Err)
    }
}

impl Drop for Inotify {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        // That is an event.
        let _ = inotify::remove_watch(&self.state.fd, self.root);
    }
}

impl State {
    fn run(&self) {
        let mut buffer = [MaybeUninit::uninit(); 16 << 10];
        let mut events = Reader::new(self.fd.as_fd(), &mut buffer);
        while !self.ended.load(Ordering::SeqCst) {
            match events.next() {
                Ok(event) => {
                    let all = event.events().contains(ReadFlags::QUEUE_OVERFLOW);
                    let name = event.file_name().map(std::ffi::CStr::to_bytes);
                    self.tell(event.wd(), name, all);
                }
                Err(Errno::INTR) => {}
                Err(errno) => {
                    tracing::error!(%errno, "watches of a store have ended");
                    return;
                }
            }
        }
    }

    fn tell(&self, watch: Watch, name: Option<&[u8]>, all: bool) {
        for listener in &*self.listeners.lock() {
            let wanted = listener.wants.iter().any(|(of, segment)| {
                *of == watch
                    && match (segment, name) {
                        (Some(segment), Some(name)) => segment == name,
                        (None, Some(name)) => name != own::NAME,
                        (_, None) => true,
                    }
            });
            if (all || wanted)
                && let Some(wake) = listener.wake.upgrade()
            {
                wake.notify_one();
            }
        }
    }
}

/// Watches the directory that is held, whatever its names are.
fn watch(fd: &OwnedFd, dir: &Node) -> Result<Watch> {
    let path = format!("/proc/self/fd/{}", dir.as_fd().as_raw_fd());
    let flags = WatchFlags::CREATE
        | WatchFlags::DELETE
        | WatchFlags::MOVE
        | WatchFlags::MODIFY
        | WatchFlags::ATTRIB
        | WatchFlags::DELETE_SELF
        | WatchFlags::MOVE_SELF
        | WatchFlags::ONLYDIR;
    inotify::add_watch(fd, path, flags)
}

fn used(listeners: &[Listener]) -> BTreeSet<Watch> {
    listeners.iter().flat_map(|listener| listener.wants.iter().map(|(watch, _)| *watch)).collect()
}
