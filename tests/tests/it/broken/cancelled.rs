//! Commits that do not bear being dropped.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use persist_core::Result;
use persist_core::backend::{Backend, Batch, Commit};
use tokio::sync::Semaphore;

use crate::broken::over_mem;
use crate::fault::Fault;

/// A batch belongs to its caller: it is applied in two steps, between which it may be dropped.
struct InTwoSteps;

impl Fault for InTwoSteps {
    fn commit(
        &self,
        inner: &Arc<dyn Backend>,
        mut batch: Batch,
    ) -> BoxFuture<'static, Result<Commit>> {
        let inner = Arc::clone(inner);
        async move {
            let rest = Batch { ops: batch.ops.split_off(batch.ops.len() / 2) };
            let first = inner.commit(batch).await?;
            tokio::task::yield_now().await;
            Ok(if first == Commit::Applied { inner.commit(rest).await? } else { first })
        }
        .boxed()
    }
}

/// A turn that is taken and, if the caller goes away, never given back.
struct Forgetful(Arc<Semaphore>);

impl Fault for Forgetful {
    fn commit(&self, inner: &Arc<dyn Backend>, batch: Batch) -> BoxFuture<'static, Result<Commit>> {
        let (turns, inner) = (Arc::clone(&self.0), Arc::clone(inner));
        async move {
            if let Ok(turn) = turns.acquire().await {
                turn.forget();
            }
            tokio::task::yield_now().await;
            let ended = inner.commit(batch).await;
            turns.add_permits(1);
            ended
        }
        .boxed()
    }
}

/// A commit that runs on the runtime of its caller, and ends with it.
struct Spawned;

impl Fault for Spawned {
    fn commit(&self, inner: &Arc<dyn Backend>, batch: Batch) -> BoxFuture<'static, Result<Commit>> {
        let commit = inner.commit(batch);
        async move { tokio::spawn(commit).await.unwrap() }.boxed()
    }
}

over_mem!(in_two_steps: InTwoSteps => cancel: batches);
over_mem!(briefly, forgotten_turn: Forgetful(Arc::new(Semaphore::new(1)))
    => cancel: singles);
over_mem!(needs_tokio: Spawned => runtime: foreign_executor);
