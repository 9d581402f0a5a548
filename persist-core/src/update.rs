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

mod pen;

use std::task::Poll;

use futures_util::future::BoxFuture;
use futures_util::poll;

use crate::backend::{Cell, Commit, Expect, Write};
use crate::give_way::give_way;
use crate::table::RawTable;
use crate::{Error, Result};

use pen::{Newest, Value};

pub(crate) use pen::{Pen, Pens};

/// A commit that is ready to be sent.
struct Draft {
    /// What the pen is passed on with.
    kept: Value,
    commit: BoxFuture<'static, Result<Commit>>,
}

impl RawTable {
    /// A share in the pen of `key`.
    pub(crate) fn pen(&self, key: Cell) -> Pen<'_> {
        self.persist().pens().share((self.handle().id(), key))
    }

    /// Applies `step` to what the key of `pen` is bound to, until a commit of the result succeeds.
    /// The pen may be held still after a success or an error, and is not when nothing was written.
    pub(crate) async fn update<T, E: From<Error>>(
        &self,
        pen: &mut Pen<'_>,
        mut step: impl FnMut(Option<Cell>) -> Result<(Option<Cell>, T), E>,
    ) -> Result<T, E> {
        loop {
            // The pen may be free and the store quick each time, so a task that only updates must
            // give way to others of its own accord.
            give_way().await;
            let newest = pen.take().await;
            let chain = newest.chain;
            let (found, queued) = match &newest.value {
                Value::Queued(queued) => (queued.clone(), true),
                Value::Stored => match self.get_now(pen.key()) {
                    Some(found) => (found?, false),
                    None => (self.get_later(pen.key()).await?, false),
                },
            };
            let (result, draft) = self.draw(pen, found, queued, &mut step);
            let Some(Draft { kept, mut commit }) = draft else {
                pen.pass();
                return result;
            };
            // The first poll queues the commit; only then may the next update build upon it.
            let committed = poll!(&mut commit);
            pen.note(committed.is_ready());
            // Passed on now, unless nobody could build upon what is not kept.
            let quiet = matches!(kept, Value::Stored);
            pen.held = Some(Newest { value: kept, chain });
            if !quiet {
                pen.pass();
            }
            let committed = match committed {
                Poll::Ready(committed) => committed,
                Poll::Pending => commit.await,
            };
            let Some((value, failed)) = lost(committed) else { return result };
            // In a box, since it is rare and would take room in every update.
            Box::pin(pen.restart(chain, value)).await;
            if let Some(error) = failed {
                return Err(error.into());
            }
            tracing::debug!(table = self.name(), key = %pen.key(), "update meets another writer");
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
        let mut pen = self.pen(key.clone());
        let chain = pen.take().await.chain;
        loop {
            if let Some(found) = self.get(key).await? {
                return Ok(found);
            }
            let default = make().await?;
            let put = Write::Put(default.clone());
            let applied = self.commit_if(key.clone(), Expect::Absent, put);
            if applied.await? {
                // What was queued before is not what is stored now.
                pen.held = Some(Newest { value: Value::Stored, chain: chain + 1 });
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
