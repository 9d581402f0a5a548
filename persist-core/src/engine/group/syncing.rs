//! Making groups durable on a thread beside the engine's, which goes on with the next one.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::backend::Commit;
use crate::{Error, ErrorKind, Outcome, Result};

/// Makes durable what an [`Engine`](super::Engine) has committed before the call.
pub type Syncer = Box<dyn FnMut() -> Result<()> + Send>;

/// A group that was committed, and who waits for it.
pub(super) struct Answers {
    pub(super) replies: Vec<oneshot::Sender<Result<Commit>>>,
    pub(super) commits: Vec<Result<Commit>>,
}

/// The thread that syncs, and what it has to do. It ends when all of that is done and this is
/// dropped.
pub(super) struct Syncing {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    syncer: Mutex<Syncer>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    handed: Vec<Answers>,
    /// How many batches were handed over and are not durable.
    unsynced: usize,
    ended: bool,
    /// Why nothing can be made durable any more.
    failure: Option<Error>,
}

impl Answers {
    /// Answers everybody.
    pub(super) fn send(self) {
        for (reply, commit) in self.replies.into_iter().zip(self.commits) {
            // The caller may have gone; the batch was committed all the same.
            let _ = reply.send(commit);
        }
    }

    fn has_written(&self) -> bool {
        self.commits.iter().any(|commit| matches!(commit, Ok(Commit::Applied)))
    }

    /// Answers everybody; those who were not synced that what they wrote may be lost.
    fn settle(mut self, synced: &Result<()>) {
        if let Err(error) = synced {
            for commit in &mut self.commits {
                if matches!(commit, Ok(Commit::Applied)) {
                    *commit = Err(error.duplicate().with_outcome(Outcome::Unknown));
                }
            }
        }
        self.send();
    }
}

impl Syncing {
    pub(super) fn start(name: &str, syncer: Syncer) -> Result<Self> {
        let shared = Arc::new(Shared {
            syncer: Mutex::new(syncer),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let for_thread = Arc::clone(&shared);
        let thread = thread::Builder::new().name(format!("{name}-sync"));
        let thread = thread.spawn(move || for_thread.drive()).map_err(|error| {
            Error::new(ErrorKind::Backend, "cannot start the syncing thread").caused_by(error)
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Answers a group when it is durable: one of two that take turns by the other thread, and one
    /// by itself at once, unless others are before it.
    pub(super) fn finish(&self, group: Answers, in_two: bool) {
        if !group.has_written() {
            return group.send();
        }
        let mut state = self.shared.state.lock();
        if state.failure.is_some() || (state.unsynced == 0 && !in_two) {
            drop(state);
            group.settle(&self.shared.sync());
            return;
        }
        state.unsynced += group.replies.len();
        state.handed.push(group);
        drop(state);
        self.shared.changed.notify_one();
    }

    /// How many batches wait to become durable.
    pub(super) fn unsynced(&self) -> usize {
        self.shared.state.lock().unsynced
    }

    /// Why nothing more is to be committed: it could follow a hole in what is on the disk.
    pub(super) fn failure(&self) -> Option<Error> {
        let state = self.shared.state.lock();
        let failure = state.failure.as_ref().map(Error::duplicate);
        failure.map(|error| error.with_outcome(Outcome::NotApplied))
    }
}

impl Shared {
    fn drive(&self) {
        let _end = End(self);
        while let Some(groups) = self.next() {
            let batches = groups.iter().map(|group| group.replies.len()).sum::<usize>();
            let synced = self.sync();
            // Before they are answered, since then they ask again.
            self.state.lock().unsynced -= batches;
            for group in groups {
                group.settle(&synced);
            }
        }
    }

    /// What was handed over, when there is something.
    fn next(&self) -> Option<Vec<Answers>> {
        let mut state = self.state.lock();
        while state.handed.is_empty() && !state.ended {
            self.changed.wait(&mut state);
        }
        let groups = std::mem::take(&mut state.handed);
        (!groups.is_empty()).then_some(groups)
    }

    /// Makes durable what was committed, unless it has failed before.
    fn sync(&self) -> Result<()> {
        let failed = self.state.lock().failure.as_ref().map(Error::duplicate);
        let synced = failed.map_or_else(|| (self.syncer.lock())(), Err);
        if let Err(error) = &synced {
            self.state.lock().failure.get_or_insert_with(|| error.duplicate());
        }
        synced
    }
}

impl Drop for Syncing {
    fn drop(&mut self) {
        self.shared.state.lock().ended = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // If it has panicked, those who waited were told when it did.
            let _ = thread.join();
        }
    }
}

/// The end of the thread, a panic of the syncer included. Dropping what was handed over tells
/// those who wait for it.
struct End<'s>(&'s Shared);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.handed.clear();
        state.failure.get_or_insert_with(super::abandoned);
    }
}
