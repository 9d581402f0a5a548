//! A table of cells: what every typed operation comes down to.

use futures_util::future::{BoxFuture, FutureExt, ready};

use crate::backend::{
    Backend, Batch, Cell, Commit, Expect, KeyRange, Marking, Op, TableHandle, Write,
};
use crate::give_way::give_way;
use crate::{Error, Persist, Result};

#[derive(Debug)]
pub(crate) struct RawTable {
    persist: Persist,
    handle: TableHandle,
}

impl RawTable {
    pub(crate) fn new(persist: Persist, handle: TableHandle) -> Self {
        Self { persist, handle }
    }

    pub(crate) fn name(&self) -> &str {
        self.handle.name()
    }

    pub(crate) fn handle(&self) -> &TableHandle {
        &self.handle
    }

    pub(crate) fn persist(&self) -> &Persist {
        &self.persist
    }

    pub(crate) fn backend(&self) -> Result<&dyn Backend> {
        self.persist.backend().map(|backend| &**backend)
    }

    pub(crate) async fn get(&self, key: &Cell) -> Result<Option<Cell>> {
        // Reads of an embedded engine are always ready, so a task that only reads must give way
        // to others of its own accord.
        give_way().await;
        match self.get_now(key) {
            Some(found) => found,
            None => self.get_later(key).await,
        }
    }

    /// What `key` is bound to, if the engine can tell at once. The caller gives way to others.
    pub(crate) fn get_now(&self, key: &Cell) -> Option<Result<Option<Cell>>> {
        match self.backend() {
            Ok(backend) => backend.get_now(&self.handle, key),
            Err(error) => Some(Err(error)),
        }
    }

    /// What `key` is bound to, from an engine that could not tell at once.
    pub(crate) async fn get_later(&self, key: &Cell) -> Result<Option<Cell>> {
        let read = self.backend()?.get(&self.handle, std::slice::from_ref(key), Marking::Skip);
        Ok(read.await?.value.pop().flatten())
    }

    /// What `keys` are bound to, in their order, in as few reads as the byte budget allows.
    pub(crate) async fn get_many(&self, keys: &[Cell]) -> Result<Vec<Option<Cell>>> {
        let mut found = Vec::with_capacity(keys.len());
        while let Some(missing) = keys.get(found.len()..).filter(|missing| !missing.is_empty()) {
            give_way().await;
            let read = self.backend()?.get(&self.handle, missing, Marking::Skip).await?;
            found.extend(read.value);
        }
        Ok(found)
    }

    /// Commits one operation on one key. Sent to the backend at the first poll.
    pub(crate) fn commit(
        &self,
        key: Cell,
        expect: Expect,
        write: Write,
    ) -> BoxFuture<'static, Result<Commit>> {
        match self.backend() {
            Ok(backend) => backend.commit(Batch::one(self.handle.clone(), key, expect, write)),
            Err(error) => ready(Err(error)).boxed(),
        }
    }

    /// As [`commit`](Self::commit), for an expectation whose failure is an answer: whether the
    /// write was made.
    pub(crate) async fn commit_if(&self, key: Cell, expect: Expect, write: Write) -> Result<bool> {
        Ok(self.commit(key, expect, write).await? == Commit::Applied)
    }

    pub(crate) async fn delete_range(&self, range: KeyRange) -> Result<()> {
        let op = Op::DeleteRange { table: self.handle.clone(), range };
        self.backend()?.commit(Batch { ops: vec![op] }).await.map(drop)
    }

    /// Says in an error what was being done to which table.
    pub(crate) fn blame(&self, operation: &'static str, error: Error) -> Error {
        error.during(operation).table(self.name())
    }

    /// Says in an error what was being done to which key.
    pub(crate) fn blame_key(&self, operation: &'static str, key: &Cell, error: Error) -> Error {
        self.blame(operation, error).key(key)
    }
}
