//! Transactions, defaults and watches that are dropped halfway.

use futures_util::StreamExt;
use persist_core::{Change, Error, Store};
use rand::RngExt;

use super::load::Load;
use crate::aid::polls::drop_after;
use crate::aid::tasks::ends;
use crate::aid::{all, numbers};
use crate::{Place, Subject};

/// A transaction that is dropped at a random poll is whole or not there, and holds up nobody.
pub async fn transactions<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let (left, right) = (numbers(&store, "left").await, numbers(&store, "right").await);
    let load = Load::on(&store).await;
    let tasks = (0..8_i64).map(|task| {
        let (store, left, right) = (store.clone(), left.clone(), right.clone());
        let mut rng = place.rng_of(task.cast_unsigned());
        tokio::spawn(async move {
            for round in 0..25 {
                let key = (task * 100 + round).to_string();
                let polls = rng.random_range(0..12);
                let transaction = store.transact(async |tx| {
                    let n = tx.update(&left, "n", |n| Some(n.unwrap_or(0) + 1)).await?;
                    tx.range(&right, ..).prefix("none").count().await?;
                    tokio::task::yield_now().await;
                    tx.insert(&right, &key, n.unwrap_or(0))
                });
                if let Some(Err(error)) = drop_after(polls, transaction).await {
                    assert!(error.is_retryable(), "{error}");
                }
            }
        })
    });
    ends(tasks).await;
    load.undisturbed().await;
    let both = store.transact(async |tx| {
        Ok::<_, Error>((tx.get(&left, "n").await?, tx.range(&right, ..).entries().await?))
    });
    let (n, rows) = both.await.unwrap();
    let mut told: Vec<i64> = rows.into_iter().map(|(_, n)| n).collect();
    told.sort_unstable();
    assert_eq!(
        told,
        (1..=n.unwrap_or(0)).collect::<Vec<_>>(),
        "each one is whole, and counts once"
    );
}

/// A default that is dropped while it is made is made by the next one; a variable works then.
pub async fn defaults<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let settings = Store::open(&store, "settings").await.unwrap();
    let mut rng = place.rng();
    for round in 0..60_u32 {
        let name = (round / 3).to_string();
        let default = move || async move {
            tokio::task::yield_now().await;
            round
        };
        let opened = settings.variable_with_async(&name, default);
        if let Some(variable) = drop_after(rng.random_range(0..6), opened).await {
            let before = variable.unwrap().get().await.unwrap();
            // A dropped addition may come after an update that found nothing to change.
            assert!(before % 1000 <= round, "{before} in round {round}");
        }
        let variable = settings.variable(&name, 1000_u32).await.unwrap();
        let update = variable.update(|n| n + 1000);
        drop_after(rng.random_range(0..4), update).await;
        assert_eq!(variable.update(|_| round).await.unwrap(), round);
    }
}

/// A watch that is polled a little, forgotten and polled again misses nothing.
pub async fn watches<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    let mut watch = table.watch(..);
    watch.ready().await.unwrap();
    let mut rng = place.rng();
    for n in 1..=60 {
        table.insert("n", n).await.unwrap();
        drop_after(1, table.watch(..).next()).await;
        let mut last = None;
        while last != Some(n) {
            if let Some(change) = drop_after(rng.random_range(0..3), watch.next()).await {
                let (_, change) = change.expect("it goes on").unwrap();
                last = match change {
                    Change::Added(new) | Change::Updated { new, .. } => Some(new),
                    Change::Removed { .. } => None,
                };
            } else {
                tokio::task::yield_now().await;
            }
        }
    }
    assert_eq!(all(table.range(..)).await, [("n".to_owned(), 60)]);
}
