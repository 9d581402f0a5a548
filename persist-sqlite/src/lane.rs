//! Reading, wherever the connection comes from: from the pool, or from a snapshot.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use persist_core::Result;
use persist_core::backend::{Cell, Direction, KeyRange, Marked, Marking, Page, Read, TableHandle};
use persist_core::engine::Witness;
use rusqlite::Connection;

use crate::connect::patiently;
use crate::read::{self, Attempt, Haste, Miss, settled};

/// A read that borrows what it needs, for a first attempt on the caller's thread.
pub(crate) trait Short<T>: FnMut(&Connection, Haste) -> Attempt<T> + Send {}

impl<T, F: FnMut(&Connection, Haste) -> Attempt<T> + Send> Short<T> for F {}

/// The same read, owning what it needs, for another thread.
pub(crate) trait Work<T>: Short<T> + 'static {}

impl<T, F: Short<T> + 'static> Work<T> for F {}

/// Something that lends a connection to reads: at once on the caller's thread if it can, else on
/// one that may sleep.
pub(crate) trait Lane: Debug + Send + Sync {
    fn read<T, W>(
        &self,
        short: impl Short<T>,
        long: impl FnOnce() -> W + Send,
    ) -> impl Future<Output = Result<T>> + Send
    where
        T: Send + 'static,
        W: Work<T>;

    /// As [`read`](Self::read), if it can be done at once.
    fn read_now<T>(&self, short: impl Short<T>) -> Option<Result<T>>;
}

/// What an attempt on the caller's thread has come to; nothing if it needs more time than that.
pub(crate) fn at_once<T>(attempt: Attempt<T>) -> Option<Result<T>> {
    match attempt {
        Ok(value) => Some(Ok(value)),
        Err(Miss::Failed(error)) => Some(Err(error)),
        Err(Miss::Long | Miss::Busy(_)) => None,
    }
}

/// The contract's reads on a lane.
#[derive(Debug)]
pub(crate) struct Reader<L> {
    pub(crate) lane: L,
    pub(crate) witness: Arc<Witness>,
}

impl<L: Lane> Read for Reader<L> {
    fn get<'a>(
        &'a self,
        table: &'a TableHandle,
        keys: &'a [Cell],
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Vec<Option<Cell>>>>> {
        async move {
            let short = |connection: &Connection, haste| read::get(connection, table, keys, haste);
            let long = || {
                let (table, keys) = (table.clone(), keys.to_vec());
                move |connection: &Connection, haste| read::get(connection, &table, &keys, haste)
            };
            let found = self.lane.read(short, long).await?;
            self.witness.keys(table, keys, found, marking)
        }
        .boxed()
    }

    fn get_now(&self, table: &TableHandle, key: &Cell) -> Option<Result<Option<Cell>>> {
        self.lane
            .read_now(|connection: &Connection, haste| read::get_one(connection, table, key, haste))
    }

    fn scan<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        direction: Direction,
        limit: usize,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Page>>> {
        async move {
            let short = |connection: &Connection, haste| {
                read::scan(connection, table, range, direction, limit, haste)
            };
            let long = || {
                let (table, range) = (table.clone(), range.clone());
                move |connection: &Connection, haste| {
                    read::scan(connection, &table, &range, direction, limit, haste)
                }
            };
            let page = self.lane.read(short, long).await?;
            self.witness.page(table, range, direction, page, marking)
        }
        .boxed()
    }

    fn count<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<u64>>> {
        async move {
            let short =
                |connection: &Connection, haste| read::count(connection, table, range, haste);
            let long = || {
                let (table, range) = (table.clone(), range.clone());
                move |connection: &Connection, haste| read::count(connection, &table, &range, haste)
            };
            let count = self.lane.read(short, long).await?;
            self.witness.count(table, range, count, marking)
        }
        .boxed()
    }
}

/// Makes a read that has time, waiting for others for at most `patience`.
pub(crate) fn wait<T>(patience: Duration, mut work: impl FnMut() -> Attempt<T>) -> Result<T> {
    let made = patiently(patience, || match work() {
        Err(Miss::Busy(error)) => Err(error),
        made => Ok(made),
    });
    settled(made?)
}
