//! Deciding and applying batches, through the few primitives of an engine's write transaction.

use std::collections::HashMap;

use crate::Result;
use crate::backend::{Batch, Cell, Commit, KeyRange, Mark, Op, TableHandle, Write};

/// An engine's open write transaction, which nobody else can write beside.
pub trait Transaction {
    /// What a key is bound to, the writes of this transaction included.
    ///
    /// # Errors
    /// Whatever the engine met.
    fn get(&mut self, table: &TableHandle, key: &Cell) -> Result<Option<Cell>>;

    /// Binds a key.
    ///
    /// # Errors
    /// Whatever the engine met.
    fn put(&mut self, table: &TableHandle, key: &Cell, value: &Cell) -> Result<()>;

    /// Unbinds a key; an absent one stays absent.
    ///
    /// # Errors
    /// Whatever the engine met.
    fn delete(&mut self, table: &TableHandle, key: &Cell) -> Result<()>;

    /// Unbinds all keys of a range.
    ///
    /// # Errors
    /// Whatever the engine met.
    fn delete_range(&mut self, table: &TableHandle, range: &KeyRange) -> Result<()>;

    /// Whether what the mark was taken of is still so.
    ///
    /// # Errors
    /// Whatever the engine met.
    fn stands(&mut self, mark: &Mark) -> Result<bool>;
}

/// Judges batches in turn, each on the state that the applied ones before it leave, and makes
/// their writes in `transaction`. The answers are in the order of the batches.
///
/// Writes are gathered first, so that of many writes to one key only the last reaches the
/// engine, and in the order of keys. A batch that conflicts leaves no trace.
///
/// # Errors
/// An error of the engine concerns the whole group: roll back, and judge the batches one by one
/// to find whose it is.
pub fn judge(transaction: &mut dyn Transaction, batches: &[Batch]) -> Result<Vec<Commit>> {
    if let [batch] = batches {
        return Ok(vec![alone(transaction, batch)?]);
    }
    let mut gathered = Gathered::default();
    let mut commits = Vec::with_capacity(batches.len());
    for batch in batches {
        let keys_only = batch.ops.iter().all(|op| matches!(op, Op::Key { .. }));
        commits.push(if keys_only {
            gathered.judge(transaction, batch)?
        } else {
            // Ranges and marks look at the engine, so it must have everything by then.
            gathered.flush(transaction)?;
            alone(transaction, batch)?
        });
    }
    gathered.flush(transaction)?;
    Ok(commits)
}

fn alone(transaction: &mut dyn Transaction, batch: &Batch) -> Result<Commit> {
    for (which, op) in batch.ops.iter().enumerate() {
        match op {
            Op::Key { table, key, expect, .. } if expect.reads() => {
                let found = transaction.get(table, key)?;
                if !expect.holds(found.as_ref()) {
                    return Ok(Commit::Conflict { which, found });
                }
            }
            Op::Unchanged(mark) if !transaction.stands(mark)? => {
                return Ok(Commit::Conflict { which, found: None });
            }
            Op::Key { .. } | Op::DeleteRange { .. } | Op::Unchanged(_) => {}
        }
    }
    for op in &batch.ops {
        match op {
            Op::Key { table, key, write: Write::Put(value), .. } => {
                transaction.put(table, key, value)?;
            }
            Op::Key { table, key, write: Write::Delete, .. } => transaction.delete(table, key)?,
            Op::DeleteRange { table, range } => transaction.delete_range(table, range)?,
            Op::Key { write: Write::Nothing, .. } | Op::Unchanged(_) => {}
        }
    }
    Ok(Commit::Applied)
}

/// Writes that the engine has not been given yet, newest for each key.
#[derive(Default)]
struct Gathered<'b> {
    writes: HashMap<(u64, &'b Cell), (&'b TableHandle, Option<&'b Cell>)>,
}

