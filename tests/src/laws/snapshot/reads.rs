//! The checks of the family `read` on the fixed state of a snapshot, while the store moves on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use persist_core::backend::{Backend, Batch, Cell, KeyRange, Op, Read, Write};
use persist_core::backend::{Expect, TableHandle};
use tokio::task::JoinHandle;

use crate::aid::tasks::end;
use crate::laws::read::checks;
use crate::laws::read::sample::Sample;
use crate::{Place, Subject};

/// As [`read::gets`](crate::laws::read::gets).
pub async fn gets<S: Subject>(place: Place<S>) {
    let backend = place.backend().await;
    let (samples, snapshot, churn) = Churn::over(&backend, Sample::all(&backend).await).await;
    for sample in &samples {
        checks::gets(&*snapshot, sample, &mut place.rng()).await;
    }
    churn.stop().await;
}

/// As [`read::scans`](crate::laws::read::scans).
pub async fn scans<S: Subject>(place: Place<S>) {
    let backend = place.backend().await;
    let (samples, snapshot, churn) = Churn::over(&backend, Sample::all(&backend).await).await;
    for sample in &samples {
        checks::scans(&*snapshot, sample, &mut place.rng()).await;
    }
    churn.stop().await;
}

/// As [`read::counts`](crate::laws::read::counts).
pub async fn counts<S: Subject>(place: Place<S>) {
    let backend = place.backend().await;
    let (samples, snapshot, churn) = Churn::over(&backend, Sample::all(&backend).await).await;
    for sample in &samples {
        checks::counts(&*snapshot, sample, &mut place.rng()).await;
    }
    churn.stop().await;
}

/// As [`read::budget`](crate::laws::read::budget).
pub async fn budget<S: Subject>(place: Place<S>) {
    let backend = place.backend().await;
    let large = vec![Sample::large(&backend).await];
    let (samples, snapshot, churn) = Churn::over(&backend, large).await;
    checks::budget(&*snapshot, &samples[0]).await;
    checks::gets(&*snapshot, &samples[0], &mut place.rng()).await;
    churn.stop().await;
}

/// Writers that change everything, from the moment of the snapshot on.
struct Churn {
    done: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Churn {
    async fn over(
        backend: &Arc<dyn Backend>,
        samples: Vec<Sample>,
    ) -> (Vec<Sample>, Arc<dyn Read>, Self) {
        let snapshot = backend.snapshot().await.unwrap();
        let done = Arc::new(AtomicBool::new(false));
        let changes: Vec<_> = samples.iter().map(changes).collect();
        for batch in changes.iter().flatten() {
            backend.commit(batch.clone()).await.unwrap();
        }
        let (backend, stopped) = (Arc::clone(backend), Arc::clone(&done));
        let task = tokio::spawn(async move {
            while !stopped.load(Ordering::Acquire) {
                for batch in changes.iter().flatten() {
                    backend.commit(batch.clone()).await.unwrap();
                    tokio::task::yield_now().await;
                }
            }
        });
        (samples, snapshot, Self { done, task })
    }

    async fn stop(self) {
        self.done.store(true, Ordering::Release);
        end(self.task).await;
    }
}

/// Batches that delete what a sample holds and bind what it does not hold, then the reverse.
fn changes(sample: &Sample) -> [Batch; 2] {
    let Sample { table, rows, absent } = sample;
    let value = rows.values().next().expect("a row").clone();
    let clear = || Op::DeleteRange { table: table.clone(), range: KeyRange::all() };
    let put = |key: &Cell| put(table, key, &value);
    let inverse = std::iter::once(clear()).chain(absent.iter().map(put)).collect();
    let same_keys = std::iter::once(clear()).chain(rows.keys().take(9).map(put)).collect();
    [Batch { ops: same_keys }, Batch { ops: inverse }]
}

fn put(table: &TableHandle, key: &Cell, value: &Cell) -> Op {
    let (table, key, write) = (table.clone(), key.clone(), Write::Put(value.clone()));
    Op::Key { table, key, expect: Expect::Any, write }
}
