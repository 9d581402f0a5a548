//! The contract: what a storage engine must do to stand behind every front end.
//!
//! Two traits, [`Read`] and [`Backend`], over [`Cell`]s. No codec is in sight, there are no
//! capability flags, and everything that users call is derived from these few verbs, once, in
//! this crate. The helpers of [`engine`](crate::engine) do what most engines need: group commit,
//! judging of batches, marks, hints, ordered bytes. `persist-mem` is the smallest implementation
//! to read beside this page.
//!
//! # What core has already done
//! Before a backend sees anything, names are legal, keys and values are within
//! [`limits`], text has no NUL, reals are neither NaN nor `-0.0`, cells have the type of their
//! column, and ranges are not inverted. A backend need not check any of it again.
//!
//! # What every implementation promises
//! - **Errors** carry an honest [`Outcome`](crate::Outcome): a commit that failed before the
//!   engine could have kept it is `NotApplied`; one whose end is not known is `Unknown`; it is
//!   never sent again, unless something makes a second sending harmless.
//! - **Dropping a future** of [`commit`](Backend::commit) leaves the batch applied whole or not
//!   at all and disturbs nobody. The batch was given by value and is owned by the library from
//!   the first poll on: never by the caller's future, never by a runtime that may end before it.
//! - **Order.** Commits through one backend value are judged in the order of their first polls
//!   as far as the engine has an order. This is a matter of speed (a chain of updates to one key
//!   shares one sync), not of correctness.
//! - **Sleeping.** What can sleep (a lock of another process, a sync, a large value, a long page,
//!   a count) happens off the caller's thread. A short read may run on it.
//! - **Reading ahead of the disk.** A read may see a commit that is still being made durable;
//!   nothing that is committed after it survives without it.
//! - **Threads.** Any verb may be called from any task at any time, on multi-thread and
//!   current-thread runtimes.
//! - **Handles.** A [`TableHandle`] is valid for the backend value that returned it. All handles
//!   to one table have one [`id`](TableHandle::id), which no other table gets, not even one of the
//!   same name that is made after the first was dropped.

mod batch;
mod cell;
mod changes;
pub mod limits;
mod page;
mod range;
mod table;

use std::fmt::Debug;
use std::sync::Arc;

use futures_util::future::BoxFuture;

pub use batch::{Batch, Commit, Expect, Op, Write};
pub use cell::{Cell, CellType};
pub use changes::{Changes, Hint};
pub use page::{Mark, Marked, Marking, Page, Row};
pub use range::{Direction, KeyRange};
pub use table::{ColumnSpec, FORMAT, TableHandle, TableInfo, TableSpec};

use crate::Result;

/// Reading: the current state, or (as what [`Backend::snapshot`] returns) one fixed state.
///
/// Each call reads one state; two calls on a [`Backend`] may read two.
pub trait Read: Debug + Send + Sync {
    /// `get(table, keys)` is what these keys are bound to, in their order, in one round trip.
    ///
    /// The answer may be shorter than `keys`, but not empty for some keys, when the cells would
    /// exceed [`limits::BYTE_BUDGET`]; the caller asks again for the rest. The mark covers what
    /// was answered.
    fn get<'a>(
        &'a self,
        table: &'a TableHandle,
        keys: &'a [Cell],
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Vec<Option<Cell>>>>>;

    /// `get_now(table, key)` is what one key is bound to, if that can be told on the caller's
    /// thread within microseconds; `None` if it cannot, and [`get`](Self::get) is to be asked.
    ///
    /// An engine need not have it. One that is embedded saves a future, a list and an allocation
    /// for each by it, which is a fifth of what its reads cost.
    fn get_now(&self, table: &TableHandle, key: &Cell) -> Option<Result<Option<Cell>>> {
        let _ = (table, key);
        None
    }

    /// `scan(table, range, direction, limit)` is one page of bindings from one state: at most
    /// `limit` (which is at least 1), at most about [`limits::BYTE_BUDGET`] bytes but at least
    /// one row if there is one, with what is left of the range.
    ///
    /// The mark covers the range up to the last row, or the whole range if nothing is left.
    fn scan<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        direction: Direction,
        limit: usize,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Page>>>;

    /// `count(table, range)` is the number of bindings in the range.
    fn count<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<u64>>>;
}

/// A storage engine.
pub trait Backend: Read {
    /// Opens the table of this exact name, creating it if absent, and verifies with
    /// [`TableSpec::check`] that what is stored was made the same way. Two processes that create
    /// one table at once end with one.
    fn open_table(&self, spec: TableSpec) -> BoxFuture<'_, Result<TableHandle>>;

    /// Removes a table with all its bindings; `false` if there was none. Handles to it are
    /// `NotFound` from then on, marks of it included; a snapshot that was taken before may still
    /// show it or answer `NotFound`. Never waits for a snapshot to end.
    fn drop_table<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<bool>>;

    /// The tables of the store, by name.
    fn tables(&self) -> BoxFuture<'_, Result<Vec<TableInfo>>>;

    /// One fixed state of all tables, from this moment until the value is dropped.
    ///
    /// Holding it never stops writers. Past the engine's limit of snapshots the error is `Busy`
    /// at once, never a wait (a snapshot counts until its release has reached the engine); one
    /// that is held past the engine's age limit answers `Timeout`. A commit accepts marks that
    /// were taken from a snapshot of the same backend.
    fn snapshot(&self) -> BoxFuture<'_, Result<Arc<dyn Read>>>;

    /// Applies a batch if everything that it expects holds, across tables, or does nothing.
    /// Durable on return, as far as the store's [`Durability`](crate::Durability) says (failover
    /// to a replica that lags behind is outside that). Deleting a range takes time in proportion
    /// to what it deletes, and may hold up other writers for as long.
    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<Commit>>;

    /// Hints of changes by every process, this one included. A read that begins after a hint
    /// sees at least that change. The first hint, and the first after a lost connection, may be
    /// [`Hint::Everything`].
    fn changes(&self) -> Changes;

    /// Makes everything that was acknowledged durable and releases the engine; afterwards every
    /// call is `Closed`, except `close` itself, which may be called again. Commits that were
    /// begun before it still end.
    fn close(&self) -> BoxFuture<'_, Result<()>>;
}
