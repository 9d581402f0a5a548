//! Serializable, between stores that know nothing of each other but through the server: single
//! writers (one statement each), group writers, and transactions.

use futures_util::future::join_all;
use persist_core::column::{Integer, Text};
use persist_core::{Committed, Error, Persist, Table};

use crate::support::{options, store};

type Numbers = Table<Text, Integer>;

const ROUNDS: usize = 60;

/// Two stores on one schema, with a table of each.
async fn pair(stem: &str) -> ([Persist; 2], [Numbers; 2]) {
    let (one, schema) = store(stem).await;
    let two = options(&schema).open().await.unwrap();
    let tables = [one.table("t").await.unwrap(), two.table("t").await.unwrap()];
    ([one, two], tables)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_update_is_lost_between_single_writers_groups_and_transactions() {
    let ([one, two], [t1, t2]) = pair("mixed").await;
    t1.insert("n", 0).await.unwrap();
    let alone = async {
        for _ in 0..ROUNDS {
            t1.update_or("n", 0, |n| n + 1).await.unwrap();
        }
    };
    let group = join_all((0..ROUNDS).map(|_| t2.update_or("n", 0, |n| n + 1)));
    let swaps = async {
        for _ in 0..ROUNDS {
            loop {
                let entry = t1.get_entry("n").await.unwrap();
                let next = entry.value().copied().unwrap_or_default() + 1;
                if entry.swap(Some(next)).await.unwrap() == persist_core::Swap::Done {
                    break;
                }
            }
        }
    };
    let transactions = async {
        for _ in 0..ROUNDS {
            // Others may have been quicker thirteen times.
            while increment(&two, &t2).await.is_err() {}
        }
    };
    let ((), done, (), ()) = tokio::join!(alone, group, swaps, transactions);
    assert!(done.iter().all(Result::is_ok));
    assert_eq!(t1.get("n").await.unwrap(), Some(4 * i64::try_from(ROUNDS).unwrap()));
    drop(one);
}

async fn increment(store: &Persist, table: &Numbers) -> Result<(), Error> {
    store
        .transact(|tx| {
            let table = table.clone();
            async move {
                let n = tx.get(&table, "n").await?.unwrap_or_default();
                tx.insert(&table, "n", n + 1)?;
                Ok::<_, Error>(())
            }
        })
        .await
}

/// Each of two transactions sees that the other's row is not there, and then makes its own: at
/// most one may be right. The absent rows are what row locks do not lock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn absences_stand() {
    let (stores, tables) = pair("absent").await;
    for round in 0..ROUNDS {
        let (a, b) = (format!("a{round}"), format!("b{round}"));
        let make = async |who: usize, other: &str, own: &str| {
            let table = tables[who].clone();
            let (other, own) = (other.to_owned(), own.to_owned());
            stores[who]
                .transact(move |tx| {
                    let (table, other, own) = (table.clone(), other.clone(), own.clone());
                    async move {
                        let free = tx.get(&table, &other).await?.is_none();
                        if free {
                            tx.insert(&table, &own, 1)?;
                        }
                        Ok::<_, Error>(free)
                    }
                })
                .await
                .unwrap()
        };
        let (one, two) = tokio::join!(make(0, &a, &b), make(1, &b, &a));
        assert!(one != two, "round {round}: {one} and {two}");
    }
    assert_eq!(tables[0].len().await.unwrap(), ROUNDS as u64);
}

