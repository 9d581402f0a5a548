//! Writes that are decided upon and not made yet.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use persist_core::Result;
use persist_core::backend::{self, Direction, Op};
use persist_core::engine::{Binding, Span};
use sled::{Batch, IVec, Tree};

use crate::error::engine;

/// What a group will change, by key.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    changes: BTreeMap<IVec, Change>,
    has_pieces: bool,
}

#[derive(Debug)]
struct Change {
    new: Option<IVec>,
    old: Old,
}

/// What a key is bound to before the group.
#[derive(Debug, Clone)]
pub(crate) enum Old {
    Read(Option<IVec>),
    /// Something; it is read if somebody wants it.
    Unread,
}

impl Pending {
    /// What a key will be bound to; `None` if it is not changed.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Binding<IVec>> {
        self.changes.get_key_value(key).map(binding)
    }

    /// The first changes of a range.
    pub(crate) fn range(
        &self,
        span: &Span<IVec>,
        direction: Direction,
        limit: usize,
    ) -> Vec<Binding<IVec>> {
        let within = self.changes.range::<IVec, _>((span.lower.as_ref(), span.upper.as_ref()));
        match direction {
            Direction::Forward => within.take(limit).map(binding).collect(),
            Direction::Backward => within.rev().take(limit).map(binding).collect(),
        }
    }

    /// Binds a key, or unbinds it. `old` is what it was bound to before the group, unless it has
    /// been changed already.
    pub(crate) fn set(&mut self, key: IVec, new: Option<IVec>, old: Old) {
        match self.changes.entry(key) {
            Entry::Occupied(mut changed) => changed.get_mut().new = new,
            Entry::Vacant(unchanged) => drop(unchanged.insert(Change { new, old })),
        }
    }

    /// Binds a key of a piece of a large value, or unbinds it.
    pub(crate) fn set_piece(&mut self, key: IVec, new: Option<IVec>, old: Old) {
        self.has_pieces = true;
        self.set(key, new, old);
    }

    /// Whether any part of what `group` writes is whole: each batch of it writes one row, and no row
    /// has pieces, which come and go with it.
    pub(crate) fn is_whole_in_parts(&self, group: &[backend::Batch]) -> bool {
        let of_one_row = |batch: &backend::Batch| matches!(&*batch.ops, [] | [Op::Key { .. }]);
        !self.has_pieces && group.iter().all(of_one_row)
    }

    /// Whether nothing changes.
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.values().all(Change::is_nothing)
    }

    /// What the changed keys are bound to.
    pub(crate) fn before(&self, tree: &Tree) -> Result<Vec<Binding<IVec>>> {
        let old = |(key, change): (&IVec, &Change)| {
            let value = match &change.old {
                Old::Read(value) => value.clone(),
                Old::Unread => tree.get(key).map_err(engine)?,
            };
            Ok(Binding { key: key.clone(), value })
        };
        self.real().map(old).collect()
    }

    /// The changes, as sled takes them.
    pub(crate) fn batch(&self) -> Batch {
        let mut batch = Batch::default();
        for (key, change) in self.real() {
            match &change.new {
                Some(value) => batch.insert(key.clone(), value.clone()),
                None => batch.remove(key.clone()),
            }
        }
        batch
    }

    /// Makes the changes one by one.
    pub(crate) fn apply_apart(&self, tree: &Tree) -> sled::Result<()> {
        for (key, change) in self.real() {
            match &change.new {
                Some(value) => tree.insert(key, value)?,
                None => tree.remove(key)?,
            };
        }
        Ok(())
    }

    fn real(&self) -> impl Iterator<Item = (&IVec, &Change)> {
        self.changes.iter().filter(|(_, change)| !change.is_nothing())
    }
}

fn binding((key, change): (&IVec, &Change)) -> Binding<IVec> {
    Binding { key: key.clone(), value: change.new.clone() }
}

impl Change {
    /// What was absent stays absent.
    fn is_nothing(&self) -> bool {
        self.new.is_none() && matches!(self.old, Old::Read(None))
    }
}
