//! What a commit is asked to do, and how it may end.

use super::{Cell, KeyRange, Mark, TableHandle};

/// What must hold of a key for a batch to be applied, judged on the state before the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// Nothing is asked.
    Any,
    /// The key has no value.
    Absent,
    /// The key has some value.
    Present,
    /// The key has exactly this value, compared as stored. Never judged wrongly, in either sense.
    Equals(Cell),
}

impl Expect {
    /// The expectation that a key is still bound to what was found there.
    pub fn found(found: Option<Cell>) -> Self {
        found.map_or(Self::Absent, Self::Equals)
    }

    /// Whether the expectation can fail, so that the key must be read to judge it.
    pub fn reads(&self) -> bool {
        !matches!(self, Self::Any)
    }

    /// Whether the expectation holds for what is `stored`.
    pub fn holds(&self, stored: Option<&Cell>) -> bool {
        match self {
            Self::Any => true,
            Self::Absent => stored.is_none(),
            Self::Present => stored.is_some(),
            Self::Equals(cell) => stored == Some(cell),
        }
    }
}

/// What happens to a key when its batch is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// The key is bound to this value.
    Put(Cell),
    /// The key is unbound; an absent key stays so.
    Delete,
    /// The key is left alone: the operation is an expectation only.
    Nothing,
}

impl Write {
    /// Put `value`, or delete if there is none.
    pub fn binding(value: Option<Cell>) -> Self {
        value.map_or(Self::Delete, Self::Put)
    }
}

/// One operation of a batch.
#[derive(Debug, Clone)]
pub enum Op {
    /// An expectation on a key, with a write.
    Key {
        /// The table of the key.
        table: TableHandle,
        /// The key.
        key: Cell,
        /// What must hold of it before the batch.
        expect: Expect,
        /// What becomes of it.
        write: Write,
    },
    /// All bindings of a range go away.
    DeleteRange {
        /// The table of the range.
        table: TableHandle,
        /// The range.
        range: KeyRange,
    },
    /// What the mark was taken of must still be as it was read. May fail spuriously, never
    /// hold wrongly.
    Unchanged(Mark),
}

/// Operations that happen all together or not at all.
///
/// Every expectation and mark is judged on the state before the batch; the writes then happen in
/// order, so of two writes to one key the later one stands.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The operations, in order.
    pub ops: Vec<Op>,
}

impl Batch {
    /// A batch of one operation on one key.
    pub fn one(table: TableHandle, key: Cell, expect: Expect, write: Write) -> Self {
        Self { ops: vec![Op::Key { table, key, expect, write }] }
    }

    /// How many bytes of keys and values the batch holds, with a little for each operation: what
    /// byte budgets count.
    pub fn weight(&self) -> usize {
        const PER_OP: usize = 32;
        self.ops.iter().map(|op| PER_OP + op.weight()).sum()
    }
}

impl Op {
    fn weight(&self) -> usize {
        let Self::Key { key, expect, write, .. } = self else { return 0 };
        let expected = if let Expect::Equals(cell) = expect { cell.len() } else { 0 };
        let written = if let Write::Put(cell) = write { cell.len() } else { 0 };
        key.len() + expected + written
    }
}

/// How a commit ended, when it ended without an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Commit {
    /// Everything held and everything was written, as durably as the store is set to be.
    Applied,
    /// Something did not hold, and nothing was written.
    Conflict {
        /// The position of the operation that did not hold.
        which: usize,
        /// What its key was bound to; `None` for an absent key or a mark.
        found: Option<Cell>,
    },
}
