//! Every kind of runtime, and none.

use std::future::Future;

use futures_util::future::try_join_all;
use futures_util::{FutureExt, TryStreamExt};
use persist_core::{Committed, Error, Persist, Ref, Swap};
use tokio::runtime::{Builder, Runtime};

use crate::aid::tasks::{apart, block_on, end, ends};
use crate::aid::{all, key, numbers};
use crate::{Place, Subject};

/// Everything works on a current-thread runtime, also when many tasks wait at once.
pub async fn current_thread<S: Subject>(place: Place<S>) {
    apart(move || {
        current().block_on(async {
            let store = place.open().await;
            exercise(&store).await;
            let table = numbers(&store, "t").await;
            let tasks = (0..300).map(|n| {
                let table = table.clone();
                tokio::spawn(async move {
                    table.update_or("hot", 0, |n| n + 1).await.unwrap();
                    table.insert(&key(n), 1).await.unwrap();
                    table.range(..).snapshot().limit(3).count().await.map(drop)
                })
            });
            // Snapshots may be refused, at once; nothing else may.
            let ended = ends(tasks.collect::<Vec<_>>()).await;
            assert!(ended.iter().any(Result::is_ok));
            assert_eq!(table.get("hot").await.unwrap(), Some(300));
            store.close().await.unwrap();
        });
    })
    .await;
}

/// Futures of point operations may be spawned, and joined by the hundred.
pub async fn spawned<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    exercise(&store).await;
    let table = numbers(&store, "t").await;
    let inserts: Vec<_> = (0..100).map(|n| table.insert(&format!("s{n}"), n)).collect();
    try_join_all(inserts.into_iter().map(async |insert| tokio::spawn(insert).await.unwrap()))
        .await
        .unwrap();
    let updates = (0..100).map(|n| table.update_or(&key(n % 3), 0, |n| n + 1));
    try_join_all(updates).await.unwrap();
    let stream = tokio::spawn(table.range("s".."t").stream().try_collect::<Vec<_>>());
    assert_eq!(stream.await.unwrap().unwrap().len(), 100);
    let counts = ["k000000", "k000001", "k000002"].map(|name| table.get(name));
    assert_eq!(try_join_all(counts).await.unwrap(), [Some(34), Some(33), Some(33)]);
}

/// A store that was opened in one runtime is used from others after that one has ended.
pub async fn moved<S: Subject>(place: Place<S>) {
    apart(move || {
        for first in [current(), multi()] {
            let home =
                place.beside(if first.metrics().num_workers() == 1 { "one" } else { "many" });
            let (store, table, mut stream) = in_runtime(first, async {
                let store = home.open().await;
                let table = numbers(&store, "t").await;
                for n in 0..300 {
                    table.insert(&key(n), 1).await.unwrap();
                }
                // Begun here, never ended here.
                let left = table.update_or("hot", 0, |n| n + 1);
                crate::aid::polls::drop_after(1, left).await;
                let mut stream = table.range(..).stream();
                stream.try_next().await.unwrap().expect("a row");
                (store, table, stream)
            });
            in_runtime(multi(), async {
                assert!(table.len().await.unwrap() >= 300);
                while stream.try_next().await.unwrap().is_some() {}
                exercise(&store).await;
            });
            in_runtime(bare(), exercise(&store));
            // Begun in a runtime that ends, answered in another one.
            for _ in 0..20 {
                let read = in_runtime(multi(), async {
                    for n in 0..20 {
                        table.get(&key(n)).await.unwrap();
                    }
                    let mut read = Box::pin(table.get("hot"));
                    (read.as_mut().now_or_never(), read)
                });
                if let (None, read) = read {
                    assert!(in_runtime(current(), read).unwrap().is_none_or(|n| n == 1));
                }
            }
            in_runtime(current(), async {
                exercise(&store).await;
                store.close().await.unwrap();
            });
        }
    })
    .await;
}

