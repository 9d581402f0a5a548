//! Updates among other writes to the same key.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use persist_core::Error;
use persist_core::backend::{Commit, Expect, Write};

use crate::aid::cells::{commit, get, int, op, table, text};
use crate::aid::numbers;
use crate::aid::tasks::ends;
use crate::{Place, Subject};

/// Updates on a hot key with plain inserts between them: each update builds on what an insert or
/// another update left, and none is lost or counted twice.
pub async fn hot_chain<S: Subject>(place: Place<S>) {
    const EPOCH: i64 = 1 << 20;
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    table.insert("hot", 0).await.unwrap();
    let updaters: Vec<_> = (0..8)
        .map(|_| {
            let table = table.clone();
            tokio::spawn(async move {
                let mut told = Vec::new();
                for _ in 0..40 {
                    told.push(table.update_or("hot", -1, |n| n + 1).await.unwrap());
                }
                told
            })
        })
        .collect();
    let inserter = {
        let table = table.clone();
        tokio::spawn(async move {
            for epoch in 1..=30 {
                table.insert("hot", epoch * EPOCH).await.unwrap();
                for _ in 0..5 {
                    tokio::task::yield_now().await;
                }
            }
        })
    };
    let told = ends(updaters).await.concat();
    ends([inserter]).await;
    let unique: HashSet<i64> = told.iter().copied().collect();
    assert_eq!(unique.len(), told.len(), "two updates were told the same number");
    let mut counts: HashMap<i64, i64> = HashMap::new();
    for value in &told {
        *counts.entry(value / EPOCH).or_default() += 1;
    }
    for (epoch, count) in counts {
        for n in 1..=count {
            let step = epoch * EPOCH + n;
            assert!(unique.contains(&step), "no update made {n} of {count} of epoch {epoch}");
        }
    }
}

/// Decisions are made on values that were really stored: of a stock, exactly as many are sold as
/// there were, while others restock; nobody who refuses saw anything but an empty stock.
pub async fn decisions<S: Subject>(place: Place<S>) {
    #[derive(Debug)]
    enum Shop {
        SoldOut(Option<i64>),
        Store(Error),
    }
    impl From<Error> for Shop {
        fn from(error: Error) -> Self {
            Self::Store(error)
        }
    }
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    table.insert("tea", 50).await.unwrap();
    let buyers: Vec<_> = (0..12)
        .map(|_| {
            let table = table.clone();
            tokio::spawn(async move {
                let mut bought = 0;
                for _ in 0..10 {
                    let bid = table.try_update("tea", |left| match left {
                        Some(left) if left > 0 => Ok(Some(left - 1)),
                        left => Err(Shop::SoldOut(left)),
                    });
                    match bid.await {
                        Ok(left) => {
                            assert!(left.is_some_and(|left| left >= 0), "{left:?} left");
                            bought += 1;
                        }
                        Err(Shop::SoldOut(left)) => assert_eq!(left, Some(0)),
                        Err(Shop::Store(error)) => panic!("{error}"),
                    }
                }
                bought
            })
        })
        .collect();
    let restocked = {
        let table = table.clone();
        tokio::spawn(async move {
            for _ in 0..10 {
                table.update_or("tea", 0, |left| left + 2).await.unwrap();
                tokio::task::yield_now().await;
            }
        })
    };
    let bought: i64 = ends(buyers).await.into_iter().sum();
    ends([restocked]).await;
    let left = table.get("tea").await.unwrap().expect("it is still listed");
    assert_eq!(bought + left, 70, "sold and left are what there was");
}

/// Writers that know nothing of this process's queue (here: straight through the contract) lose
/// nothing and make nothing be lost.
pub async fn other_writers<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let (t, raw) = (numbers(&store, "t").await, table(&backend, "t").await);
    let updaters: Vec<_> = (0..6)
        .map(|_| {
            let t = t.clone();
            tokio::spawn(async move {
                for _ in 0..30 {
                    t.update_or("hot", 0, |n| n + 1).await.unwrap();
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let others: Vec<_> = (0..3)
        .map(|_| {
            let (backend, raw) = (Arc::clone(&backend), raw.clone());
            tokio::spawn(async move {
                for _ in 0..20 {
                    let mut found = get(&*backend, &raw, text("hot")).await;
                    loop {
                        // Others come between the read and the write.
                        tokio::task::yield_now().await;
                        let next = match &found {
                            Some(persist_core::backend::Cell::Integer(n)) => n + 1,
                            _ => 1,
                        };
                        let expect = Expect::found(found);
                        let swap = op(&raw, text("hot"), expect, Write::Put(int(next)));
                        match commit(&backend, vec![swap]).await.unwrap() {
                            Commit::Applied => break,
                            Commit::Conflict { found: now, .. } => found = now,
                        }
                    }
                }
            })
        })
        .collect();
    ends(updaters).await;
    ends(others).await;
    assert_eq!(t.get("hot").await.unwrap(), Some(240));
}