/// A transaction that has listed a range commits only if nobody has added to it: neither a single
/// writer, nor a group, nor another transaction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_phantom_comes_between() {
    let (stores, tables) = pair("phantom").await;
    let claims: Numbers = stores[0].table("claims").await.unwrap();
    let adders = async {
        for n in 0..ROUNDS {
            let key = format!("k{n:04}");
            if n % 2 == 0 {
                tables[1].insert(&key, 1).await.unwrap();
            } else {
                let more = [format!("{key}a"), format!("{key}b"), format!("{key}c")];
                let added = join_all(more.iter().map(|key| tables[1].insert(key, 1))).await;
                added.into_iter().for_each(Result::unwrap);
            }
        }
    };
    let claimers = async {
        let mut claimed = 0;
        for n in 0..ROUNDS {
            let key = format!("claim{n:04}");
            let (table, claims) = (tables[0].clone(), claims.clone());
            let claim = stores[0].transact(move |tx| {
                let (table, claims, key) = (table.clone(), claims.clone(), key.clone());
                async move {
                    let count = tx.range(&table, ..).count().await?;
                    tokio::task::yield_now().await;
                    // What is claimed must be so at the moment of the commit.
                    tx.insert(&table, &format!("z{key}"), i64::try_from(count).unwrap())?;
                    tx.insert(&claims, &key, i64::try_from(count).unwrap())?;
                    Ok::<_, Error>(())
                }
            });
            claimed += i64::from(claim.await.is_ok());
        }
        claimed
    };
    let ((), claimed) = tokio::join!(adders, claimers);
    assert!(claimed > 0);
    // Each claim added a row to what it counted: no two of them can have counted the same.
    let mut counts = Vec::new();
    let met = claims.range("claim".."claim9").for_each(|_, count| {
        counts.push(count);
        std::future::ready(Ok::<_, Error>(()))
    });
    met.await.unwrap();
    let all = counts.len();
    counts.sort_unstable();
    counts.dedup();
    assert_eq!((counts.len(), i64::try_from(all).unwrap()), (all, claimed));
}

/// Two rows, of which one must stay positive: each transaction reads both and takes from one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_write_is_skewed() {
    let (stores, tables) = pair("skew").await;
    for round in 0..ROUNDS {
        tables[0].insert("x", 1).await.unwrap();
        tables[0].insert("y", 1).await.unwrap();
        let take = async |who: usize, key: &'static str| {
            let table = tables[who].clone();
            stores[who]
                .transact(move |tx| {
                    let table = table.clone();
                    async move {
                        let x = tx.get(&table, "x").await?.unwrap_or_default();
                        let y = tx.get(&table, "y").await?.unwrap_or_default();
                        if x + y == 2 {
                            tx.insert(&table, key, 0)?;
                        }
                        Ok::<_, Error>(())
                    }
                })
                .await
                .unwrap();
        };
        tokio::join!(take(0, "x"), take(1, "y"));
        let left =
            tables[0].get("x").await.unwrap().unwrap() + tables[0].get("y").await.unwrap().unwrap();
        assert_eq!(left, 1, "round {round}");
    }
}

/// Batches that write the same keys in other orders, and delete what others bind, end with one
/// batch's writes whole; and they do not deadlock for good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_are_whole_and_do_not_deadlock() {
    let (stores, tables) = pair("whole").await;
    let keys: Vec<String> = (0..8).map(|n| format!("k{n}")).collect();
    let write = async |who: usize| {
        for round in 0..ROUNDS {
            let value = i64::try_from(round * 2 + who).unwrap();
            let mut batch = stores[who].batch();
            let mut order: Vec<&String> = keys.iter().collect();
            order.rotate_left(round % 8);
            if who == 1 {
                order.reverse();
            }
            for key in order {
                if value % 5 == 0 {
                    batch.remove(&tables[who], key).unwrap();
                } else {
                    batch.insert(&tables[who], key, value).unwrap();
                }
            }
            assert_eq!(batch.commit().await.unwrap(), Committed::Applied);
        }
    };
    let look = async {
        for _ in 0..ROUNDS {
            let mut values = Vec::new();
            let met = tables[0].range(..).snapshot().for_each(|_, value| {
                values.push(value);
                std::future::ready(Ok::<_, Error>(()))
            });
            met.await.unwrap();
            assert!(values.is_empty() || values.len() == 8, "{values:?}");
            assert!(values.windows(2).all(|two| two[0] == two[1]), "{values:?}");
        }
    };
    tokio::join!(write(0), write(1), write(0), look);
}
