//! The contract on persistent maps behind one lock.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, ready};
use parking_lot::RwLock;
use persist_core::Result;
use persist_core::backend::{
    Backend, Batch, Cell, Changes, Commit, Direction, Hint, KeyRange, Marked, Marking, Page, Read,
    TableHandle, TableInfo, TableSpec,
};
use persist_core::engine::{Hints, Witness, judge};

use crate::state::{State, Writing};

pub(crate) fn open() -> Arc<dyn Backend> {
    Arc::new(Mem(Arc::new(Shared::default())))
}

/// The store. Commits own a share of it, so that they outlive their callers.
#[derive(Debug)]
struct Mem(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: RwLock<State>,
    witness: Arc<Witness>,
    hints: Hints,
}

/// One fixed state; a clone of the maps costs the same whatever they hold.
#[derive(Debug)]
struct Snapshot {
    state: State,
    witness: Arc<Witness>,
}

impl Shared {
    /// The present state, without a lock on it.
    fn now(&self) -> Result<Snapshot> {
        let state = self.state.read().clone();
        state.open()?;
        Ok(Snapshot { state, witness: Arc::clone(&self.witness) })
    }

    fn commit(&self, batch: Batch) -> Result<Commit> {
        let mut state = self.state.write();
        state.check(&batch)?;
        let batch = [batch];
        let commits = judge(&mut Writing { state: &mut state, witness: &self.witness }, &batch)?;
        drop(state);
        let [batch] = batch;
        let commit = commits.into_iter().next().unwrap_or(Commit::Applied);
        if commit == Commit::Applied {
            self.hints.applied(&batch);
        }
        Ok(commit)
    }
}

impl Read for Mem {
    fn get<'a>(
        &'a self,
        table: &'a TableHandle,
        keys: &'a [Cell],
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Vec<Option<Cell>>>>> {
        // Not through a snapshot: a point read is done before a clone pays off.
        let read = self.0.state.read().get(table, keys);
        ready(read.and_then(|found| self.0.witness.keys(table, keys, found, marking))).boxed()
    }

    fn get_now(&self, table: &TableHandle, key: &Cell) -> Option<Result<Option<Cell>>> {
        Some(self.0.state.read().get_one(table, key))
    }

    fn scan<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        direction: Direction,
        limit: usize,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Page>>> {
        let now = self.0.now();
        async move { now?.scan(table, range, direction, limit, marking).await }.boxed()
    }

    fn count<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<u64>>> {
        let now = self.0.now();
        async move { now?.count(table, range, marking).await }.boxed()
    }
}

impl Read for Snapshot {
    fn get<'a>(
        &'a self,
        table: &'a TableHandle,
        keys: &'a [Cell],
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Vec<Option<Cell>>>>> {
        let read = self.state.get(table, keys);
        ready(read.and_then(|found| self.witness.keys(table, keys, found, marking))).boxed()
    }

    fn scan<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        direction: Direction,
        limit: usize,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Page>>> {
        let read = self.state.scan(table, range, direction, limit);
        ready(read.and_then(|page| self.witness.page(table, range, direction, page, marking)))
            .boxed()
    }

    fn count<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<u64>>> {
        let read = self.state.count(table, range);
        ready(read.and_then(|count| self.witness.count(table, range, count, marking))).boxed()
    }
}

impl Backend for Mem {
    fn open_table(&self, spec: TableSpec) -> BoxFuture<'_, Result<TableHandle>> {
        ready(self.0.state.write().open_table(spec)).boxed()
    }

    fn drop_table<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<bool>> {
        let dropped = self.0.state.write().drop_table(name);
        if let Ok(true) = dropped {
            self.0.hints.send(Hint::Table(name.into()));
        }
        ready(dropped).boxed()
    }

    fn tables(&self) -> BoxFuture<'_, Result<Vec<TableInfo>>> {
        ready(self.0.state.read().tables()).boxed()
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Arc<dyn Read>>> {
        ready(self.0.now().map(|now| Arc::new(now) as Arc<dyn Read>)).boxed()
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<Commit>> {
        let shared = Arc::clone(&self.0);
        async move { shared.commit(batch) }.boxed()
    }

    fn changes(&self) -> Changes {
        self.0.hints.listen()
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        *self.0.state.write() = State::closed();
        self.0.hints.end();
        ready(Ok(())).boxed()
    }
}
