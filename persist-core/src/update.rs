//! How updates of one key take turns within a process and meet those of other processes.
//!
//! Each key that is being updated has a pen. Who holds it applies its function to the newest
//! value, which may be one that is queued but not yet committed, sends its commit (which expects
//! exactly the value that it started from) and passes the pen on before the commit has ended. So
//! a chain of updates reaches the engine's next group together and shares its sync. If the value
//! in the store turns out to be another one, the whole chain conflicts, and each member tries
//! again on what was found. A decision that was made on a queued value is checked the same way.

use std::task::Poll;

use futures_util::poll;

use crate::backend::{Cell, Commit, Expect, Write};
use crate::keyed::{Keyed, Share};
use crate::table::RawTable;
use crate::{Error, Result};

/// The pens of the keys that are being updated.
pub(crate) type Pens = Keyed<Newest>;

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

impl RawTable {
    /// Applies `step` to what `key` is bound to, until a commit of the result succeeds.
    pub(crate) async fn update<T, E: From<Error>>(
        &self,
        key: &Cell,
        mut step: impl FnMut(Option<Cell>) -> Result<(Option<Cell>, T), E>,
    ) -> Result<T, E> {
        let pen = self.persist().pens().share((self.handle().id(), key.clone()));
        loop {
            let mut newest = pen.lock().await;
            let (found, queued) = match &newest.value {
                Value::Queued(queued) => (queued.clone(), true),
                Value::Stored => (self.get(key).await?, false),
            };
            let (new, result) = match step(found.clone()) {
                Ok((new, result)) => (Some(new), Ok(result)),
                Err(error) => (None, Err(error)),
            };
            let (new, write) = match new {
                Some(new) if new != found => (new.clone(), Write::binding(new)),
                // Nothing to write: if this was decided on a stored value, it stands.
                _ if !queued => return result,
                _ => (found.clone(), Write::Nothing),
            };
            let mut commit = self.commit(key.clone(), Expect::found(found), write);
            // The first poll queues the commit; only then may the next update build upon it.
            let committed = poll!(&mut commit);
            let chain = newest.chain;
            newest.value = Value::Queued(new);
            drop(newest);
            let committed = match committed {
                Poll::Ready(committed) => committed,
                Poll::Pending => commit.await,
            };
            match committed {
                Ok(Commit::Applied) => return result,
                Ok(Commit::Conflict { found, .. }) => {
                    tracing::debug!(table = self.name(), %key, "update meets another writer");
                    restart(&pen, chain, Value::Queued(found)).await;
                }
                Err(error) => {
                    restart(&pen, chain, Value::Stored).await;
                    return Err(error.into());
                }
            }
        }
    }
}

impl RawTable {
    /// Binds `key` to what `make` makes, unless it has a value; what it is bound to then. In
    /// this process, `make` runs for one task at a time.
    pub(crate) async fn settle<F>(&self, key: &Cell, make: impl Fn() -> F) -> Result<Cell>
    where
        F: Future<Output = Result<Cell>>,
    {
        let pen = self.persist().pens().share((self.handle().id(), key.clone()));
        let mut newest = pen.lock().await;
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

/// Ends a chain, unless a member of it has done so already.
async fn restart(pen: &Share<'_, Newest>, chain: u64, value: Value) {
    let mut newest = pen.lock().await;
    if newest.chain == chain {
        *newest = Newest { value, chain: chain + 1 };
    }
}
