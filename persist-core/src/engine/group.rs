//! Group commit: one thread owns the writing side of an engine, and commits that wait together
//! share one transaction and one sync.

mod jobs;
mod pace;
mod syncing;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use parking_lot::{Condvar, Mutex};
use tokio::sync::{oneshot, watch};

use crate::backend::{Batch, Commit};
use crate::{Error, ErrorKind, Outcome, Result};
use jobs::{Job, Next, State};
use pace::Pace;
use syncing::{Answers, Syncing};

pub use syncing::Syncer;

/// A group is cut when it has this many batches, or when its batches weigh the byte budget.
const MAX_GROUP: usize = 1024;

/// How long the engine may go without housekeeping after a write on a caller's thread.
const UNATTENDED: Duration = Duration::from_millis(20);

/// How long the thread stays awake for a next batch before it sleeps. A lone task that writes
/// again and again then pays for one wake-up a write instead of two.
const LINGER: Duration = Duration::from_micros(50);

/// The writing side of an engine, as [`GroupCommit`] drives it from its thread.
pub trait Engine: Send + 'static {
    /// Applies batches in one transaction of the engine, each judged in turn; answers each, in
    /// order, when all is durable, unless that is left to a [`syncer`](Self::syncer). A conflict
    /// or a failure that is one batch's own does not reach its neighbours; a failure of the engine
    /// reaches all, with its true outcome.
    fn commit(&mut self, group: &[Batch]) -> Vec<Result<Commit>>;

    /// Applies one batch on the caller's thread, if that takes microseconds and cannot sleep: not
    /// in a sync, and not for somebody else. `None` if nothing was done, and the batch is to wait
    /// for [`commit`](Self::commit). It is asked only while nothing waits, so a lone task that
    /// writes without syncs is spared two changes of threads.
    fn commit_now(&mut self, batch: &Batch) -> Option<Result<Commit>> {
        let _ = batch;
        None
    }

    /// What makes durable that which was committed, if [`commit`](Self::commit) leaves it to that;
    /// asked for once, before anything is committed.
    ///
    /// A group is answered when a call that began after its commit has succeeded. The call is
    /// made on a thread of its own while the engine commits the next group, or on the engine's
    /// thread. When one has failed, nothing more is committed: it could follow a hole. What
    /// [`GroupCommit::call`] and `commit_now` do is not waited for.
    ///
    /// # Errors
    /// What the engine reports.
    fn syncer(&mut self) -> Result<Option<Syncer>> {
        Ok(None)
    }

    /// Called when nothing waits, and after every group: a place for housekeeping. Returns when
    /// it wants to be called again at the latest, if nothing happens until then.
    fn housekeeping(&mut self) -> Option<Duration> {
        None
    }
}

/// A handle to the thread that owns an [`Engine`]. The thread ends, and drops the engine, when
/// all that was queued is done and the handle is closed or dropped.
pub struct GroupCommit<E> {
    queue: Arc<Queue<E>>,
    /// Closed when the thread has ended.
    alive: watch::Receiver<()>,
}

struct Queue<E> {
    state: Mutex<State<E>>,
    arrived: Condvar,
    /// The number of jobs, for a look without the lock.
    waiting: AtomicUsize,
    /// Locked by the thread before it takes jobs from the queue, so that whoever finds the queue
    /// empty and gets the lock overtakes nobody.
    owned: Mutex<Owned<E>>,
}

struct Owned<E> {
    /// Taken away when the thread ends.
    engine: Option<E>,
    /// Whether callers' threads have written since the last housekeeping.
    written: bool,
    /// Whether the next housekeeping is not far.
    attentive: bool,
}

impl<E: Engine> GroupCommit<E> {
    /// Starts the thread, named `name`, that owns `engine` from now on.
    ///
    /// # Errors
    /// `Backend` if the system cannot start a thread, and what the engine reports.
    pub fn start(name: &str, mut engine: E) -> Result<Self> {
        let syncing = engine.syncer()?.map(|syncer| Syncing::start(name, syncer)).transpose()?;
        let queue = Arc::new(Queue {
            state: Mutex::new(State { jobs: VecDeque::new(), open: true, woken: false }),
            arrived: Condvar::new(),
            waiting: AtomicUsize::new(0),
            owned: Mutex::new(Owned { engine: Some(engine), written: false, attentive: false }),
        });
        let for_thread = Arc::clone(&queue);
        let (running, alive) = watch::channel(());
        let run = move || {
            for_thread.drive(syncing);
            drop(running);
        };
        thread::Builder::new().name(name.to_owned()).spawn(run).map_err(|error| {
            Error::new(ErrorKind::Backend, "cannot start the writing thread").caused_by(error)
        })?;
        Ok(Self { queue, alive })
    }

    /// Queues a batch at the first poll; from then on it is committed whether or not the future
    /// is polled again.
    pub fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<Commit>> {
        let queue = Arc::clone(&self.queue);
        Box::pin(async move {
            if let Some(done) = queue.commit_now(&batch) {
                return done;
            }
            let (reply, answer) = oneshot::channel();
            queue.push(Job::Commit { batch, reply })?;
            answer.await.unwrap_or_else(|_| Err(abandoned()))
        })
    }

