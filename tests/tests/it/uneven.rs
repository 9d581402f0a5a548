//! A good backend whose commits end at once or later, as it comes: updates guess which, and a
//! wrong guess must cost nothing but time.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use persist_conformance::{Ending, Place, Subject, laws, verdict};
use persist_core::backend::{Backend, Batch, Commit};
use persist_core::column::{Integer, Text};
use persist_core::{Result, Table};
use tokio::sync::Mutex;

use crate::broken::{PATIENCE, mem};
use crate::fault::{Fault, broken};

/// Lets every third commit wait, and those that were sent after it wait for it. Whoever reads
/// meanwhile does not see it yet.
#[derive(Default)]
struct Third(Arc<Mutex<u32>>);

impl Fault for Third {
    fn commit(&self, inner: &Arc<dyn Backend>, batch: Batch) -> BoxFuture<'static, Result<Commit>> {
        let (turn, commit) = (Arc::clone(&self.0), inner.commit(batch));
        async move {
            let mut sent = turn.lock().await;
            *sent += 1;
            if *sent % 3 == 0 {
                tokio::task::yield_now().await;
            }
            commit.await
        }
        .boxed()
    }
}

struct Uneven;

impl Subject for Uneven {
    async fn open(_place: &Path) -> Result<Arc<dyn Backend>> {
        Ok(broken(mem().await?, Third::default()))
    }
}

#[test]
fn updates_of_one_process_never_conflict() {
    const TASKS: u32 = 3;
    const EACH: u32 = 60;
    let counting = async |place: Place<Uneven>| {
        let store = place.open().await;
        let table: Table<Text, Integer> = store.table("t").await.unwrap();
        let calls = Arc::new(AtomicU32::new(0));
        // One task is alone for a while, then others come and go.
        let tasks = (0..TASKS).map(|task| {
            let (table, calls) = (table.clone(), Arc::clone(&calls));
            async move {
                for n in 0..EACH {
                    let calls = Arc::clone(&calls);
                    let counted = table.update_or("hot", 0, move |n| {
                        calls.fetch_add(1, Ordering::Relaxed);
                        n + 1
                    });
                    counted.await.unwrap();
                    for _ in 0..(task * n) % 7 {
                        tokio::task::yield_now().await;
                    }
                }
            }
        });
        futures_util::future::join_all(tasks).await;
        assert_eq!(table.get("hot").await.unwrap(), Some(i64::from(TASKS * EACH)));
        assert_eq!(calls.load(Ordering::Relaxed), TASKS * EACH, "a function ran twice");
    };
    assert_eq!(verdict::<Uneven, _, _>("", PATIENCE, counting), Ending::Kept);
}

#[test]
fn the_laws_of_updates_hold() {
    use laws::update::{decisions, hot_chain, many_keys, other_writers, tasks, toggles};
    assert_eq!(verdict::<Uneven, _, _>("", PATIENCE, tasks), Ending::Kept);
    assert_eq!(verdict::<Uneven, _, _>("", PATIENCE, many_keys), Ending::Kept);
    assert_eq!(verdict::<Uneven, _, _>("", PATIENCE, toggles), Ending::Kept);
    assert_eq!(verdict::<Uneven, _, _>("", PATIENCE, hot_chain), Ending::Kept);
    assert_eq!(verdict::<Uneven, _, _>("", PATIENCE, decisions), Ending::Kept);
    assert_eq!(verdict::<Uneven, _, _>("", PATIENCE, other_writers), Ending::Kept);
}
