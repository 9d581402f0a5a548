//! Marks that are not judged.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use persist_core::Result;
use persist_core::backend::{Backend, Batch, Commit, KeyRange, Marked, Marking, Op, TableHandle};

use crate::broken::over_mem;
use crate::fault::Fault;

/// Marks always stand.
struct Credulous;

impl Fault for Credulous {
    fn commit(
        &self,
        inner: &Arc<dyn Backend>,
        mut batch: Batch,
    ) -> BoxFuture<'static, Result<Commit>> {
        batch.ops.retain(|op| !matches!(op, Op::Unchanged(_)));
        inner.commit(batch)
    }
}

/// Marks never stand.
struct Suspicious;

impl Fault for Suspicious {
    fn commit(&self, inner: &Arc<dyn Backend>, batch: Batch) -> BoxFuture<'static, Result<Commit>> {
        if let Some(which) = batch.ops.iter().position(|op| matches!(op, Op::Unchanged(_))) {
            return std::future::ready(Ok(Commit::Conflict { which, found: None })).boxed();
        }
        inner.commit(batch)
    }
}

/// Marks are judged before the writes, but not together with them.
struct TooEarly;

impl Fault for TooEarly {
    fn commit(
        &self,
        inner: &Arc<dyn Backend>,
        mut batch: Batch,
    ) -> BoxFuture<'static, Result<Commit>> {
        let inner = Arc::clone(inner);
        async move {
            let marks = |op: &Op| matches!(op, Op::Unchanged(_));
            let judged = batch.ops.iter().filter(|op| marks(op)).cloned().collect::<Vec<_>>();
            if !judged.is_empty() && inner.commit(Batch { ops: judged }).await? != Commit::Applied {
                let which = batch.ops.iter().position(marks).unwrap_or_default();
                return Ok(Commit::Conflict { which, found: None });
            }
            for _ in 0..5 {
                tokio::task::yield_now().await;
            }
            batch.ops.retain(|op| !marks(op));
            inner.commit(batch).await
        }
        .boxed()
    }
}

/// The mark of a count does not cover what was counted.
struct BlindCounts;

impl Fault for BlindCounts {
    fn count<'a>(
        &'a self,
        inner: &'a Arc<dyn Backend>,
        table: &'a TableHandle,
        range: &'a KeyRange,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<u64>>> {
        async move {
            let counted = inner.count(table, range, marking).await?;
            let none = inner.get(table, &[], marking).await?;
            Ok(Marked { value: counted.value, mark: none.mark })
        }
        .boxed()
    }
}

over_mem!(always_stand: Credulous
    => isolated: mark_of_keys mark_of_a_scan mark_of_a_page mark_of_a_count mark_of_a_snapshot no_write_skew);
over_mem!(never_stand: Suspicious => isolated: marks_stand);
over_mem!(judged_early: TooEarly => isolated: no_write_skew no_phantoms);
over_mem!(blind_counts: BlindCounts => isolated: mark_of_a_count no_phantoms);
