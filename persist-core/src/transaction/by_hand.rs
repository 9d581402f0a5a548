//! Transactions begun and ended by hand, for front ends that judge and try again themselves.

use std::sync::Arc;

use super::Tx;
use super::attempt::{Attempt, Clash, Outline};
use crate::backend::{Cell, Commit, Direction, KeyRange, Page};
use crate::table::RawTable;
use crate::{Error, Persist, Result};

impl Persist {
    /// A transaction that reads one state, or, if `newest`, with each read the newest one. It is as
    /// safe so, since a commit judges all that it depends on; what it refuses was true at some
    /// moment only if it was read at once.
    pub(crate) fn begin(&self, newest: bool) -> Result<Tx> {
        let attempt = Attempt::new(self.clone(), Arc::clone(self.backend()?));
        if newest {
            attempt.read_newest();
        }
        Ok(Tx(Arc::new(attempt)))
    }

    /// Ends an attempt by committing it; where it clashed, if it did.
    pub(super) async fn end(&self, attempt: &Attempt) -> Result<Option<Clash>> {
        let Outline { batch, clashes } = attempt.finish()?;
        if batch.ops.is_empty() {
            return Ok(None);
        }
        match self.backend()?.commit(batch).await? {
            Commit::Applied => Ok(None),
            Commit::Conflict { which, .. } => {
                clashes.into_iter().nth(which).map(Some).ok_or_else(Error::closed)
            }
        }
    }
}

impl Tx {
    /// Commits what was written; whether nobody was faster.
    pub(crate) async fn commit(&self, persist: &Persist) -> Result<bool> {
        Ok(persist.end(&self.0).await?.is_none())
    }

    /// What keys are bound to, all of one state, with the transaction's own writes upon it; maybe
    /// of fewer keys than were asked for. See [`depend`](Self::depend).
    pub(crate) async fn peek(&self, table: &RawTable, keys: &[Cell]) -> Result<Vec<Option<Cell>>> {
        self.0.peek(table, keys).await
    }

    /// Makes the transaction depend on what was peeked at.
    pub(crate) fn depend(&self, table: &RawTable, key: &Cell, found: Option<&Cell>) -> Result<()> {
        self.0.depend(table, key, found)
    }

    /// A page of a range; `judged` if the transaction shall depend on it.
    pub(crate) async fn rows(
        &self,
        table: &RawTable,
        range: &KeyRange,
        limit: usize,
        judged: bool,
    ) -> Result<Page> {
        if judged {
            return self.0.page(table, range, Direction::Forward, limit).await;
        }
        self.0.peek_page(table, range, limit).await
    }

    /// Binds a key, or unbinds it, when the transaction is committed.
    pub(crate) fn put(&self, table: &RawTable, key: Cell, value: Option<Cell>) -> Result<()> {
        self.0.write(table, key, value)
    }
}