/// A write that was begun in a runtime which ends is applied whole or not at all, and those that
/// wait elsewhere are not forgotten.
pub async fn ended_under_way<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let (left, right) = (numbers(&store, "left").await, numbers(&store, "right").await);
    for round in 0..20 {
        let (store, left, right) = (store.clone(), left.clone(), right.clone());
        let waiting = tokio::spawn(left.update_or("hot", 0, |n| n + 1));
        apart(move || {
            let runtime = current();
            for n in 0..10 {
                let mut batch = store.batch();
                batch.insert(&left, &key(n), round).unwrap();
                batch.insert(&right, &key(n), round).unwrap();
                runtime.spawn(batch.commit());
                runtime.spawn(left.update_or("mine", 0, |n| n + 1));
            }
            runtime.block_on(tokio::task::yield_now());
            // With everything under way.
            drop(runtime);
        })
        .await;
        assert_eq!(waiting.await.unwrap().unwrap(), round + 1);
    }
    // Of one state, since what was begun may still be on its way.
    let both = store.transact(async |tx| {
        let lefts = tx.range(&left, "k".."l").entries().await?;
        Ok::<_, persist_core::Error>((lefts, tx.range(&right, "k".."l").entries().await?))
    });
    let (lefts, rights) = both.await.unwrap();
    assert_eq!(lefts, rights);
    left.update_or("mine", 0, |n| n + 1).await.unwrap();
}

/// Everything works when it is polled by an executor that is not tokio's.
pub async fn foreign_executor<S: Subject>(place: Place<S>) {
    apart(move || {
        block_on(async {
            let store = place.open().await;
            exercise(&store).await;
            store.close().await.unwrap();
        });
    })
    .await;
}

/// A thread of a runtime may wait by itself, as code does that knows of no runtime, and holds up
/// nobody but who needs that thread.
pub async fn blocked_thread<S: Subject>(place: Place<S>) {
    apart(move || {
        multi().block_on(async {
            let store = place.open().await;
            let table = numbers(&store, "t").await;
            table.insert("a", 1).await.unwrap();
            for round in 0..3 {
                let others = (0..50).map(|_| table.get("a"));
                assert_eq!(try_join_all(others).await.unwrap(), [Some(1); 50], "{round}");
                let blocked = table.clone();
                let blocked = tokio::spawn(async move { block_on(blocked.get("a")) });
                assert_eq!(end(blocked).await.unwrap(), Some(1));
            }
            store.close().await.unwrap();
        });
    })
    .await;
}

/// One of each operation. May be run again.
async fn exercise(store: &Persist) {
    let (t, other) = (numbers(store, "exercise").await, numbers(store, "exercise 2").await);
    t.clear().await.unwrap();
    t.insert("a", 1).await.unwrap();
    assert!(t.insert_if_absent("b", 2).await.unwrap());
    assert!(t.replace("b", 3).await.unwrap());
    assert_eq!(t.update_or("c", 0, |n| n + 1).await.unwrap(), 1);
    assert_eq!(t.get_entry("c").await.unwrap().swap(None).await.unwrap(), Swap::Done);
    let mut batch = store.batch();
    batch.insert(&t, "d", 4).unwrap().insert(&other, "d", 4).unwrap();
    assert_eq!(batch.commit().await.unwrap(), Committed::Applied);
    assert!(t.remove("a").await.unwrap());
    let expected = [("b".to_owned(), 3), ("d".to_owned(), 4)];
    assert_eq!(all(t.range(..)).await, expected);
    assert_eq!(all(t.range(..).snapshot()).await, expected);
    assert_eq!(t.get_many(["b", "d"]).await.unwrap(), [Some(3), Some(4)]);
    assert_eq!(t.range("c"..).count().await.unwrap(), 1);
    let iterated = t.range(..).for_each(async |name, n| {
        t.insert(&name, n).await?;
        Ok::<_, Error>(())
    });
    iterated.await.unwrap();
    let counter = Ref::persistent(store, "exercise", 0).await.unwrap();
    assert!(counter.update(|n| n + 1).await.unwrap() > 0);
    assert!(store.drop_table("exercise 2").await.unwrap());
    assert!(!store.tables().await.unwrap().is_empty());
}

fn in_runtime<T>(runtime: Runtime, work: impl Future<Output = T>) -> T {
    let result = runtime.block_on(work);
    drop(runtime);
    result
}

fn current() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Without sockets and without a clock.
fn bare() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().expect("a runtime")
}

fn multi() -> Runtime {
    Builder::new_multi_thread().worker_threads(3).enable_all().build().expect("a runtime")
}
