//! Reading one fixed state.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, ready};
use persist_core::Result;
use persist_core::backend::{Cell, Direction, KeyRange, Marked, Marking, Page, Read, TableHandle};
use persist_core::engine::Witness;

use crate::state::State;

/// The state of one moment, and what makes marks of it.
#[derive(Debug)]
pub struct Snapshot {
    /// What was in the store.
    pub state: State,
    /// The backend's own, since its commits judge the marks.
    pub witness: Arc<Witness>,
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
