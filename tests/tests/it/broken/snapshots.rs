//! Snapshots that are none, or that hold others up.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, pending};
use persist_core::backend::{
    Backend, Batch, Cell, Commit, Direction, KeyRange, Marked, Marking, Page, Read, TableHandle,
};
use persist_core::{Error, ErrorKind, Result};
use tokio::sync::Semaphore;

use crate::broken::over_mem;
use crate::fault::Fault;

/// A snapshot that reads the present state.
struct Live;

impl Fault for Live {
    fn snapshot<'a>(&'a self, inner: &'a Arc<dyn Backend>) -> BoxFuture<'a, Result<Arc<dyn Read>>> {
        let live: Arc<dyn Read> = Arc::clone(inner) as Arc<dyn Read>;
        std::future::ready(Ok(live)).boxed()
    }
}

/// Writers wait until no snapshot is held: a reader that writes waits for itself.
#[derive(Default)]
struct Locked(Arc<tokio::sync::RwLock<()>>);

impl Fault for Locked {
    fn snapshot<'a>(&'a self, inner: &'a Arc<dyn Backend>) -> BoxFuture<'a, Result<Arc<dyn Read>>> {
        async move {
            let lock = Arc::clone(&self.0).read_owned().await;
            Ok(Arc::new(Holding(inner.snapshot().await?, lock)) as Arc<dyn Read>)
        }
        .boxed()
    }

    fn commit(&self, inner: &Arc<dyn Backend>, batch: Batch) -> BoxFuture<'static, Result<Commit>> {
        let (lock, inner) = (Arc::clone(&self.0), Arc::clone(inner));
        async move {
            let _alone = lock.write().await;
            inner.commit(batch).await
        }
        .boxed()
    }
}

/// Past their number, snapshots wait for others to end.
struct Patient(Arc<Semaphore>);

impl Fault for Patient {
    fn snapshot<'a>(&'a self, inner: &'a Arc<dyn Backend>) -> BoxFuture<'a, Result<Arc<dyn Read>>> {
        async move {
            let Ok(place) = Arc::clone(&self.0).acquire_owned().await else {
                return pending().await;
            };
            Ok(Arc::new(Holding(inner.snapshot().await?, place)) as Arc<dyn Read>)
        }
        .boxed()
    }
}

/// Snapshots are counted, and never released.
struct Leaking(Arc<Semaphore>);

impl Fault for Leaking {
    fn snapshot<'a>(&'a self, inner: &'a Arc<dyn Backend>) -> BoxFuture<'a, Result<Arc<dyn Read>>> {
        let Ok(place) = self.0.try_acquire() else {
            let busy = Error::new(ErrorKind::Busy, "too many");
            return std::future::ready(Err(busy)).boxed();
        };
        place.forget();
        inner.snapshot()
    }
}

/// A snapshot, and something that is held as long.
struct Holding<T>(Arc<dyn Read>, T);

impl<T> std::fmt::Debug for Holding<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Holding").field(&self.0).finish()
    }
}

impl<T: Send + Sync> Read for Holding<T> {
    fn get<'a>(
        &'a self,
        table: &'a TableHandle,
        keys: &'a [Cell],
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Vec<Option<Cell>>>>> {
        self.0.get(table, keys, marking)
    }

    fn scan<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        direction: Direction,
        limit: usize,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Page>>> {
        self.0.scan(table, range, direction, limit, marking)
    }

    fn count<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<u64>>> {
        self.0.count(table, range, marking)
    }
}

over_mem!(live_snapshot: Live
    => snapshot: one_state consistent gets scans counts callback_writes);
over_mem!(briefly, locked_snapshot: Locked::default()
    => snapshot: writers_go_on callback_writes);
over_mem!(briefly, patient_snapshot: Patient(Arc::new(Semaphore::new(4))) => snapshot: busy_not_stuck);
over_mem!(briefly, leaked_snapshot: Leaking(Arc::new(Semaphore::new(9)))
    => snapshot: released, cancel: snapshots);
