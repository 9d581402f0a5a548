//! The limits of snapshots.

use std::time::Duration;

use bytesize::ByteSize;
use persist_core::ErrorKind;
use persist_core::backend::{KeyRange, Marking};

use crate::Dir;
use crate::dir::{large, numbers, values};

#[tokio::test]
async fn one_too_many_is_busy_at_once() {
    let dir = Dir::new();
    let backend = dir.options().snapshots(2).backend().await.unwrap();
    let held = [backend.snapshot().await.unwrap(), backend.snapshot().await.unwrap()];
    let error = backend.snapshot().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert!(error.to_string().contains("raise `snapshots`"), "{error}");
    drop(held);
    backend.snapshot().await.unwrap();
}

#[tokio::test]
async fn a_snapshot_that_is_held_too_long_answers_timeout() {
    let dir = Dir::new();
    let options = dir.options().snapshot_max_age(Duration::from_millis(30));
    let backend = options.backend().await.unwrap();
    let store = persist_core::Persist::new(backend.clone());
    numbers(&store, "t").await.insert(1, 1).await.unwrap();
    let spec = store.tables().await.unwrap()[0].spec.clone();
    let table = backend.open_table(spec).await.unwrap();
    let snapshot = backend.snapshot().await.unwrap();
    let all = KeyRange::all();
    let error = loop {
        match snapshot.count(&table, &all, Marking::Skip).await {
            Ok(count) => assert_eq!(count.value, 1),
            Err(error) => break error,
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("snapshot_max_age"), "{error}");
}

#[tokio::test]
async fn what_is_kept_for_snapshots_has_a_limit() {
    let dir = Dir::new();
    let options = dir.options().snapshot_max_bytes(ByteSize::kib(100));
    let backend = options.backend().await.unwrap();
    let store = persist_core::Persist::new(backend.clone());
    let table = values(&store).await;
    table.insert("k", &large(1)).await.unwrap();
    let spec = store.tables().await.unwrap()[0].spec.clone();
    let handle = backend.open_table(spec).await.unwrap();
    let key = [persist_core::backend::Cell::Text("k".into())];
    let snapshot = backend.snapshot().await.unwrap();
    table.insert("k", &large(2)).await.unwrap();
    let found = snapshot.get(&handle, &key, Marking::Skip).await.unwrap();
    assert_eq!(found.value, [Some(persist_core::backend::Cell::Bytes(large(1)))]);
    // Only what was there when it was taken is kept, and no more than once.
    for number in 3..20 {
        table.insert("k", &large(number)).await.unwrap();
    }
    let found = snapshot.get(&handle, &key, Marking::Skip).await.unwrap();
    assert_eq!(found.value, [Some(persist_core::backend::Cell::Bytes(large(1)))]);
    let later = backend.snapshot().await.unwrap();
    for number in 0..10 {
        table.insert(&format!("k{number}"), &large(number)).await.unwrap();
        table.remove(&format!("k{number}")).await.unwrap();
    }
    for held in [snapshot, later] {
        let _ = held.get(&handle, &key, Marking::Skip).await;
    }
    let mut ended = false;
    let held = backend.snapshot().await.unwrap();
    for round in 0..20 {
        let mut batch = store.batch();
        for number in 0..20 {
            batch.insert(&table, &format!("b{number}"), &large(round)).unwrap();
        }
        let _ = batch.commit().await.unwrap();
        let others: Vec<_> = (0..1).map(|_| backend.snapshot()).collect();
        for other in others {
            let _ = other.await.unwrap();
        }
        ended |= held.get(&handle, &key, Marking::Skip).await.is_err();
    }
    let error = held.get(&handle, &key, Marking::Skip).await.unwrap_err();
    assert!(ended && error.kind() == ErrorKind::Timeout, "{error}");
}
