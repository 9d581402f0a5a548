//! A group while it is judged.

use persist_core::backend::{Cell, Direction, KeyRange, Mark, TableHandle};
use persist_core::engine::{Transaction, Witness};
use persist_core::{Error, ErrorKind, Result};
use sled::{IVec, Tree};

use crate::keys;
use crate::pending::{Old, Pending};
use crate::read::{Again, one};
use crate::tables::Place;
use crate::values::{self, Cut, PIECE, Stored};
use crate::view::View;

/// Writes are gathered in `pending`.
pub(super) struct Writing<'w> {
    tree: &'w Tree,
    pending: &'w mut Pending,
    witness: &'w Witness,
    /// The number of the next value in pieces.
    next_value: u64,
}

impl<'w> Writing<'w> {
    pub(super) fn new(
        tree: &'w Tree,
        pending: &'w mut Pending,
        witness: &'w Witness,
        next_value: u64,
    ) -> Self {
        Self { tree, pending, witness, next_value }
    }

    fn view(&self) -> View<'_> {
        View::pending(self.tree, self.pending)
    }

    /// Binds a row, or unbinds it.
    fn write(&mut self, place: &Place, key: IVec, value: Option<&Cell>) -> Result<()> {
        let current = self.view().get(&key)?;
        self.forget_pieces(place, current.as_ref());
        let new = value.map(|value| self.store(place, value));
        // If this group has changed it, what it was before is known already.
        self.pending.set(key, new, Old::Read(current));
        Ok(())
    }

    /// What a value's key is bound to; a large value is cut.
    fn store(&mut self, place: &Place, value: &Cell) -> IVec {
        if let Some(whole) = values::whole(value) {
            return whole;
        }
        let cut = Cut { number: self.next_value, length: value.len() as u64 };
        self.next_value += 1;
        for (piece, number) in values::bytes(value).chunks(PIECE).zip(0..) {
            let key = keys::piece(place.id, cut.number, number);
            self.pending.set_piece(key, Some(IVec::from(piece)), Old::Read(None));
        }
        cut.stored()
    }

    /// Removes the pieces of what a key was bound to, if there are any.
    fn forget_pieces(&mut self, place: &Place, stored: Option<&IVec>) {
        // What cannot be read has no pieces that could be found.
        let Some(Ok(Stored::Cut(cut))) = stored.map(|stored| Stored::parse(stored)) else { return };
        for number in 0..cut.pieces() {
            self.pending.set_piece(keys::piece(place.id, cut.number, number), None, Old::Unread);
        }
    }
}

impl Transaction for Writing<'_> {
    fn get(&mut self, table: &TableHandle, key: &Cell) -> Result<Option<Cell>> {
        one(&self.view(), table, key)
    }

    fn put(&mut self, table: &TableHandle, key: &Cell, value: &Cell) -> Result<()> {
        let place = Place::of(table)?;
        self.write(place, keys::row(place.id, key), Some(value))
    }

    fn delete(&mut self, table: &TableHandle, key: &Cell) -> Result<()> {
        let place = Place::of(table)?;
        self.write(place, keys::row(place.id, key), None)
    }

    fn delete_range(&mut self, table: &TableHandle, range: &KeyRange) -> Result<()> {
        let place = Place::of(table)?;
        let mut left = Some(keys::rows(place.id, range));
        while let Some(span) = left {
            let (rows, rest) = self.view().step(&span, Direction::Forward, usize::MAX)?;
            for (key, value) in rows {
                self.forget_pieces(place, Some(&value));
                self.pending.set(key, None, Old::Read(Some(value)));
            }
            left = rest;
        }
        Ok(())
    }

    fn stands(&mut self, mark: &Mark) -> Result<bool> {
        Place::of(&mark.table)?;
        let mut again = Again { view: self.view(), table: &mark.table };
        match self.witness.stands(mark, &mut again) {
            // What cannot be read is not what was read.
            Err(error) if error.kind() == ErrorKind::Decode => Ok(false),
            stands => stands.map_err(|error: Error| error.table(mark.table.name())),
        }
    }
}

#[cfg(test)]
mod tests {
    use persist_core::backend::{
        Batch, CellType, ColumnSpec, Commit, Expect, Op, TableSpec, Write,
    };
    use persist_core::engine::judge;

    use super::*;
    use crate::tables;

    /// Whether the rows that these puts write, to one key, may be written one by one.
    fn is_whole_in_parts(tree: &Tree, batches: &[&[usize]]) -> bool {
        let column = |cell| ColumnSpec { cell, codec: String::new() };
        let (key, value) = (column(CellType::Integer), column(CellType::Bytes));
        let table = tables::handle(1, TableSpec::new("t", key, value));
        let (mut pending, witness) = (Pending::default(), Witness::default());
        let mut writing = Writing::new(tree, &mut pending, &witness, 1 << 16);
        let op = |bytes: &usize| Op::Key {
            table: table.clone(),
            key: Cell::Integer(7),
            expect: Expect::Any,
            write: Write::Put(Cell::Bytes(vec![1; *bytes])),
        };
        let group: Vec<_> =
            batches.iter().map(|puts| Batch { ops: puts.iter().map(op).collect() }).collect();
        assert!(judge(&mut writing, &group).unwrap().iter().all(|c| *c == Commit::Applied));
        pending.apply_apart(tree).unwrap();
        pending.is_whole_in_parts(&group)
    }

    #[test]
    fn several_rows_of_a_batch_and_pieces_are_written_together() {
        let tree = sled::Config::new().temporary(true).open().unwrap();
        assert!(is_whole_in_parts(&tree, &[&[100], &[100]]));
        assert!(!is_whole_in_parts(&tree, &[&[100], &[100, 100]]));
        assert!(!is_whole_in_parts(&tree, &[&[3 * PIECE]]));
        assert!(!is_whole_in_parts(&tree, &[&[100]]), "pieces go away");
        assert!(is_whole_in_parts(&tree, &[&[100]]));
    }
}
