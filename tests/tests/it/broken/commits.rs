//! Commits that do not judge or do not write what they should.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use persist_core::Result;
use persist_core::backend::{Backend, Batch, Commit, Expect, Op, Write};

use crate::broken::over_mem;
use crate::fault::Fault;

/// Changes the operations of a batch before the good backend gets them.
struct Altered(fn(Vec<Op>) -> Vec<Op>);

impl Fault for Altered {
    fn commit(&self, inner: &Arc<dyn Backend>, batch: Batch) -> BoxFuture<'static, Result<Commit>> {
        inner.commit(Batch { ops: (self.0)(batch.ops) })
    }
}

/// Replaces some expectations by another one.
fn expecting(mut ops: Vec<Op>, which: fn(&Expect) -> bool, other: &Expect) -> Vec<Op> {
    for op in &mut ops {
        if let Op::Key { expect, .. } = op
            && which(expect)
        {
            *expect = other.clone();
        }
    }
    ops
}

/// A torn batch: only its first operation is applied.
fn first_only(mut ops: Vec<Op>) -> Vec<Op> {
    ops.truncate(1);
    ops
}

/// A lost update: writes do not care what was there.
fn ignores_equals(ops: Vec<Op>) -> Vec<Op> {
    expecting(ops, |expect| matches!(expect, Expect::Equals(_)), &Expect::Any)
}

fn ignores_absent(ops: Vec<Op>) -> Vec<Op> {
    expecting(ops, |expect| matches!(expect, Expect::Absent), &Expect::Any)
}

fn ignores_present(ops: Vec<Op>) -> Vec<Op> {
    expecting(ops, |expect| matches!(expect, Expect::Present), &Expect::Any)
}

/// `Equals` that is content with any value.
fn any_value_equals(ops: Vec<Op>) -> Vec<Op> {
    expecting(ops, |expect| matches!(expect, Expect::Equals(_)), &Expect::Present)
}

fn keeps_ranges(mut ops: Vec<Op>) -> Vec<Op> {
    ops.retain(|op| !matches!(op, Op::DeleteRange { .. }));
    ops
}

/// Of two writes to one key, the earlier one stands.
fn backwards(mut ops: Vec<Op>) -> Vec<Op> {
    ops.reverse();
    ops
}

fn deletes_nothing(mut ops: Vec<Op>) -> Vec<Op> {
    for op in &mut ops {
        if let Op::Key { write, .. } = op
            && matches!(write, Write::Delete)
        {
            *write = Write::Nothing;
        }
    }
    ops
}

over_mem!(torn_batch: Altered(first_only) => atomic: side_by_side, visible: own_writes, objects: bulk);
over_mem!(lost_update: Altered(ignores_equals)
    => isolated: conflict_tells, update: other_writers, honest: answers);
over_mem!(never_absent: Altered(ignores_absent) => isolated: judged_together, data: empty,
       objects: one_binding links append_only);
over_mem!(never_present: Altered(ignores_present) => atomic: all_or_nothing, honest: batches);
over_mem!(vague_equals: Altered(any_value_equals) => update: swaps, isolated: equals_is_exact);
over_mem!(kept_range: Altered(keeps_ranges) => atomic: in_order, visible: own_writes);
over_mem!(wrong_order: Altered(backwards) => atomic: in_order, isolated: conflict_tells);
over_mem!(undead: Altered(deletes_nothing) => visible: own_writes, update: toggles, objects: test_and_set);

/// Conflicts that do not tell the truth.
struct Liar(fn(&mut Commit));

impl Fault for Liar {
    fn commit(&self, inner: &Arc<dyn Backend>, batch: Batch) -> BoxFuture<'static, Result<Commit>> {
        let (lie, commit) = (self.0, inner.commit(batch));
        async move {
            let mut ended = commit.await?;
            lie(&mut ended);
            Ok(ended)
        }
        .boxed()
    }
}

fn finds_nothing(commit: &mut Commit) {
    if let Commit::Conflict { found, .. } = commit {
        *found = None;
    }
}

fn always_the_first(commit: &mut Commit) {
    if let Commit::Conflict { which, .. } = commit {
        *which = 0;
    }
}

over_mem!(conflict_without_value: Liar(finds_nothing) => isolated: judged_together);
over_mem!(conflict_of_another: Liar(always_the_first)
    => honest: batches, isolated: conflict_tells);
over_mem!(never_tells: Liar(|commit| *commit = Commit::Applied) => honest: answers, update: swaps,
    objects: one_binding);
