//! The contract on a log.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use futures_util::future::{BoxFuture, FutureExt};
use persist_core::backend::{
    Backend, Batch, Cell, Changes, Commit, Direction, KeyRange, Marked, Marking, Page, Read,
    TableHandle, TableInfo, TableSpec,
};
use persist_core::engine::GroupCommit;
use persist_core::{Error, ErrorKind, Result};
use tokio::sync::oneshot;

use crate::Options;
use crate::error::system;
use crate::log::Log;
use crate::snapshot::Snapshot;
use crate::state::State;
use crate::writer::{Shared, Writer};

/// An open log store.
#[derive(Debug)]
struct LogStore {
    shared: Arc<Shared>,
    writer: GroupCommit<Writer>,
    closed: AtomicBool,
}

/// Opens the log on a thread of its own: locking, reading and syncing sleep.
///
/// # Errors
/// As [`Options::open`].
pub async fn open(options: Options) -> Result<Arc<dyn Backend>> {
    let (reply, answer) = oneshot::channel();
    let work = move || {
        // The caller may have gone; then the store closes again at once.
        let _ = reply.send(open_here(&options));
    };
    thread::Builder::new().name("open log".into()).spawn(work).map_err(system)?;
    let opened = answer.await;
    opened.map_err(|_| Error::new(ErrorKind::Backend, "opening the log ended without an answer"))?
}

fn open_here(options: &Options) -> Result<Arc<dyn Backend>> {
    let mut state = State::default();
    let log = Log::open(options, |change| state.apply(change))?;
    let shared = Arc::new(Shared { state: state.into(), ..Shared::default() });
    let writer = Writer { shared: Arc::clone(&shared), log };
    let writer = GroupCommit::start("persist-log", writer)?;
    Ok(Arc::new(LogStore { shared, writer, closed: AtomicBool::new(false) }))
}

impl LogStore {
    /// The state of now, which no writer waits for.
    fn now(&self) -> Result<Snapshot> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::closed());
        }
        let state = self.shared.state.read().clone();
        Ok(Snapshot { state, witness: Arc::clone(&self.shared.witness) })
    }
}

impl Read for LogStore {
    fn get<'a>(
        &'a self,
        table: &'a TableHandle,
        keys: &'a [Cell],
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Vec<Option<Cell>>>>> {
        async move { self.now()?.get(table, keys, marking).await }.boxed()
    }

    fn scan<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        direction: Direction,
        limit: usize,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Page>>> {
        async move { self.now()?.scan(table, range, direction, limit, marking).await }.boxed()
    }

    fn count<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<u64>>> {
        async move { self.now()?.count(table, range, marking).await }.boxed()
    }
}

impl Backend for LogStore {
    fn open_table(&self, spec: TableSpec) -> BoxFuture<'_, Result<TableHandle>> {
        async move {
            let found = self.now()?.state.find(&spec.name).map(|(id, made)| (id, made.clone()));
            let (id, made) = if let Some(found) = found {
                found
            } else {
                let wanted = spec.clone();
                self.writer.call(move |writer| writer.create(wanted)).await?
            };
            spec.check(&made)?;
            Ok(TableHandle::new(id, spec, ()))
        }
        .boxed()
    }

    fn drop_table<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<bool>> {
        let name = name.to_owned();
        self.writer.call(move |writer| writer.drop_table(&name))
    }

    fn tables(&self) -> BoxFuture<'_, Result<Vec<TableInfo>>> {
        async move { Ok(self.now()?.state.tables()) }.boxed()
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Arc<dyn Read>>> {
        async move { Ok(Arc::new(self.now()?) as Arc<dyn Read>) }.boxed()
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<Commit>> {
        self.writer.commit(batch)
    }

    fn changes(&self) -> Changes {
        self.shared.hints.listen()
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        async move {
            self.closed.store(true, Ordering::Release);
            // Commits that were begun end first; then the thread drops the log, and its lock.
            self.writer.close().await;
            self.shared.hints.end();
            Ok(())
        }
        .boxed()
    }
}
