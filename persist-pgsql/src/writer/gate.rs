//! Which gates a group must pass, and how.

use std::collections::BTreeMap;

use persist_core::Result;
use persist_core::backend::{Batch, Expect, Op, Write};

use crate::sql::PgTable;

/// The gates of a group, in the order in which every commit passes them; true for those that are
/// passed exclusively.
pub(super) fn gates_of(group: &[Batch]) -> Result<BTreeMap<i32, bool>> {
    let mut gates = BTreeMap::new();
    for batch in group {
        for op in &batch.ops {
            let (table, exclusively) = match op {
                Op::Key { table, expect, write, .. } => {
                    (table, needs_absence(expect, write, batch.ops.len()))
                }
                Op::DeleteRange { table, .. } => (table, true),
                Op::Unchanged(mark) => (&mark.table, true),
            };
            *gates.entry(PgTable::of(table)?.id).or_default() |= exclusively;
        }
    }
    Ok(gates)
}

/// Whether the operation may rest on the absence of its row, which no row lock keeps, together
/// with others. By itself, a deletion of nothing took place when nothing was there.
fn needs_absence(expect: &Expect, write: &Write, operations: usize) -> bool {
    match expect {
        Expect::Absent => true,
        Expect::Any => matches!(write, Write::Delete) && operations > 1,
        Expect::Present | Expect::Equals(_) => false,
    }
}
