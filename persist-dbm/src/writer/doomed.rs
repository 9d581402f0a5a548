//! Removing the rows of dropped tables, a few at a time.

use std::time::{Duration, Instant};

use persist_core::Result;
use persist_core::backend::Direction;
use sled::{Batch, Tree};

use super::Writer;
use crate::error::engine;
use crate::keys;
use crate::view::View;

/// How many rows go away between two groups of writes.
const AT_ONCE: usize = 256;

/// Tables that were dropped and may have rows.
#[derive(Debug, Default)]
pub(crate) struct Doomed(Vec<u64>);

impl Doomed {
    pub(crate) fn new(tables: Vec<u64>) -> Self {
        Self(tables)
    }

    pub(super) fn add(&mut self, table: u64) {
        self.0.push(table);
    }
}

impl Writer {
    /// Removes some rows of a dropped table; when to go on, if there are more.
    pub(super) fn remove_doomed(&mut self) -> Option<Duration> {
        let table = *self.doomed.0.last()?;
        let state = &self.state;
        // Nobody reads these rows any more, in snapshots neither.
        let nothing = || Ok(Vec::new());
        let some = || state.engine.with(|tree| remove_some(tree, table));
        match state.overlay.apply(nothing, some) {
            Ok(true) => {}
            Ok(false) => drop(self.doomed.0.pop()),
            Err(error) => {
                state.engine.fail();
                tracing::error!(%error, "the rows of a dropped table cannot be removed");
                return None;
            }
        }
        self.unsynced.get_or_insert_with(Instant::now);
        (!self.doomed.0.is_empty()).then_some(Duration::ZERO)
    }
}

/// Whether there may be more.
fn remove_some(tree: &Tree, table: u64) -> Result<bool> {
    let view = View::new(tree, None);
    for span in [keys::all_rows(table), keys::all_pieces(table)] {
        let (rows, _) = view.step(&span, Direction::Forward, AT_ONCE)?;
        if !rows.is_empty() {
            let mut batch = Batch::default();
            for (key, _) in rows {
                batch.remove(key);
            }
            tree.apply_batch(batch).map_err(engine)?;
            return Ok(true);
        }
    }
    tree.remove(keys::dropped(table)).map_err(engine)?;
    Ok(false)
}