impl<'b> Gathered<'b> {
    fn judge(&mut self, transaction: &mut dyn Transaction, batch: &'b Batch) -> Result<Commit> {
        for (which, op) in batch.ops.iter().enumerate() {
            let Op::Key { table, key, expect, .. } = op else { continue };
            if !expect.reads() {
                continue;
            }
            if let Some((_, gathered)) = self.writes.get(&(table.id(), key)) {
                if !expect.holds(*gathered) {
                    return Ok(Commit::Conflict { which, found: gathered.cloned() });
                }
            } else {
                let found = transaction.get(table, key)?;
                if !expect.holds(found.as_ref()) {
                    return Ok(Commit::Conflict { which, found });
                }
            }
        }
        for op in &batch.ops {
            let Op::Key { table, key, write, .. } = op else { continue };
            let written = match write {
                Write::Put(value) => Some(value),
                Write::Delete => None,
                Write::Nothing => continue,
            };
            self.writes.insert((table.id(), key), (table, written));
        }
        Ok(Commit::Applied)
    }

    fn flush(&mut self, transaction: &mut dyn Transaction) -> Result<()> {
        let mut writes: Vec<_> = self.writes.drain().collect();
        writes.sort_unstable_by_key(|(place, _)| *place);
        for ((_, key), (table, written)) in writes {
            match written {
                Some(value) => transaction.put(table, key, value)?,
                None => transaction.delete(table, key)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::backend::{CellType, ColumnSpec, Expect, TableSpec};

    /// Counts what reaches the engine.
    #[derive(Default)]
    struct Counting {
        map: BTreeMap<Cell, Cell>,
        puts: usize,
    }

    impl Transaction for Counting {
        fn get(&mut self, _: &TableHandle, key: &Cell) -> Result<Option<Cell>> {
            Ok(self.map.get(key).cloned())
        }
        fn put(&mut self, _: &TableHandle, key: &Cell, value: &Cell) -> Result<()> {
            self.puts += 1;
            self.map.insert(key.clone(), value.clone());
            Ok(())
        }
        fn delete(&mut self, _: &TableHandle, key: &Cell) -> Result<()> {
            self.map.remove(key);
            Ok(())
        }
        fn delete_range(&mut self, _: &TableHandle, range: &KeyRange) -> Result<()> {
            self.map.retain(|key, _| !range.contains(key));
            Ok(())
        }
        fn stands(&mut self, _: &Mark) -> Result<bool> {
            Ok(false)
        }
    }

    fn table() -> TableHandle {
        let column = || ColumnSpec { cell: CellType::Integer, codec: String::new() };
        TableHandle::new(1, TableSpec::new("t", column(), column()), ())
    }

    fn int(integer: i64) -> Cell {
        Cell::Integer(integer)
    }

    #[test]
    fn a_chain_on_one_key_is_written_once() {
        let table = table();
        let step = |from: Option<i64>, to| {
            Batch::one(table.clone(), int(7), Expect::found(from.map(int)), Write::Put(int(to)))
        };
        let mut engine = Counting::default();
        let commits = judge(
            &mut engine,
            &[step(None, 1), step(Some(1), 2), step(Some(1), 9), step(Some(2), 3)],
        )
        .unwrap();
        let conflict = Commit::Conflict { which: 0, found: Some(int(2)) };
        assert_eq!(commits, [Commit::Applied, Commit::Applied, conflict, Commit::Applied]);
        assert_eq!((engine.puts, engine.map[&int(7)].clone()), (1, int(3)));
    }

    #[test]
    fn a_range_sees_what_was_gathered_before_it() {
        let table = table();
        let put = |key| Batch::one(table.clone(), int(key), Expect::Any, Write::Put(int(0)));
        let clear =
            Batch { ops: vec![Op::DeleteRange { table: table.clone(), range: KeyRange::all() }] };
        let mut engine = Counting::default();
        judge(&mut engine, &[put(1), put(2), clear, put(3)]).unwrap();
        assert_eq!(engine.map.keys().collect::<Vec<_>>(), [&int(3)]);
    }

    #[test]
    fn a_batch_that_conflicts_leaves_no_trace() {
        let table = table();
        let torn = Batch {
            ops: vec![
                Op::Key {
                    table: table.clone(),
                    key: int(1),
                    expect: Expect::Any,
                    write: Write::Put(int(1)),
                },
                Op::Key {
                    table: table.clone(),
                    key: int(2),
                    expect: Expect::Present,
                    write: Write::Nothing,
                },
            ],
        };
        for batches in [vec![torn.clone()], vec![torn, Batch::default()]] {
            let mut engine = Counting::default();
            let commits = judge(&mut engine, &batches).unwrap();
            assert_eq!(commits.first(), Some(&Commit::Conflict { which: 1, found: None }));
            assert!(engine.map.is_empty());
        }
    }
}
