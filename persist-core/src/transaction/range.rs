//! Reading ranges inside a transaction.

use std::collections::BTreeMap;
use std::ops::RangeBounds;

use super::Tx;
use crate::backend::{Cell, Direction, KeyRange};
use crate::column::{Column, KeyColumn, PrefixColumn, decode_row};
use crate::table::{beginning, cells};
use crate::{Result, Table};

/// How many rows are asked for at once.
const PAGE: usize = 1024;

/// A range of a table as a transaction sees it, made by [`Tx::range`]. What is read of it,
/// including that nothing else was there, is part of what the transaction depends on.
#[derive(Debug)]
#[must_use = "a range does nothing until it is read"]
pub struct TxRange<'t, K, V> {
    tx: &'t Tx,
    table: &'t Table<K, V>,
    bounds: Result<Option<KeyRange>>,
    direction: Direction,
    limit: usize,
}

impl Tx {
    /// The keys between two bounds, in ascending order; see [`Table::range`].
    pub fn range<'t, 'k, K: KeyColumn, V: Column>(
        &'t self,
        table: &'t Table<K, V>,
        bounds: impl RangeBounds<K::Borrowed<'k>>,
    ) -> TxRange<'t, K, V> {
        let bounds = cells::<K>(bounds.start_bound(), bounds.end_bound());
        let (direction, limit) = (Direction::Forward, usize::MAX);
        TxRange { tx: self, table, bounds, direction, limit }
    }
}

impl<K: KeyColumn, V: Column> TxRange<'_, K, V> {
    /// Only keys that begin with `prefix`, as well as lying between the bounds.
    pub fn prefix(mut self, prefix: K::Prefix<'_>) -> Self
    where
        K: PrefixColumn,
    {
        self.bounds = beginning::<K>(self.bounds, prefix);
        self
    }

    /// From the largest key downwards.
    pub fn rev(mut self) -> Self {
        self.direction = match self.direction {
            Direction::Forward => Direction::Backward,
            Direction::Backward => Direction::Forward,
        };
        self
    }

    /// At most `n` bindings, the first ones in the direction of the range. What lies behind them
    /// is not read, and the transaction does not depend on it.
    pub fn limit(mut self, n: usize) -> Self {
        self.limit = self.limit.min(n);
        self
    }

    /// The bindings, all in memory.
    ///
    /// # Errors
    /// `InvalidKey` or `TooLarge` for a bound; `Decode`; `Misuse` for a table of another store;
    /// `Closed`, `Busy`, and what the engine reports.
    pub async fn entries(self) -> Result<Vec<(K::Owned, V::Owned)>> {
        let table = self.table.raw();
        let read = async {
            let rows = self.rows().await?.into_iter();
            rows.map(|(key, value)| decode_row::<K, V>(key, value)).collect::<Result<Vec<_>>>()
        };
        read.await.map_err(|error| table.blame("transact", error))
    }

    /// How many bindings there are, up to the limit.
    ///
    /// # Errors
    /// As [`entries`](Self::entries).
    pub async fn count(self) -> Result<u64> {
        let table = self.table.raw();
        let rows = self.rows().await.map_err(|error| table.blame("transact", error))?;
        Ok(rows.len() as u64)
    }

    /// What is stored, with the transaction's own writes upon it.
    async fn rows(&self) -> Result<Vec<(Cell, Cell)>> {
        let table = self.table.raw();
        let attempt = &self.tx.0;
        let Some(range) = self.bounds.as_ref().map_err(crate::Error::duplicate)? else {
            return Ok(Vec::new());
        };
        let written = attempt.written(table, range)?;
        // Each own write can take away one row, so this many stored ones are enough. Own writes
        // behind the last of them sort behind the limit.
        let enough = self.limit.saturating_add(written.len());
        let mut rows = BTreeMap::new();
        let mut left = (self.limit > 0).then(|| range.clone());
        while let Some(range) = left {
            let ask = PAGE.min(enough - rows.len());
            let page = attempt.page(table, &range, self.direction, ask).await?;
            for row in page.rows {
                let (key, value) = row?;
                rows.insert(key, value);
            }
            left = page.rest.filter(|_| rows.len() < enough);
        }
        for (key, value) in written {
            match value {
                Some(value) => rows.insert(key, value),
                None => rows.remove(&key),
            };
        }
        let rows = rows.into_iter();
        Ok(match self.direction {
            Direction::Forward => rows.take(self.limit).collect(),
            Direction::Backward => rows.rev().take(self.limit).collect(),
        })
    }
}
