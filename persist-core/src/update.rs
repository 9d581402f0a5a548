//! How updates of one key take turns within a process and meet those of other processes.
//!
//! Each key that is being updated has a pen. Who holds it applies its function to the newest
//! value, which may be one that is queued but not yet committed, sends its commit (which expects
//! exactly the value that it started from) and passes the pen on before the commit has ended. So
//! a chain of updates reaches the engine's next group together and shares its sync. If the value
//! in the store turns out to be another one, the whole chain conflicts, and each member tries
//! again on what was found. A decision that was made on a queued value is checked the same way.
//!
//! Where commits end as soon as they are sent and nobody else has a share in the pen, nothing is
//! kept for a next update: it finds the value in the store. Should such a commit have to wait
//! after all, the pen is passed on when it has ended, and not before.

use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use futures_util::future::BoxFuture;
use futures_util::poll;
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::coop::consume_budget;

use crate::backend::{Cell, Commit, Expect, Write};
use crate::keyed::{Keyed, Share};
use crate::table::RawTable;
use crate::{Error, Result};

/// The pens of the keys that are being updated.
#[derive(Default)]
pub(crate) struct Pens {
    pens: Keyed<Mutex<Newest>>,
    /// Whether the last commit had ended when it was sent. A guess about the next one.
    prompt: AtomicBool,
}

/// A share in the pen of a key.
pub(crate) struct Pen<'p> {
    share: Share<'p, Mutex<Newest>>,
    prompt: &'p AtomicBool,
}

/// The newest value of a key, while it is being updated.
#[derive(Default)]
pub(crate) struct Newest {
    value: Value,
    /// Raised with each conflict, so that a conflict of a chain is handled once.
    chain: u64,
}

#[derive(Default)]
enum Value {
    /// Nothing is known, the store has to be asked.
    #[default]
    Stored,
    /// What the last update in the queue leaves, or was found to be there.
    Queued(Option<Cell>),
}

/// A commit that is ready to be sent.
struct Draft {
    /// What the pen is passed on with.
    kept: Value,
    commit: BoxFuture<'static, Result<Commit>>,
}

impl Pen<'_> {
    /// What it is the pen of.
    pub(crate) fn key(&self) -> &Cell {
        self.share.key()
    }

    /// Waits for the pen; who came first gets it first.
    async fn take(&self) -> MutexGuard<'_, Newest> {
        match self.share.try_lock() {
            Ok(newest) => newest,
            // In a box: who waits can pay for it, and it would take room in every update.
            Err(_) => Box::pin(self.share.lock()).await,
        }
    }

    /// What the pen is to be passed on with after a commit that leaves `value`: that, unless nobody
    /// is likely to ask for it before the commit has ended.
    fn keep(&self, value: Option<&Cell>) -> Value {
        if self.prompt.load(Ordering::Relaxed) && !self.share.is_shared() {
            Value::Stored
        } else {
            Value::Queued(value.cloned())
        }
    }

    /// Notes whether a commit had ended when it was sent.
    fn note(&self, prompt: bool) {
        // Looked at first, since all updates share the flag and it hardly ever changes.
        if self.prompt.load(Ordering::Relaxed) != prompt {
            self.prompt.store(prompt, Ordering::Relaxed);
        }
    }

    /// Ends a chain, unless a member of it has done so already.
    async fn restart(&self, chain: u64, value: Value) {
        let mut newest = self.take().await;
        if newest.chain == chain {
            *newest = Newest { value, chain: chain + 1 };
        }
    }
}

