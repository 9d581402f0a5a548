//! The ways to read: the present state over the pool, or one fixed state.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use persist_core::backend::{Cell, Direction, KeyRange, Marked, Marking, Page, Read, TableHandle};
use persist_core::engine::Witness;
use persist_core::{Error, ErrorKind, Result};

use crate::gather::Gather;
use crate::pool::Pool;
use crate::read::{Answer, Ask};
use crate::runtime::Runtime;
use crate::work;

/// Where something is read.
pub(crate) trait Lane: Send + Sync + std::fmt::Debug {
    fn ask(&self, ask: Ask) -> impl Future<Output = Result<Answer>> + Send;

    /// What keys are bound to, as many of them from the first on as the budget allows.
    fn get(
        &self,
        table: &TableHandle,
        keys: &[Cell],
    ) -> impl Future<Output = Result<Vec<Option<Cell>>>> + Send {
        let ask = Ask::Get { table: table.clone(), keys: keys.to_vec() };
        async move {
            match self.ask(ask).await {
                Ok(Answer::Get(found)) => Ok(found),
                other => Err(not_the_answer(other)),
            }
        }
    }
}

/// Reading the present state.
#[derive(Debug)]
pub(crate) struct Present {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) gather: Gather,
}

impl Lane for Present {
    async fn ask(&self, ask: Ask) -> Result<Answer> {
        let pool = Arc::clone(&self.pool);
        let work = async move {
            let mut lent = pool.acquire(ask.what()).await?;
            work::read(&mut lent, &ask).await
        };
        self.runtime.run(work).await
    }

    async fn get(&self, table: &TableHandle, keys: &[Cell]) -> Result<Vec<Option<Cell>>> {
        self.gather.get(table, keys).await
    }
}

/// The contract's reading, over any lane.
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
            let found = self.lane.get(table, keys).await?;
            self.witness.keys(table, keys, found, marking)
        }
        .map(|read| read.map_err(|error| error.table(table.name())))
        .boxed()
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
            let ask = Ask::Scan { table: table.clone(), range: range.clone(), direction, limit };
            match self.lane.ask(ask).await {
                Ok(Answer::Scan(page)) => self.witness.page(table, range, direction, page, marking),
                other => Err(not_the_answer(other)),
            }
        }
        .map(|read| read.map_err(|error| error.table(table.name())))
        .boxed()
    }

    fn count<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<u64>>> {
        async move {
            let ask = Ask::Count { table: table.clone(), range: range.clone() };
            match self.lane.ask(ask).await {
                Ok(Answer::Count(count)) => self.witness.count(table, range, count, marking),
                other => Err(not_the_answer(other)),
            }
        }
        .map(|read| read.map_err(|error| error.table(table.name())))
        .boxed()
    }
}

fn not_the_answer(answer: Result<Answer>) -> Error {
    answer.err().unwrap_or_else(|| {
        Error::new(ErrorKind::Backend, "something else was read than was asked for")
    })
}
