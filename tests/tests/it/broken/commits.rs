//! Commits that do not judge or do not write what they should.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use persist_core::Result;
use persist_core::backend::{Backend, Batch, Commit, Expect, Op, Write};

use crate::broken::over_mem;
use crate::fault::Fault;

/// Changes the operations of a batch before the good backend gets them.
struct Altered(fn(&mut Vec<Op>));

impl Fault for Altered {
    fn commit(
        &self,
        inner: &Arc<dyn Backend>,
        mut batch: Batch,
    ) -> BoxFuture<'static, Result<Commit>> {
        (self.0)(&mut batch.ops);
        inner.commit(batch)
    }
}

/// Replaces expectations.
fn expecting(ops: &mut [Op], replace: impl Fn(&Expect) -> Option<Expect>) {
    for op in ops {
        if let Op::Key { expect, .. } = op
            && let Some(other) = replace(expect)
        {
            *expect = other;
        }
    }
}

/// A torn batch: only its first operation is applied.
fn first_only(ops: &mut Vec<Op>) {
    ops.truncate(1);
}

/// A lost update: writes do not care what was there.
fn ignores_equals(ops: &mut Vec<Op>) {
    expecting(ops, |expect| matches!(expect, Expect::Equals(_)).then_some(Expect::Any));
}

fn ignores_absent(ops: &mut Vec<Op>) {
    expecting(ops, |expect| matches!(expect, Expect::Absent).then_some(Expect::Any));
}

fn ignores_present(ops: &mut Vec<Op>) {
    expecting(ops, |expect| matches!(expect, Expect::Present).then_some(Expect::Any));
}

/// `Equals` that is content with any value.
fn any_value_equals(ops: &mut Vec<Op>) {
    expecting(ops, |expect| matches!(expect, Expect::Equals(_)).then_some(Expect::Present));
}

fn keeps_ranges(ops: &mut Vec<Op>) {
    ops.retain(|op| !matches!(op, Op::DeleteRange { .. }));
}

/// Of two writes to one key, the earlier one stands.
fn backwards(ops: &mut Vec<Op>) {
    ops.reverse();
}

fn deletes_nothing(ops: &mut Vec<Op>) {
    for op in ops {
        if let Op::Key { write, .. } = op
            && matches!(write, Write::Delete)
        {
            *write = Write::Nothing;
        }
    }
}

over_mem!(torn_batch: Altered(first_only) => atomic: side_by_side, visible: own_writes);
over_mem!(lost_update: Altered(ignores_equals)
    => isolated: conflict_tells, update: other_writers, honest: answers);
over_mem!(never_absent: Altered(ignores_absent) => isolated: judged_together, data: empty);
over_mem!(never_present: Altered(ignores_present) => atomic: all_or_nothing, honest: batches);
over_mem!(vague_equals: Altered(any_value_equals) => update: swaps, isolated: equals_is_exact);
over_mem!(kept_range: Altered(keeps_ranges) => atomic: in_order, cancel: batches);
over_mem!(wrong_order: Altered(backwards) => atomic: in_order, isolated: conflict_tells);
over_mem!(undead: Altered(deletes_nothing) => visible: own_writes, update: toggles);

/// Conflicts that do not tell the truth.
struct Liar(fn(Commit) -> Commit);

impl Fault for Liar {
    fn commit(&self, inner: &Arc<dyn Backend>, batch: Batch) -> BoxFuture<'static, Result<Commit>> {
        let lie = self.0;
        inner.commit(batch).map(move |ended| ended.map(lie)).boxed()
    }
}

fn finds_nothing(commit: Commit) -> Commit {
    match commit {
        Commit::Conflict { which, .. } => Commit::Conflict { which, found: None },
        Commit::Applied => Commit::Applied,
    }
}

fn always_the_first(commit: Commit) -> Commit {
    match commit {
        Commit::Conflict { found, .. } => Commit::Conflict { which: 0, found },
        Commit::Applied => Commit::Applied,
    }
}

over_mem!(conflict_without_value: Liar(finds_nothing) => isolated: judged_together);
over_mem!(conflict_of_another: Liar(always_the_first)
    => honest: batches, isolated: conflict_tells);
over_mem!(never_tells: Liar(|_| Commit::Applied) => honest: answers, update: swaps);
