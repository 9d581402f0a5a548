//! Law 1: an awaited write is seen by every later read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use persist_core::column::{Bytes, Text};
use persist_core::{Committed, Ref};
use tokio::task::JoinHandle;

use crate::aid::tasks::{apart, block_on, ends};
use crate::aid::{Numbers, all, key, numbers};
use crate::{Place, Subject};

/// Each way to write is seen by each way to read.
pub async fn own_writes<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    holds(&table, &[]).await;
    table.insert("a", 1).await.unwrap();
    holds(&table, &[("a", 1)]).await;
    assert!(table.insert_if_absent("b", 2).await.unwrap());
    holds(&table, &[("a", 1), ("b", 2)]).await;
    assert!(table.replace("a", 3).await.unwrap());
    holds(&table, &[("a", 3), ("b", 2)]).await;
    assert_eq!(table.update_or("b", 0, |n| n + 1).await.unwrap(), 3);
    holds(&table, &[("a", 3), ("b", 3)]).await;
    assert!(table.remove("a").await.unwrap());
    holds(&table, &[("b", 3)]).await;
    let mut batch = store.batch();
    batch.insert(&table, "c", 4).unwrap().remove(&table, "b").unwrap();
    assert_eq!(batch.commit().await.unwrap(), Committed::Applied);
    holds(&table, &[("c", 4)]).await;
    table.clear().await.unwrap();
    holds(&table, &[]).await;
}

/// What one handle writes, every other handle sees: of the same table opened again, of
/// [`Persist::handle`](persist_core::Persist::handle), from another thread.
pub async fn other_handles<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    let again = numbers(&store, "t").await;
    let apart_store = store.handle().unwrap();
    let other = numbers(&apart_store, "t").await;
    for round in 0..20 {
        table.insert("a", round).await.unwrap();
        assert_eq!(again.get("a").await.unwrap(), Some(round));
        assert_eq!(other.get("a").await.unwrap(), Some(round));
        let elsewhere = other.clone();
        let seen = apart(move || block_on(elsewhere.get("a"))).await;
        assert_eq!(seen.unwrap(), Some(round));
        other.insert("b", round).await.unwrap();
        assert_eq!(table.get("b").await.unwrap(), Some(round));
    }
}

/// Under load, whoever learns that a write was acknowledged sees it or a later one.
pub async fn under_load<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    let (published, done) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicBool::new(false)));
    let reads: Arc<[AtomicI64; 4]> = Arc::default();
    table.insert("hot", 0).await.unwrap();
    let readers: Vec<_> = (0..4_usize)
        .map(|reader| {
            let (table, published, done) =
                (table.clone(), Arc::clone(&published), Arc::clone(&done));
            let reads = Arc::clone(&reads);
            tokio::spawn(async move {
                let mut before = -1;
                while !done.load(Ordering::Acquire) {
                    let least = published.load(Ordering::Acquire);
                    let seen = match reader {
                        0 => table.get("hot").await.unwrap(),
                        1 => table.get_many(["cold", "hot"]).await.unwrap()[1],
                        2 => all(table.range("hot"..)).await.pop().map(|(_, value)| value),
                        _ => {
                            all(table.range("hot"..).snapshot()).await.pop().map(|(_, value)| value)
                        }
                    };
                    let seen = seen.expect("the key is always there");
                    assert!(seen >= least, "{seen} was read after {least} had been acknowledged");
                    // To read what was read before tells nothing.
                    if least > before {
                        before = least;
                        reads[reader].fetch_add(1, Ordering::AcqRel);
                    }
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let noise: Vec<_> = (0..2)
        .map(|task| {
            let (table, done) = (table.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let mut round = 0;
                while !done.load(Ordering::Acquire) {
                    round += 1;
                    table.insert(&format!("a{task}{}", key(round % 50)), 0).await.unwrap();
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let read_enough = || reads.iter().all(|reads| reads.load(Ordering::Acquire) > 50);
    let broken = || readers.iter().any(JoinHandle::is_finished);
    let mut value = 0;
    while value < 200 || !(read_enough() || broken()) {
        value += 1;
        table.insert("hot", value).await.unwrap();
        published.store(value, Ordering::Release);
        tokio::task::yield_now().await;
    }
    done.store(true, Ordering::Release);
    ends(readers).await;
    ends(noise).await;
}

/// References: what is set is read, through every handle to the same name.
pub async fn references<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let first = Ref::persistent(&store, "runs", 5_u64).await.unwrap();
    let second = Ref::persistent(&store, "runs", 9_u64).await.unwrap();
    assert_eq!(second.get().await.unwrap(), 5, "a value that is there beats a default");
    first.set(6).await.unwrap();
    assert_eq!(second.get().await.unwrap(), 6);
    assert_eq!(second.update(|n| n + 1).await.unwrap(), 7);
    assert_eq!(first.get().await.unwrap(), 7);
    let other = Ref::persistent(&store, "Runs", 0_u64).await.unwrap();
    assert_eq!(other.get().await.unwrap(), 0);
    let volatile = Ref::volatile(1_u64);
    assert_eq!(volatile.update(|n| n + 1).await.unwrap(), 2);
    assert_eq!(volatile.clone().get().await.unwrap(), 2);
}

/// Tables that are made and dropped are listed and not listed.
pub async fn tables<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let listed = async || {
        let infos = store.tables().await.unwrap();
        infos.into_iter().map(|info| info.spec.name).collect::<Vec<_>>()
    };
    assert_eq!(listed().await, [""; 0]);
    numbers(&store, "b").await;
    store.table::<Bytes, Text>("a").await.unwrap();
    assert_eq!(listed().await, ["a", "b"]);
    assert!(store.drop_table("b").await.unwrap());
    assert!(!store.drop_table("b").await.unwrap());
    assert_eq!(listed().await, ["a"]);
}

/// That every way to read shows exactly these bindings.
async fn holds(table: &Numbers, expected: &[(&str, i64)]) {
    for name in ["a", "b", "c"] {
        let value = expected.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        assert_eq!(table.get(name).await.unwrap(), value, "get {name}");
        assert_eq!(table.contains(name).await.unwrap(), value.is_some(), "contains {name}");
        assert_eq!(table.get_entry(name).await.unwrap().value(), value.as_ref(), "entry {name}");
    }
    let owned: Vec<_> = expected.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect();
    assert_eq!(all(table.range(..)).await, owned);
    assert_eq!(all(table.range(..).snapshot()).await, owned);
    assert_eq!(table.len().await.unwrap(), expected.len() as u64);
    assert_eq!(table.is_empty().await.unwrap(), expected.is_empty());
    assert_eq!(table.range(..).count().await.unwrap(), expected.len() as u64);
    let many = table.get_many(expected.iter().map(|(key, _)| *key)).await.unwrap();
    assert_eq!(many, expected.iter().map(|(_, value)| Some(*value)).collect::<Vec<_>>());
}
