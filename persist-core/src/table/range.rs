//! Ranges of a table: what to iterate over, and the ways to do so.

use std::fmt;
use std::future::Future;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use futures_util::StreamExt;

use super::stream::{Entries, Pages, Rows, Source};
use super::{RawTable, Table};
use crate::backend::{Direction, KeyRange, Marking};
use crate::column::{Column, KeyColumn, PrefixColumn, encode_key, encode_prefix};
use crate::{Error, Result};

/// A range of a table's keys, made by [`Table::range`], to be read in one of several ways.
///
/// Iteration goes by pages. A key that is present throughout is met exactly once and no key
/// twice; keys that come and go meanwhile may or may not be met. No lock is held between pages,
/// memory stays within a page (about 1 MiB, or one value if it is larger), and whoever iterates
/// may use the store, the same table included. A row that cannot be decoded is one `Err`, after
/// which iteration goes on. [`snapshot`](Self::snapshot) makes it all one state.
#[must_use = "a range does nothing until it is read"]
pub struct Range<K, V> {
    table: Table<K, V>,
    bounds: Result<Option<KeyRange>>,
    direction: Direction,
    limit: Option<u64>,
    source: Source,
}

impl<K: KeyColumn, V: Column> Table<K, V> {
    /// The keys between two bounds, in ascending order: `..`, `"a".."m"`, `=..`, pairs, anything
    /// that is [`RangeBounds`]. An inverted range is empty.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # use persist_core::{Table, column::{Integer, Text}};
    /// # let store = persist_mem::Options::new().open().await?;
    /// use futures_util::TryStreamExt;
    ///
    /// let t: Table<Text, Integer> = store.table("t").await?;
    /// for (key, value) in [("a", 1), ("b", 2), ("c", 3)] {
    ///     t.insert(key, value).await?;
    /// }
    /// let last: Vec<_> = t.range("b"..).rev().limit(1).stream().try_collect().await?;
    /// assert_eq!(last, [("c".to_owned(), 3)]);
    /// # Ok::<_, persist_core::Error>(()) }).unwrap();
    /// ```
    #[doc(alias = "iter")]
    #[doc(alias = "iter_step")]
    pub fn range<'a>(&self, bounds: impl RangeBounds<K::Borrowed<'a>>) -> Range<K, V> {
        let bounds = cells::<K>(bounds.start_bound(), bounds.end_bound());
        Range {
            table: self.clone(),
            bounds,
            direction: Direction::Forward,
            limit: None,
            source: Source::Live,
        }
    }
}

