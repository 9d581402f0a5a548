//! Transactions that race.

use std::sync::Arc;

use persist_core::column::{Integer, Text};
use persist_core::{Error, Persist, Table};
use tokio::sync::Barrier;

use crate::aid::tasks::ends;
use crate::aid::{Numbers, all, numbers};
use crate::{Place, Subject};

/// Transfers over two tables keep the sum, and every transaction that only reads sees it.
pub async fn transfers<S: Subject>(place: Place<S>) {
    const ACCOUNTS: i64 = 6;
    let store = place.open().await;
    let tables = [numbers(&store, "left").await, numbers(&store, "right").await];
    for account in 0..ACCOUNTS {
        for table in &tables {
            table.insert(&account.to_string(), 100).await.unwrap();
        }
    }
    let movers = (0..8).map(|mover| {
        let (store, [left, right]) = (store.clone(), tables.clone());
        tokio::spawn(async move {
            for round in 0..15 {
                let (from, to) = ((mover + round) % ACCOUNTS, (mover * 3 + round) % ACCOUNTS);
                settle(&store, async |tx| {
                    let a = tx.get(&left, &from.to_string()).await?.unwrap();
                    let b = tx.get(&right, &to.to_string()).await?.unwrap();
                    tx.insert(&left, &from.to_string(), a - 1)?;
                    tx.insert(&right, &to.to_string(), b + 1)
                })
                .await;
            }
        })
    });
    let movers: Vec<_> = movers.collect();
    for _ in 0..40 {
        let sum = store.transact(async |tx| {
            let left = tx.range(&tables[0], ..).entries().await?;
            let right = tx.range(&tables[1], ..).entries().await?;
            Ok::<_, Error>(left.iter().chain(&right).map(|(_, n)| n).sum::<i64>())
        });
        assert_eq!(sum.await.unwrap(), 200 * ACCOUNTS);
    }
    ends(movers).await;
    let left: i64 = all(tables[0].range(..)).await.iter().map(|(_, n)| n).sum();
    assert_eq!(left, 100 * ACCOUNTS - 8 * 15);
}

/// Increments of one key by transactions and by updates lose nothing.
pub async fn increments<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let t = numbers(&store, "t").await;
    let tasks = (0..16_u32).map(|task| {
        let (store, t) = (store.clone(), t.clone());
        tokio::spawn(async move {
            for _ in 0..10 {
                if task % 4 == 0 {
                    t.update_or("n", 0, |n| n + 1).await.unwrap();
                    continue;
                }
                settle(&store, async |tx| {
                    let n = tx.get(&t, "n").await?.unwrap_or(0);
                    tx.insert(&t, "n", n + 1)
                })
                .await;
            }
        })
    });
    ends(tasks).await;
    assert_eq!(t.get("n").await.unwrap(), Some(160));
}

/// Of many that insert where they found nothing, one does: what was not there is judged too.
pub async fn phantoms<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let t: Table<Text, Integer> = numbers(&store, "t").await;
    for round in 0..10 {
        let begin = Arc::new(Barrier::new(6));
        let tasks = (0..6).map(|task| {
            let (store, t, begin) = (store.clone(), t.clone(), Arc::clone(&begin));
            tokio::spawn(async move {
                begin.wait().await;
                let (prefix, mine) = (format!("{round}/"), format!("{round}/{task}"));
                settle(&store, async |tx| {
                    if tx.range(&t, ..).prefix(&*prefix).count().await? == 0 {
                        tx.insert(&t, &mine, task)?;
                    }
                    Ok(())
                })
                .await;
            })
        });
        ends(tasks).await;
        let there = t.range(..).prefix(&*format!("{round}/")).count().await.unwrap();
        assert_eq!(there, 1, "in round {round}");
    }
}

