//! A backend over a good one, with one fault.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use persist_core::Result;
use persist_core::backend::{
    Backend, Batch, Cell, Changes, Commit, Direction, KeyRange, Marked, Marking, Page, Read,
    TableHandle, TableInfo, TableSpec,
};

type Inner = Arc<dyn Backend>;

/// What a fault may get wrong; everything else goes to the good backend.
pub(crate) trait Fault: Send + Sync + 'static {
    fn get<'a>(
        &'a self,
        inner: &'a Inner,
        table: &'a TableHandle,
        keys: &'a [Cell],
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Vec<Option<Cell>>>>> {
        inner.get(table, keys, marking)
    }

    fn scan<'a>(
        &'a self,
        inner: &'a Inner,
        table: &'a TableHandle,
        range: &'a KeyRange,
        direction: Direction,
        limit: usize,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Page>>> {
        inner.scan(table, range, direction, limit, marking)
    }

    fn count<'a>(
        &'a self,
        inner: &'a Inner,
        table: &'a TableHandle,
        range: &'a KeyRange,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<u64>>> {
        inner.count(table, range, marking)
    }

    fn open_table<'a>(
        &'a self,
        inner: &'a Inner,
        spec: TableSpec,
    ) -> BoxFuture<'a, Result<TableHandle>> {
        inner.open_table(spec)
    }

    fn snapshot<'a>(&'a self, inner: &'a Inner) -> BoxFuture<'a, Result<Arc<dyn Read>>> {
        inner.snapshot()
    }

    fn commit(&self, inner: &Inner, batch: Batch) -> BoxFuture<'static, Result<Commit>> {
        inner.commit(batch)
    }

    fn changes(&self, inner: &Inner) -> Changes {
        inner.changes()
    }

    fn close<'a>(&'a self, inner: &'a Inner) -> BoxFuture<'a, Result<()>> {
        inner.close()
    }
}

/// The good backend with the fault before it.
pub(crate) fn broken(inner: Inner, fault: impl Fault) -> Inner {
    Arc::new(Broken { inner, fault })
}

struct Broken<F> {
    inner: Inner,
    fault: F,
}

impl<F> fmt::Debug for Broken<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Broken").field(&self.inner).finish()
    }
}

impl<F: Fault> Read for Broken<F> {
    fn get<'a>(
        &'a self,
        table: &'a TableHandle,
        keys: &'a [Cell],
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Vec<Option<Cell>>>>> {
        self.fault.get(&self.inner, table, keys, marking)
    }

    fn scan<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        direction: Direction,
        limit: usize,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Page>>> {
        self.fault.scan(&self.inner, table, range, direction, limit, marking)
    }

    fn count<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<u64>>> {
        self.fault.count(&self.inner, table, range, marking)
    }
}

impl<F: Fault> Backend for Broken<F> {
    fn open_table(&self, spec: TableSpec) -> BoxFuture<'_, Result<TableHandle>> {
        self.fault.open_table(&self.inner, spec)
    }

    fn drop_table<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<bool>> {
        self.inner.drop_table(name)
    }

    fn tables(&self) -> BoxFuture<'_, Result<Vec<TableInfo>>> {
        self.inner.tables()
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Arc<dyn Read>>> {
        self.fault.snapshot(&self.inner)
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<Commit>> {
        self.fault.commit(&self.inner, batch)
    }

    fn changes(&self) -> Changes {
        self.fault.changes(&self.inner)
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        self.fault.close(&self.inner)
    }
}