impl RawTable {
    /// A share in the pen of `key`.
    pub(crate) fn pen(&self, key: Cell) -> Pen<'_> {
        let Pens { pens, prompt } = self.persist().pens();
        Pen { share: pens.share((self.handle().id(), key)), prompt }
    }

    /// Applies `step` to what the key of `pen` is bound to, until a commit of the result succeeds.
    pub(crate) async fn update<T, E: From<Error>>(
        &self,
        pen: &Pen<'_>,
        mut step: impl FnMut(Option<Cell>) -> Result<(Option<Cell>, T), E>,
    ) -> Result<T, E> {
        let key = pen.key();
        loop {
            // The pen may be free and the store quick each time, so a task that only updates must
            // give way to others of its own accord.
            consume_budget().await;
            let mut newest = pen.take().await;
            let (found, queued) = match &newest.value {
                Value::Queued(queued) => (queued.clone(), true),
                Value::Stored => match self.get_now(key) {
                    Some(found) => (found?, false),
                    None => (self.get_later(key).await?, false),
                },
            };
            let chain = newest.chain;
            let (result, draft) = self.draw(pen, found, queued, &mut step);
            let Some(Draft { kept, mut commit }) = draft else { return result };
            let quiet = matches!(kept, Value::Stored);
            // The first poll queues the commit; only then may the next update build upon it.
            let committed = poll!(&mut commit);
            newest.value = kept;
            pen.note(committed.is_ready());
            // Passed on now, unless nobody could build upon what is not kept.
            let held = quiet.then_some(newest);
            let committed = match committed {
                Poll::Ready(committed) => committed,
                Poll::Pending => commit.await,
            };
            drop(held);
            let Some((value, failed)) = lost(committed) else { return result };
            // In a box, since it is rare and would take room in every update.
            Box::pin(pen.restart(chain, value)).await;
            if let Some(error) = failed {
                return Err(error.into());
            }
            tracing::debug!(table = self.name(), %key, "update meets another writer");
        }
    }

    /// What `step` makes of what was found: its result, and what is to be committed, if anything.
    // Not a part of the future, in which its cells would take room while it waits.
    fn draw<T, E: From<Error>>(
        &self,
        pen: &Pen<'_>,
        found: Option<Cell>,
        queued: bool,
        step: &mut impl FnMut(Option<Cell>) -> Result<(Option<Cell>, T), E>,
    ) -> (Result<T, E>, Option<Draft>) {
        let (new, result) = match step(found.clone()) {
            Ok((new, result)) => (Some(new), Ok(result)),
            Err(error) => (None, Err(error)),
        };
        let (kept, write) = match new {
            Some(new) if new != found => (pen.keep(new.as_ref()), Write::binding(new)),
            // Nothing to write: if this was decided on a stored value, it stands.
            _ if !queued => return (result, None),
            _ => (pen.keep(found.as_ref()), Write::Nothing),
        };
        let commit = self.commit(pen.key().clone(), Expect::found(found), write);
        (result, Some(Draft { kept, commit }))
    }

    /// Binds `key` to what `make` makes, unless it has a value; what it is bound to then. In
    /// this process, `make` runs for one task at a time.
    pub(crate) async fn settle<F>(&self, key: &Cell, make: impl Fn() -> F) -> Result<Cell>
    where
        F: Future<Output = Result<Cell>>,
    {
        let pen = self.pen(key.clone());
        let mut newest = pen.take().await;
        loop {
            if let Some(found) = self.get(key).await? {
                return Ok(found);
            }
            let default = make().await?;
            let put = Write::Put(default.clone());
            let applied = self.commit_if(key.clone(), Expect::Absent, put);
            if applied.await? {
                // What was queued before is not what is stored now.
                *newest = Newest { value: Value::Stored, chain: newest.chain + 1 };
                return Ok(default);
            }
        }
    }
}

/// What is known of a value after a commit that was not applied, and why it was not, unless by
/// another value.
fn lost(committed: Result<Commit>) -> Option<(Value, Option<Error>)> {
    match committed {
        Ok(Commit::Applied) => None,
        Ok(Commit::Conflict { found, .. }) => Some((Value::Queued(found), None)),
        Err(error) => Some((Value::Stored, Some(error))),
    }
}
