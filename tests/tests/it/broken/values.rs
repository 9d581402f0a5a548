//! Cells that do not come back as they went.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use persist_core::Result;
use persist_core::backend::{Backend, Batch, Cell, Commit, Op, Write};

use crate::broken::over_mem;
use crate::fault::Fault;

/// Changes keys and values on their way in.
struct Bent {
    key: fn(&mut Cell),
    value: fn(&mut Cell),
}

impl Fault for Bent {
    fn commit(
        &self,
        inner: &Arc<dyn Backend>,
        mut batch: Batch,
    ) -> BoxFuture<'static, Result<Commit>> {
        for op in &mut batch.ops {
            if let Op::Key { key, write, .. } = op {
                (self.key)(key);
                if let Write::Put(value) = write {
                    (self.value)(value);
                }
            }
        }
        inner.commit(batch)
    }
}

const GOOD: fn(&mut Cell) = |_| {};

fn trimmed(cell: &mut Cell) {
    if let Cell::Text(text) = cell {
        text.truncate(text.trim_end().len());
    }
}

/// As a C string ends.
fn until_nul(cell: &mut Cell) {
    if let Cell::Bytes(bytes) = cell
        && let Some(end) = bytes.iter().position(|byte| *byte == 0)
    {
        bytes.truncate(end);
    }
}

fn until_a_mib(cell: &mut Cell) {
    if let Cell::Bytes(bytes) = cell {
        bytes.truncate(1 << 20);
    }
}

/// Integers go through reals.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "the fault")]
fn imprecise(cell: &mut Cell) {
    if let Cell::Integer(integer) = cell {
        *integer = *integer as f64 as i64;
    }
}

fn basic_plane(cell: &mut Cell) {
    if let Cell::Text(text) = cell {
        *text = text.chars().map(|c| if c > '\u{ffff}' { '\u{fffd}' } else { c }).collect();
    }
}

over_mem!(trimmed_keys: Bent { key: trimmed, value: GOOD } => scan: order_of_text, data: characters);
over_mem!(cut_at_nul: Bent { key: until_nul, value: until_nul } => data: bytes, scan: order_of_bytes,
       objects: every_cell);
over_mem!(cut_at_a_mib: Bent { key: GOOD, value: until_a_mib } => data: value_limit);
over_mem!(imprecise_integers: Bent { key: imprecise, value: imprecise }
    => data: numbers, scan: order_of_integers);
over_mem!(basic_plane_only: Bent { key: basic_plane, value: basic_plane }
    => data: characters, scan: prefix_of_text);