impl<K: KeyColumn, V: Column> Range<K, V> {
    /// Only keys that begin with `prefix`, as well as lying between the bounds.
    pub fn prefix(mut self, prefix: K::Prefix<'_>) -> Self
    where
        K: PrefixColumn,
    {
        self.bounds = beginning::<K>(self.bounds, prefix);
        self
    }

    /// In the opposite direction.
    pub fn rev(mut self) -> Self {
        self.direction = match self.direction {
            Direction::Forward => Direction::Backward,
            Direction::Backward => Direction::Forward,
        };
        self
    }

    /// At most `n` bindings, the first ones in the direction of the range.
    #[doc(alias = "count")]
    pub fn limit(mut self, n: u64) -> Self {
        self.limit = Some(self.limit.map_or(n, |limit| limit.min(n)));
        self
    }

    /// As of one moment, that of the first poll, whatever is written meanwhile.
    ///
    /// The engine keeps that state until the stream ends or is dropped. Past its limit of open
    /// snapshots the first item is `Busy`; a snapshot that is held for too long becomes
    /// `Timeout`. Writers are not held up.
    #[doc(alias = "iter_block")]
    pub fn snapshot(mut self) -> Self {
        self.source = Source::SnapshotWanted;
        self
    }

    /// The bindings, one by one.
    pub fn stream(self) -> Entries<K, V> {
        Entries::new(self.rows())
    }

    /// The bindings, in vectors of `n` (the last may be shorter; none is empty). `n` is at least
    /// 1.
    #[doc(alias = "iter_batch")]
    pub fn pages(self, n: usize) -> Pages<K, V> {
        Pages::new(self.stream(), n)
    }

    /// How many bindings there are, up to the limit. The engine counts; no value is read.
    ///
    /// # Errors
    /// `InvalidKey` or `TooLarge` for a bound, `Closed`, and what the engine reports.
    pub fn count(self) -> impl Future<Output = Result<u64>> + Send + use<K, V> {
        let Self { table, bounds, limit, mut source, .. } = self;
        let raw = Arc::clone(table.raw());
        async move {
            let counted = async {
                let Some(range) = bounds? else { return Ok(0) };
                let count = source.count(&raw, &range).await?;
                Ok(limit.map_or(count, |limit| count.min(limit)))
            };
            counted.await.map_err(|error| raw.blame("count", error))
        }
    }

    /// Calls `f` with each binding, one after the other, until it fails. Stops at a row that
    /// cannot be decoded; [`stream`](Self::stream) can go past one.
    ///
    /// # Errors
    /// Those of `f`, of the store, and `Decode`.
    pub async fn for_each<F, Fut, E>(self, mut f: F) -> Result<(), E>
    where
        F: FnMut(K::Owned, V::Owned) -> Fut + Send,
        Fut: Future<Output = Result<(), E>> + Send,
        E: From<Error> + Send,
    {
        let mut entries = self.stream();
        while let Some(entry) = entries.next().await {
            let (key, value) = entry?;
            f(key, value).await?;
        }
        Ok(())
    }

    /// Calls `f` with what it returned last (`init` at first) and each binding, one after the
    /// other, and returns what it returned last. Stops as [`for_each`](Self::for_each) does.
    ///
    /// The error is of a type that you choose; name it where nothing else does.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # use persist_core::{Error, Table, column::{Integer, Text}};
    /// # let store = persist_mem::Options::new().open().await?;
    /// # let hits: Table<Text, Integer> = store.table("hits").await?;
    /// let sum = hits.range(..).fold(0, async |sum, _, n| Ok::<_, Error>(sum + n)).await?;
    /// # assert_eq!(sum, 0);
    /// # Ok::<_, Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Those of `f`, of the store, and `Decode`.
    #[doc(alias = "fold_step")]
    pub async fn fold<A, F, Fut, E>(self, init: A, mut f: F) -> Result<A, E>
    where
        A: Send,
        F: FnMut(A, K::Owned, V::Owned) -> Fut + Send,
        Fut: Future<Output = Result<A, E>> + Send,
        E: From<Error> + Send,
    {
        let mut entries = self.stream();
        let mut folded = init;
        while let Some(entry) = entries.next().await {
            let (key, value) = entry?;
            folded = f(folded, key, value).await?;
        }
        Ok(folded)
    }

    /// The table and the bounds alone.
    pub(crate) fn into_bounds(self) -> (Arc<RawTable>, Result<Option<KeyRange>>) {
        (Arc::clone(self.table.raw()), self.bounds)
    }

    fn rows(self) -> Rows {
        let raw: Arc<RawTable> = Arc::clone(self.table.raw());
        Rows::new(raw, self.bounds, self.direction, self.limit, self.source)
    }
}

impl Source {
    async fn count(&mut self, raw: &RawTable, range: &KeyRange) -> Result<u64> {
        self.settle(raw).await?;
        let read = self.read(raw)?;
        Ok(read.count(raw.handle(), range, Marking::Skip).await?.value)
    }
}

impl<K, V> fmt::Debug for Range<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Range")
            .field("table", &self.table)
            .field("bounds", &self.bounds)
            .field("direction", &self.direction)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// The bounds as cells; `None` if nothing can lie between them.
pub(crate) fn cells<K: KeyColumn>(
    lower: Bound<&K::Borrowed<'_>>,
    upper: Bound<&K::Borrowed<'_>>,
) -> Result<Option<KeyRange>> {
    let cell = |bound: Bound<&K::Borrowed<'_>>| match bound {
        Bound::Included(key) => encode_key::<K>(*key).map(Bound::Included),
        Bound::Excluded(key) => encode_key::<K>(*key).map(Bound::Excluded),
        Bound::Unbounded => Ok(Bound::Unbounded),
    };
    Ok(KeyRange::new(cell(lower)?, cell(upper)?))
}

/// The part of a range whose keys begin with `prefix`.
pub(crate) fn beginning<K: PrefixColumn>(
    bounds: Result<Option<KeyRange>>,
    prefix: K::Prefix<'_>,
) -> Result<Option<KeyRange>> {
    let bounds = bounds?;
    let begun = KeyRange::prefix(encode_prefix::<K>(prefix)?);
    Ok(bounds.and_then(|bounds| bounds.intersect(&begun)))
}
