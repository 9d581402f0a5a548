//! Reading the present state or a snapshot: at once on the caller's thread if it is short, else
//! on one that may sleep.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use persist_core::Result;
use persist_core::backend::{Cell, Direction, KeyRange, Marked, Marking, Page, Read, TableHandle};
use persist_core::engine::{Pinned, offload};
use sled::IVec;

use crate::read::{self, Attempt, Haste, Miss, settled};
use crate::state::State;
use crate::tables::Place;
use crate::view::View;

/// The contract's reads.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) state: Arc<State>,
    /// The snapshot that is read, if it is one.
    pub(crate) pinned: Option<Arc<Pinned<IVec>>>,
}

impl Lane {
    /// Makes a read of `table`: `short`, which borrows what it needs, or if that does not do,
    /// `long`, which owns it.
    async fn read<T, W>(
        &self,
        table: &TableHandle,
        short: impl FnOnce(&View<'_>, Haste) -> Attempt<T> + Send,
        long: impl FnOnce() -> W + Send,
    ) -> Result<T>
    where
        T: Send + 'static,
        W: FnOnce(&View<'_>, Haste) -> Attempt<T> + Send + 'static,
    {
        self.state.live()?;
        let value = match self.at_once(short) {
            Ok(value) => value,
            Err(Miss::Failed(error)) => return Err(error),
            Err(Miss::Long) => {
                let (state, pinned, work) = (Arc::clone(&self.state), self.pinned.clone(), long());
                offload(move || with_time(&state, pinned, work)).await?
            }
        };
        // The rows of a dropped table go away bit by bit.
        Place::of(table)?;
        Ok(value)
    }

    fn at_once<T>(&self, work: impl FnOnce(&View<'_>, Haste) -> Attempt<T>) -> Attempt<T> {
        // sled, too, makes readers wait while it applies a batch.
        let Some(_same_state) = self.state.overlay.look() else { return Err(Miss::Long) };
        let pinned = self.pinned.as_deref();
        self.state.engine.with(|tree| work(&View::new(tree, pinned), Haste::Short))
    }
}

/// Makes a read that takes a while on one state, without holding up the writer.
fn with_time<T>(
    state: &State,
    pinned: Option<Arc<Pinned<IVec>>>,
    work: impl FnOnce(&View<'_>, Haste) -> Attempt<T>,
) -> Result<T> {
    let pinned = match pinned {
        Some(pinned) => pinned,
        None => Arc::new(state.overlay.pin_for_one_read()?),
    };
    settled(state.engine.with(|tree| work(&View::new(tree, Some(&pinned)), Haste::Long)))
}

impl Read for Lane {
    fn get<'a>(
        &'a self,
        table: &'a TableHandle,
        keys: &'a [Cell],
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Vec<Option<Cell>>>>> {
        async move {
            let short = |view: &View<'_>, haste| read::get(view, table, keys, haste);
            let long = || {
                let (table, keys) = (table.clone(), keys.to_vec());
                move |view: &View<'_>, haste| read::get(view, &table, &keys, haste)
            };
            let found = self.read(table, short, long).await?;
            self.state.witness.keys(table, keys, found, marking)
        }
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
            let short =
                |view: &View<'_>, haste| read::scan(view, table, range, direction, limit, haste);
            let long = || {
                let (table, range) = (table.clone(), range.clone());
                move |view: &View<'_>, haste| {
                    read::scan(view, &table, &range, direction, limit, haste)
                }
            };
            let page = self.read(table, short, long).await?;
            self.state.witness.page(table, range, direction, page, marking)
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
            let short = |view: &View<'_>, haste| read::count(view, table, range, haste);
            let long = || {
                let (table, range) = (table.clone(), range.clone());
                move |view: &View<'_>, haste| read::count(view, &table, &range, haste)
            };
            let count = self.read(table, short, long).await?;
            self.state.witness.count(table, range, count, marking)
        }
        .boxed()
    }
}
