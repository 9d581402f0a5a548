//! Transactions that are used as they should not be, and those that never win.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use persist_core::column::{Integer, Text};
use persist_core::{Error, ErrorKind, Tx};

use crate::aid::{fails, names, numbers};
use crate::{Place, Subject};

/// A transaction that others always overtake gives up after its retries, and names the key.
pub async fn gives_up<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let t = numbers(&store, "t").await;
    let attempts = AtomicU32::new(0);
    let always_late = store.transact(async |tx| {
        attempts.fetch_add(1, Ordering::SeqCst);
        let n = tx.get(&t, "contended").await?.unwrap_or(0);
        tokio::spawn(t.update_or("contended", 0, |n| n + 10)).await.unwrap()?;
        tx.insert(&t, "contended", n + 1)
    });
    let error = fails(always_late.await, ErrorKind::Conflict);
    names(&error, &["transact", "\"t\"", "\"contended\"", "14 attempts"]);
    assert!(error.is_retryable());
    assert_eq!(attempts.load(Ordering::SeqCst), 14);
    assert_eq!(t.get("contended").await.unwrap(), Some(140));
    let ranged = store.transact(async |tx| {
        let n = tx.range(&t, ..).count().await?;
        let key = format!("more{}", attempts.fetch_add(1, Ordering::SeqCst));
        tokio::spawn(t.insert(&key, 1)).await.unwrap()?;
        tx.insert(&t, "n", i64::try_from(n).unwrap())
    });
    names(&fails(ranged.await, ErrorKind::Conflict), &["\"t\""]);
}

/// A table that is used directly inside a transaction is refused, and says what to do.
pub async fn table_behind_its_back<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let t = numbers(&store, "t").await;
    t.insert("a", 1).await.unwrap();
    store
        .transact(async |tx| {
            let error = fails(t.get("a").await, ErrorKind::Misuse);
            names(&error, &["get", "\"t\"", "`Tx`"]);
            fails(t.insert("a", 2).await, ErrorKind::Misuse);
            fails(t.update("a", |_| None).await, ErrorKind::Misuse);
            fails(t.len().await, ErrorKind::Misuse);
            fails(t.range(..).count().await, ErrorKind::Misuse);
            fails(store.table::<Text, Integer>("u").await, ErrorKind::Misuse);
            let mut batch = store.batch();
            batch.insert(&t, "a", 3)?;
            fails(batch.commit().await, ErrorKind::Misuse);
            tx.insert(&t, "b", 2)
        })
        .await
        .unwrap();
    assert_eq!(t.get("a").await.unwrap(), Some(1));
    assert_eq!(t.get("b").await.unwrap(), Some(2));
}

/// A transaction inside another one of the same store is refused.
pub async fn nested<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let t = numbers(&store, "t").await;
    let inner = store.clone();
    let outer = store.transact(async |tx| {
        tx.insert(&t, "a", 1)?;
        inner.transact(async |tx| tx.insert(&t, "b", 1)).await
    });
    names(&fails(outer.await, ErrorKind::Misuse), &["transact", "nest"]);
    assert!(t.is_empty().await.unwrap());
}

/// A transaction that left its attempt is closed.
pub async fn escaped<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let t = numbers(&store, "t").await;
    let escaped: Mutex<Option<Tx>> = Mutex::new(None);
    store
        .transact(async |tx| {
            *escaped.lock().unwrap() = Some(tx.clone());
            tx.insert(&t, "a", 1)
        })
        .await
        .unwrap();
    let tx = escaped.lock().unwrap().take().unwrap();
    fails(tx.get(&t, "a").await, ErrorKind::Closed);
    fails(tx.insert(&t, "a", 2), ErrorKind::Closed);
    fails(tx.remove(&t, "a"), ErrorKind::Closed);
    fails(tx.range(&t, ..).count().await, ErrorKind::Closed);
    assert_eq!(t.get("a").await.unwrap(), Some(1));
}

/// Tables of another store are refused in a transaction; the other store itself may be used.
pub async fn other_stores<S: Subject>(place: Place<S>) {
    let (store, other) = (place.open().await, place.beside("other").open().await);
    let (t, theirs) = (numbers(&store, "t").await, numbers(&other, "t").await);
    store
        .transact(async |tx| {
            fails(tx.get(&theirs, "a").await, ErrorKind::Misuse);
            fails(tx.insert(&theirs, "a", 1), ErrorKind::Misuse);
            theirs.insert("a", 2).await?;
            let inner = other.transact(async |tx| {
                fails(t.get("a").await, ErrorKind::Misuse);
                fails(theirs.get("a").await, ErrorKind::Misuse);
                tx.insert(&theirs, "b", 3)
            });
            inner.await?;
            tx.insert(&t, "a", 1)?;
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    assert_eq!(theirs.get("b").await.unwrap(), Some(3));
    assert_eq!(t.get("a").await.unwrap(), Some(1));
}
