//! A snapshot that the server holds.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use persist_core::Result;
use persist_core::backend::{Cell, Direction, KeyRange, Marked, Marking, Page, Read, TableHandle};

use super::Link;
use super::pending::Lease;

/// Ends on the server when it is dropped here, or when the connection is lost.
#[derive(Debug)]
pub(super) struct Snapshot {
    link: Arc<Link>,
    lease: Lease,
}

impl Snapshot {
    pub(super) fn new(link: Arc<Link>, lease: Lease) -> Self {
        Self { link, lease }
    }
}

impl Read for Snapshot {
    fn get<'a>(
        &'a self,
        table: &'a TableHandle,
        keys: &'a [Cell],
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Vec<Option<Cell>>>>> {
        self.link.get(Some(&self.lease), table, keys, marking).boxed()
    }

    fn scan<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        direction: Direction,
        limit: usize,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Page>>> {
        self.link.scan(Some(&self.lease), table, range, direction, limit, marking).boxed()
    }

    fn count<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<u64>>> {
        self.link.count(Some(&self.lease), table, range, marking).boxed()
    }
}
