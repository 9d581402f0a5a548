//! Transactions: serializable over several tables, listings and absences included.

mod misuse;
mod races;

pub use misuse::{escaped, gives_up, nested, other_stores, table_behind_its_back};
pub use races::{absences, increments, one_state, phantoms, spawned, transfers, write_skew};

use persist_core::Error;

use crate::aid::{all, fails, numbers};
use crate::{Place, Subject};

/// Reads see the transaction's own writes, in listings too, and nobody else does before its end.
pub async fn own_writes<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let t = numbers(&store, "t").await;
    for (n, key) in (0..).zip(["a", "c", "e", "g"]) {
        t.insert(key, n).await.unwrap();
    }
    let (outside, spawned) = (t.clone(), t.clone());
    store
        .transact(async |tx| {
            tx.insert(&t, "b", 10)?;
            tx.insert(&t, "c", 20)?;
            tx.remove(&t, "e")?;
            tx.remove(&t, "nothing")?;
            assert_eq!(tx.get(&t, "b").await?, Some(10));
            assert_eq!(tx.get(&t, "e").await?, None);
            assert!(!tx.contains(&t, "e").await?);
            let keys =
                |rows: Vec<(String, i64)>| rows.into_iter().map(|(k, _)| k).collect::<String>();
            assert_eq!(keys(tx.range(&t, ..).entries().await?), "abcg");
            assert_eq!(keys(tx.range(&t, ..).limit(2).entries().await?), "ab");
            assert_eq!(keys(tx.range(&t, ..).rev().limit(2).entries().await?), "gc");
            assert_eq!(keys(tx.range(&t, "b".."g").entries().await?), "bc");
            assert_eq!(keys(tx.range(&t, ..).prefix("c").entries().await?), "c");
            assert_eq!(tx.range(&t, ..).count().await?, 4);
            assert_eq!(tx.range(&t, ..).limit(0).count().await?, 0);
            assert_eq!(tx.range(&t, "z".."a").count().await?, 0);
            assert_eq!(tx.update(&t, "g", |n| n.map(|n| n + 10)).await?, Some(13));
            assert_eq!(tx.update(&t, "b", |_| None).await?, None);
            tx.insert(&t, "b", 10)?;
            let seen = tokio::spawn(spawned.get("b")).await.unwrap()?;
            assert_eq!(seen, None, "others do not see what is not committed");
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    let found: Vec<_> = all(outside.range(..)).await;
    let expected = [("a", 0), ("b", 10), ("c", 20), ("g", 13)].map(|(key, n)| (key.to_owned(), n));
    assert_eq!(found, expected);
}

/// An error of the user ends a transaction, and nothing is written; so does a panic.
pub async fn aborts<S: Subject>(place: Place<S>) {
    #[derive(Debug, PartialEq)]
    enum Shop {
        Broke,
        Store,
    }
    impl From<Error> for Shop {
        fn from(_: Error) -> Self {
            Self::Store
        }
    }
    let store = place.open().await;
    let t = numbers(&store, "t").await;
    let refused = store.transact(async |tx| {
        tx.insert(&t, "a", 1)?;
        if tx.get(&t, "money").await?.is_none() {
            return Err(Shop::Broke);
        }
        Ok(())
    });
    assert_eq!(refused.await, Err(Shop::Broke));
    let (running, table) = (store.clone(), t.clone());
    let panicked = tokio::spawn(async move {
        running
            .transact(async |tx| {
                tx.insert(&table, "a", 1)?;
                tx.get(&table, "b").await?;
                let fails: fn() -> Result<(), Error> = || panic!("in the middle");
                fails()
            })
            .await
    });
    assert!(panicked.await.unwrap_err().is_panic());
    assert!(t.is_empty().await.unwrap());
    let bad = store.transact(async |tx| {
        tx.insert(&t, "a", 1)?;
        tx.insert(&t, "\0", 1)
    });
    fails(bad.await, persist_core::ErrorKind::InvalidKey);
    assert!(t.is_empty().await.unwrap());
    store.transact(async |tx| tx.insert(&t, "a", 1)).await.unwrap();
    assert_eq!(t.get("a").await.unwrap(), Some(1));
}