    /// Runs `call` on the thread, between two groups and after what was queued before it. It
    /// runs whether or not the future is polled again.
    pub fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut E) -> Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        let queue = Arc::clone(&self.queue);
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            let call = Job::Call(Box::new(move |engine: &mut E| {
                // The caller may have gone; the call was made all the same.
                let _ = reply.send(call(engine));
            }));
            queue.push(call)?;
            answer.await.unwrap_or_else(|_| Err(abandoned()))
        })
    }

    /// Refuses further work, and ends when what is queued has been done and the engine dropped.
    pub fn close(&self) -> BoxFuture<'static, ()> {
        self.queue.close();
        let mut alive = self.alive.clone();
        Box::pin(async move { while alive.changed().await.is_ok() {} })
    }

    /// Wakes the thread, so that it does its housekeeping now.
    pub fn wake(&self) {
        self.queue.wake();
    }
}

impl<E: Engine> Queue<E> {
    fn push(&self, job: Job<E>) -> Result<()> {
        let mut state = self.state.lock();
        if !state.open {
            return Err(Error::closed());
        }
        state.jobs.push_back(job);
        self.waiting.store(state.jobs.len(), Ordering::Release);
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    fn commit_now(&self, batch: &Batch) -> Option<Result<Commit>> {
        if self.waiting() > 0 {
            return None;
        }
        let mut owned = self.owned.try_lock()?;
        // Between the look and the lock, somebody may have come.
        if self.waiting() > 0 || !self.state.lock().open {
            return None;
        }
        let engine = owned.engine.as_mut()?;
        let panic = CloseOnPanic(self);
        let done = engine.commit_now(batch);
        std::mem::forget(panic);
        done.as_ref()?;
        owned.written = true;
        let attentive = std::mem::replace(&mut owned.attentive, true);
        drop(owned);
        if !attentive {
            self.wake();
        }
        done
    }

    fn drive(&self, syncing: Option<Syncing>) {
        let _end = End(self);
        // Dropped before the end, so that everybody is answered before the engine goes.
        let syncing = syncing;
        let (mut again, mut pace) = (Some(Duration::ZERO), Pace::new(syncing.is_some()));
        loop {
            self.wait(again);
            pace.gather(|| self.waiting());
            let mut owned = self.owned.lock();
            let Some(engine) = &mut owned.engine else { return };
            match self.take(pace.most()) {
                Next::Group(batches, replies) => {
                    let (begin, size) = (Instant::now(), batches.len());
                    let failure = syncing.as_ref().and_then(Syncing::failure);
                    let commits = match failure {
                        None => engine.commit(&batches),
                        Some(error) => batches.iter().map(|_| Err(error.duplicate())).collect(),
                    };
                    // Before anybody is answered, since then they ask again.
                    let others = syncing.as_ref().map_or(0, Syncing::unsynced) + self.waiting();
                    let group = Answers { replies, commits };
                    match &syncing {
                        Some(syncing) => syncing.finish(group, pace.in_two()),
                        None => group.send(),
                    }
                    pace.committed(size, begin.elapsed(), others);
                }
                Next::Call(call) => call(engine),
                Next::Idle => {}
                Next::End => return,
            }
            again = engine.housekeeping();
            owned.attentive = std::mem::take(&mut owned.written);
            if owned.attentive {
                again = Some(again.map_or(UNATTENDED, |again| again.min(UNATTENDED)));
            }
        }
    }

    /// Waits for something to do, until `again` has passed.
    fn wait(&self, again: Option<Duration>) {
        self.linger();
        let mut state = self.state.lock();
        // Set between the last housekeeping and now, it would otherwise be slept through.
        let woken = std::mem::take(&mut state.woken);
        if state.jobs.is_empty() && state.open && !woken {
            match again {
                Some(after) => drop(self.arrived.wait_for(&mut state, after)),
                None => self.arrived.wait(&mut state),
            }
        }
    }

    /// Takes what is to be done next, of batches so many at most.
    fn take(&self, most: usize) -> Next<E> {
        let mut state = self.state.lock();
        let next = state.take(most);
        self.waiting.store(state.jobs.len(), Ordering::Release);
        next
    }

    fn wake(&self) {
        self.state.lock().woken = true;
        self.arrived.notify_all();
    }

    fn linger(&self) {
        let begin = Instant::now();
        while self.waiting() == 0 && begin.elapsed() < LINGER {
            thread::yield_now();
        }
    }
}

impl<E> Queue<E> {
    /// How many jobs wait, by a look without the lock.
    fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Acquire)
    }

    fn close(&self) {
        self.state.lock().open = false;
        self.arrived.notify_all();
    }
}

/// Refuses further work when the engine panics on a caller's thread: nobody knows then in which
/// state it is. The thread that owns it ends then.
struct CloseOnPanic<'q, E>(&'q Queue<E>);

impl<E> Drop for CloseOnPanic<'_, E> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The end of the thread, a panic of the engine included. Dropping the jobs tells those who wait
/// for them.
struct End<'q, E>(&'q Queue<E>);

impl<E> Drop for End<'_, E> {
    fn drop(&mut self) {
        self.0.close();
        self.0.state.lock().jobs.clear();
        self.0.owned.lock().engine = None;
    }
}

impl<E> Drop for GroupCommit<E> {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl<E> fmt::Debug for GroupCommit<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupCommit").finish_non_exhaustive()
    }
}

fn abandoned() -> Error {
    Error::new(
        ErrorKind::Backend,
        "the storage engine failed while the write was under way; open the store again",
    )
    .with_outcome(Outcome::Unknown)
}

#[cfg(test)]
mod tests;
