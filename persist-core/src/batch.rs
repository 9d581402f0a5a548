//! Writes to several keys and tables that happen together or not at all.

use crate::backend::limits::MAX_BATCH;
use crate::backend::{Batch as Ops, Cell, Commit, Expect, KeyRange, Op, Write};
use crate::column::{Column, KeyColumn, encode_key, encode_value};
use crate::table::cells;
use crate::{Entry, Error, ErrorKind, Persist, Result, Table};
use std::ops::RangeBounds;

/// Writes that happen together or not at all, also when the process dies in the middle of them;
/// made by [`Persist::batch`].
///
/// Expectations ([`insert_if_absent`](Self::insert_if_absent), [`replace`](Self::replace),
/// [`expect`](Self::expect)) are judged on the state before the batch; then the writes happen in
/// order. A batch may hold 128 MiB of keys and values.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # use persist_core::{Committed, Table, column::{Integer, Text}};
/// # let store = persist_mem::Options::new().open().await?;
/// # let stock: Table<Text, Integer> = store.table("stock").await?;
/// # let orders: Table<Integer, Text> = store.table("orders").await?;
/// let mut batch = store.batch();
/// batch.insert(&stock, "tea", 9)?.insert_if_absent(&orders, 1, "tea")?;
/// assert_eq!(batch.commit().await?, Committed::Applied);
/// # Ok::<_, persist_core::Error>(()) }).unwrap();
/// ```
#[derive(Debug, Clone)]
#[must_use = "a batch does nothing until it is committed"]
pub struct Batch {
    persist: Persist,
    ops: Ops,
    /// Which call each operation came from: a range that is empty needs none.
    calls: Vec<usize>,
    made: usize,
}

/// How a batch ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a batch that conflicted has written nothing"]
pub enum Committed {
    /// All of it was written.
    Applied,
    /// Nothing was written, because an expectation did not hold.
    Conflict {
        /// Which of the operations, counted from 0 in the order of the calls.
        operation: usize,
    },
}

impl Batch {
    pub(crate) fn new(persist: Persist) -> Self {
        Self { persist, ops: Ops::default(), calls: Vec::new(), made: 0 }
    }

    /// How many operations have been added.
    pub fn len(&self) -> usize {
        self.made
    }

    /// Whether nothing has been added.
    pub fn is_empty(&self) -> bool {
        self.made == 0
    }

    /// Binds `key` to `value`, whatever was there.
    ///
    /// # Errors
    /// `InvalidKey`, `TooLarge`, `Encode`; `Misuse` for a table of another store.
    pub fn insert<K: KeyColumn, V: Column>(
        &mut self,
        table: &Table<K, V>,
        key: K::Borrowed<'_>,
        value: V::Borrowed<'_>,
    ) -> Result<&mut Self> {
        self.put(table, key, value, Expect::Any)
    }

    /// Binds `key` to `value`, and expects that it has none.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn insert_if_absent<K: KeyColumn, V: Column>(
        &mut self,
        table: &Table<K, V>,
        key: K::Borrowed<'_>,
        value: V::Borrowed<'_>,
    ) -> Result<&mut Self> {
        self.put(table, key, value, Expect::Absent)
    }

    /// Binds `key` to `value`, and expects that it has one.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn replace<K: KeyColumn, V: Column>(
        &mut self,
        table: &Table<K, V>,
        key: K::Borrowed<'_>,
        value: V::Borrowed<'_>,
    ) -> Result<&mut Self> {
        self.put(table, key, value, Expect::Present)
    }

    /// Unbinds `key`.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn remove<K: KeyColumn, V: Column>(
        &mut self,
        table: &Table<K, V>,
        key: K::Borrowed<'_>,
    ) -> Result<&mut Self> {
        let key = encode_key::<K>(key);
        self.key(table, key.map(|key| (key, Expect::Any, Write::Delete)))
    }

    /// Expects that a key still has the value that was read of it.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn expect<K: KeyColumn, V: Column>(&mut self, entry: &Entry<K, V>) -> Result<&mut Self> {
        let op = (entry.key_cell().clone(), entry.expect(), Write::Nothing);
        self.key(entry.table(), Ok(op))
    }

    /// Unbinds all keys of a range.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn remove_range<'a, K: KeyColumn, V: Column>(
        &mut self,
        table: &Table<K, V>,
        range: impl RangeBounds<K::Borrowed<'a>>,
    ) -> Result<&mut Self> {
        self.check_store(table)?;
        let range = cells::<K>(range.start_bound(), range.end_bound())
            .map_err(|error| table.raw().blame("batch", error))?;
        let table = table.raw().handle().clone();
        self.add(range.map(|range| Op::DeleteRange { table, range }));
        Ok(self)
    }

    /// Unbinds every key of a table.
    ///
    /// # Errors
    /// `Misuse` for a table of another store.
    pub fn clear<K: KeyColumn, V: Column>(&mut self, table: &Table<K, V>) -> Result<&mut Self> {
        self.check_store(table)?;
        let (table, range) = (table.raw().handle().clone(), KeyRange::all());
        self.add(Some(Op::DeleteRange { table, range }));
        Ok(self)
    }

    /// Writes the batch. Durable on return.
    ///
    /// # Errors
    /// `TooLarge`, `Closed`, and what the engine reports.
    pub async fn commit(self) -> Result<Committed> {
        let weight = self.ops.weight();
        if weight > MAX_BATCH {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("the batch takes {weight} bytes, and at most {MAX_BATCH} (128 MiB) are allowed; commit it in parts"),
            )
            .during("batch"));
        }
        if self.ops.ops.is_empty() {
            return self.persist.backend().map(|_| Committed::Applied);
        }
        let committed = async { self.persist.backend()?.commit(self.ops).await };
        match committed.await.map_err(|error| error.during("batch"))? {
            Commit::Applied => Ok(Committed::Applied),
            Commit::Conflict { which, .. } => {
                let operation = self.calls.get(which).copied().unwrap_or(which);
                Ok(Committed::Conflict { operation })
            }
        }
    }

    fn put<K: KeyColumn, V: Column>(
        &mut self,
        table: &Table<K, V>,
        key: K::Borrowed<'_>,
        value: V::Borrowed<'_>,
        expect: Expect,
    ) -> Result<&mut Self> {
        let op = encode_key::<K>(key).and_then(|key| {
            let value = encode_value::<V>(value).map_err(|error| error.key(&key))?;
            Ok((key, expect, Write::Put(value)))
        });
        self.key(table, op)
    }

    fn key<K: KeyColumn, V: Column>(
        &mut self,
        table: &Table<K, V>,
        op: Result<(Cell, Expect, Write)>,
    ) -> Result<&mut Self> {
        self.check_store(table)?;
        let (key, expect, write) = op.map_err(|error| table.raw().blame("batch", error))?;
        self.add(Some(Op::Key { table: table.raw().handle().clone(), key, expect, write }));
        Ok(self)
    }

    /// Counts a call, and adds its operation if it needs one.
    fn add(&mut self, op: Option<Op>) {
        if let Some(op) = op {
            self.ops.ops.push(op);
            self.calls.push(self.made);
        }
        self.made += 1;
    }

    fn check_store<K: KeyColumn, V: Column>(&self, table: &Table<K, V>) -> Result<()> {
        if table.raw().persist().same_store(&self.persist) {
            return Ok(());
        }
        let error = Error::new(
            ErrorKind::Misuse,
            "the table belongs to another store than the batch; a batch writes to one store",
        );
        Err(table.raw().blame("batch", error))
    }
}