/// Two that each look at both and take one away leave one.
pub async fn write_skew<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let t = numbers(&store, "on call").await;
    for round in 0..20 {
        for doctor in ["ann", "bob"] {
            t.insert(doctor, 1).await.unwrap();
        }
        let begin = Arc::new(Barrier::new(2));
        let leave = |doctor: &'static str| {
            let (store, t, begin) = (store.clone(), t.clone(), Arc::clone(&begin));
            tokio::spawn(async move {
                begin.wait().await;
                settle(&store, async |tx| {
                    let ann = tx.get(&t, "ann").await?.unwrap();
                    let bob = tx.get(&t, "bob").await?.unwrap();
                    if ann + bob > 1 {
                        tx.insert(&t, doctor, 0)?;
                    }
                    Ok(())
                })
                .await;
            })
        };
        ends([leave("ann"), leave("bob")]).await;
        let left: i64 = all(t.range(..)).await.iter().map(|(_, n)| n).sum();
        assert_eq!(left, 1, "in round {round}");
    }
}

/// Two that each write because the other's key is absent: one of them sees the other's.
pub async fn absences<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let tables = [numbers(&store, "a").await, numbers(&store, "b").await];
    for round in 0..20 {
        let key = round.to_string();
        let begin = Arc::new(Barrier::new(2));
        let claim = |mine: usize| {
            let (store, tables) = (store.clone(), tables.clone());
            let (begin, key) = (Arc::clone(&begin), key.clone());
            tokio::spawn(async move {
                begin.wait().await;
                settle(&store, async |tx| {
                    if tx.get(&tables[1 - mine], &key).await?.is_none() {
                        tx.insert(&tables[mine], &key, 1)?;
                    }
                    Ok(())
                })
                .await;
            })
        };
        ends([claim(0), claim(1)]).await;
        let claims = [&tables[0], &tables[1]].map(|table: &Numbers| table.get(&key));
        let claims = futures_util::future::try_join_all(claims).await.unwrap();
        assert_eq!(claims.iter().flatten().count(), 1, "in round {round}: {claims:?}");
    }
}

/// All reads of an attempt see the state of the first one, whatever is committed meanwhile.
pub async fn one_state<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let (a, b) = (numbers(&store, "a").await, numbers(&store, "b").await);
    a.insert("n", 1).await.unwrap();
    b.insert("n", 1).await.unwrap();
    let (other, others) = (store.clone(), (a.clone(), b.clone()));
    let seen = store.transact(async |tx| {
        let first = tx.get(&a, "n").await?;
        let mut batch = other.batch();
        batch.insert(&others.0, "n", 2)?.insert(&others.1, "n", 2)?.insert(&others.1, "m", 2)?;
        // In another task, since this one may not go past its transaction.
        let written = tokio::spawn(batch.commit()).await.unwrap();
        assert_eq!(written?, persist_core::Committed::Applied);
        let listed = tx.range(&b, ..).entries().await?;
        Ok::<_, Error>((first, tx.get(&b, "n").await?, listed))
    });
    assert_eq!(seen.await.unwrap(), (Some(1), Some(1), vec![("n".to_owned(), 1)]));
}

/// A transaction can be spawned, and many at once wait for each other's snapshots.
pub async fn spawned<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let t = numbers(&store, "t").await;
    let tasks = (0..64).map(|task| {
        let (store, t) = (store.clone(), t.clone());
        tokio::spawn(async move {
            let key = task.to_string();
            store
                .transact(async |tx| {
                    assert_eq!(tx.get(&t, &key).await?, None);
                    tokio::task::yield_now().await;
                    tx.insert(&t, &key, task)
                })
                .await
        })
    });
    for end in ends(tasks).await {
        end.unwrap();
    }
    assert_eq!(t.len().await.unwrap(), 64);
}

/// Runs a transaction until it is not refused for others' sake.
async fn settle<Fut>(store: &Persist, mut f: impl FnMut(persist_core::Tx) -> Fut + Send)
where
    Fut: Future<Output = Result<(), Error>> + Send,
{
    loop {
        match store.transact(&mut f).await {
            Err(error) if error.is_retryable() => {}
            end => return end.unwrap(),
        }
    }
}
