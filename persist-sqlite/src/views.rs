//! Adopted tables that are open as different columns at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use persist_core::backend::{Batch, Op, TableHandle};

use crate::sql::SqlTable;

/// Whether a table is open as more than one pair of columns. Its views share this.
#[derive(Debug, Clone, Default)]
pub(crate) struct Views(Arc<AtomicBool>);

impl Views {
    /// Says that one more view is about to be opened.
    pub(crate) fn add_another(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn are_several(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The tables of a batch's operations that are open in several views, where one key is not one
/// cell.
pub(crate) fn in_several_views(batch: &Batch) -> impl Iterator<Item = &TableHandle> {
    batch.ops.iter().filter_map(table_of).filter(|table| {
        let sql = table.private::<SqlTable>().ok();
        sql.and_then(SqlTable::views).is_some_and(Views::are_several)
    })
}

fn table_of(op: &Op) -> Option<&TableHandle> {
    match op {
        Op::Key { table, .. } | Op::DeleteRange { table, .. } => Some(table),
        Op::Unchanged(_) => None,
    }
}
