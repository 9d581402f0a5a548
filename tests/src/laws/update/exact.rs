//! Nothing is lost.

use std::collections::HashMap;

use persist_core::{Ref, Swap};
use rand::RngExt;

use crate::aid::tasks::ends;
use crate::aid::{key, numbers};
use crate::{Place, Subject};

/// Tasks that increment one key lose nothing, and each is told a number of its own.
pub async fn tasks<S: Subject>(place: Place<S>) {
    const TASKS: i64 = 16;
    const EACH: i64 = 40;
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let table = table.clone();
            tokio::spawn(async move {
                let mut told = Vec::new();
                for _ in 0..EACH {
                    told.push(table.update_or("hot", 0, |n| n + 1).await.unwrap());
                }
                assert!(told.is_sorted(), "a task sees its own updates in order");
                told
            })
        })
        .collect();
    let mut told = ends(tasks).await.concat();
    told.sort_unstable();
    assert_eq!(told, (1..=TASKS * EACH).collect::<Vec<_>>());
    assert_eq!(table.get("hot").await.unwrap(), Some(TASKS * EACH));
}

/// The same over one reference.
pub async fn references<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                // Opened by all at once.
                let counter = Ref::persistent(&store, "r", 0_u64).await.unwrap();
                let mut told = Vec::new();
                for _ in 0..20 {
                    told.push(counter.update(|n| n + 1).await.unwrap());
                }
                told
            })
        })
        .collect();
    let mut told = ends(tasks).await.concat();
    told.sort_unstable();
    assert_eq!(told, (1..=200).collect::<Vec<_>>());
}

/// Through several handles of one store.
pub async fn handles<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let mut tasks = Vec::new();
    for _ in 0..6 {
        let handle = store.handle().unwrap();
        let table = numbers(&handle, "t").await;
        tasks.push(tokio::spawn(async move {
            for _ in 0..30 {
                table.update_or("hot", 0, |n| n + 1).await.unwrap();
            }
            handle.close().await.unwrap();
        }));
    }
    ends(tasks).await;
    assert_eq!(numbers(&store, "t").await.get("hot").await.unwrap(), Some(180));
}

/// By compare and swap, of a read entry and of a value.
pub async fn swaps<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    let tasks: Vec<_> = (0..6)
        .map(|task| {
            let table = table.clone();
            tokio::spawn(async move {
                for _ in 0..15 {
                    if task % 2 == 0 {
                        while {
                            let entry = table.get_entry("hot").await.unwrap();
                            let next = entry.value().map_or(1, |n| n + 1);
                            // Others come between the read and the write.
                            tokio::task::yield_now().await;
                            entry.swap(Some(next)).await.unwrap() != Swap::Done
                        } {}
                    } else {
                        let mut expected = table.get("hot").await.unwrap();
                        let next = |n: Option<i64>| Some(n.map_or(1, |n| n + 1));
                        while let Swap::Found(found) =
                            table.compare_and_set("hot", expected, next(expected)).await.unwrap()
                        {
                            assert_ne!(found, expected, "it found what it expected");
                            expected = found;
                        }
                    }
                }
            })
        })
        .collect();
    ends(tasks).await;
    assert_eq!(table.get("hot").await.unwrap(), Some(90));
}

/// Over many keys, each total is right.
pub async fn many_keys<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    let tasks: Vec<_> = (0..12)
        .map(|task| {
            let (table, mut rng) = (table.clone(), place.rng_of(task));
            tokio::spawn(async move {
                let mut added: HashMap<String, i64> = HashMap::new();
                for _ in 0..8 {
                    let updates: Vec<_> = (0..5)
                        .map(|_| {
                            let (name, by) =
                                (key(rng.random_range(0..20)), rng.random_range(-9..10));
                            *added.entry(name.clone()).or_default() += by;
                            table.update_or(&name, 0, move |n| n + by)
                        })
                        .collect();
                    futures_util::future::try_join_all(updates).await.unwrap();
                }
                added
            })
        })
        .collect();
    let mut totals: HashMap<String, i64> = HashMap::new();
    for (name, by) in ends(tasks).await.into_iter().flatten() {
        *totals.entry(name).or_default() += by;
    }
    for (name, total) in totals {
        assert_eq!(table.get(&name).await.unwrap(), Some(total), "{name}");
    }
}

/// Updates that insert and remove by turns: after an even number there is nothing.
pub async fn toggles<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let table = table.clone();
            tokio::spawn(async move {
                let mut inserted = 0;
                for _ in 0..20 {
                    let now = table.update("a", |old| if old.is_none() { Some(1) } else { None });
                    inserted += i64::from(now.await.unwrap().is_some());
                }
                inserted
            })
        })
        .collect();
    let inserted: i64 = ends(tasks).await.into_iter().sum();
    assert_eq!(inserted, 100, "half of the updates inserted");
    assert_eq!(table.get("a").await.unwrap(), None);
}
