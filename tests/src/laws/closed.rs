//! Law 12: the end of a store.

use std::sync::Arc;

use futures_util::StreamExt;
use persist_core::backend::{Direction, KeyRange, Marking};
use persist_core::column::{Bytes, Integer, Text};
use persist_core::{ErrorKind, Ref};

use crate::aid::cells::{commit, int, put_op, table, text};
use crate::aid::tasks::end;
use crate::aid::{fails, key, numbers};
use crate::{Place, Subject};

/// After `close`, everything that a handle and what was made from it can do is `Closed`.
pub async fn everything<S: Subject>(place: Place<S>) {
    const CLOSED: ErrorKind = ErrorKind::Closed;
    let store = place.open().await;
    let t = numbers(&store, "t").await;
    let counter = Ref::persistent(&store, "r", 0).await.unwrap();
    t.insert("a", 1).await.unwrap();
    let entry = t.get_entry("a").await.unwrap();
    let mut begun = t.range(..).stream();
    let mut batch = store.batch();
    batch.insert(&t, "b", 1).unwrap();
    let waiting = t.insert("c", 1);
    let clone = store.clone();
    store.close().await.unwrap();

    fails(t.get("a").await, CLOSED);
    fails(t.get_many(["a"]).await, CLOSED);
    fails(t.contains("a").await, CLOSED);
    fails(t.insert("a", 1).await, CLOSED);
    fails(waiting.await, CLOSED);
    fails(t.insert_if_absent("a", 1).await, CLOSED);
    fails(t.replace("a", 1).await, CLOSED);
    fails(t.remove("a").await, CLOSED);
    fails(t.update("a", |old| old).await, CLOSED);
    fails(t.update_or("a", 0, |old| old).await, CLOSED);
    fails(t.compare_and_set("a", None, None).await, CLOSED);
    fails(t.get_entry("a").await, CLOSED);
    fails(entry.swap(None).await, CLOSED);
    fails(t.len().await, CLOSED);
    fails(t.is_empty().await, CLOSED);
    fails(t.clear().await, CLOSED);
    fails(t.range(..).count().await, CLOSED);
    fails(begun.next().await.expect("an item"), CLOSED);
    fails(t.range(..).snapshot().stream().next().await.expect("an item"), CLOSED);
    fails(t.range(..).pages(2).next().await.expect("an item"), CLOSED);
    fails(batch.commit().await, CLOSED);
    fails(store.batch().commit().await, CLOSED);
    fails(counter.get().await, CLOSED);
    fails(counter.set(1).await, CLOSED);
    fails(counter.update(|n| n).await, CLOSED);
    fails(Ref::persistent(&store, "r", 0).await, CLOSED);
    fails(store.table::<Text, Bytes>("new").await, CLOSED);
    fails(store.drop_table("t").await, CLOSED);
    fails(store.tables().await, CLOSED);
    fails(store.handle(), CLOSED);
    fails(clone.tables().await, CLOSED);
}

/// Closing again does nothing; a clone is the same handle.
pub async fn twice<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let clone = store.clone();
    store.close().await.unwrap();
    store.close().await.unwrap();
    clone.close().await.unwrap();
    backend.close().await.unwrap();
    drop(clone);
    store.close().await.unwrap();
}

/// A handle of its own is closed apart: the others go on.
pub async fn apart<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let other = store.handle().unwrap();
    let (mine, theirs) = (numbers(&store, "t").await, numbers(&other, "t").await);
    mine.insert("a", 1).await.unwrap();
    let counter = Ref::persistent(&other, "r", 0).await.unwrap();
    store.close().await.unwrap();
    store.close().await.unwrap();
    fails(mine.get("a").await, ErrorKind::Closed);
    assert_eq!(theirs.get("a").await.unwrap(), Some(1));
    assert_eq!(counter.update(|n| n + 1).await.unwrap(), 1);
    drop((store, mine));
    theirs.insert("b", 1).await.unwrap();
    let third = other.handle().unwrap();
    drop((other, theirs, counter));
    assert_eq!(numbers(&third, "t").await.len().await.unwrap(), 2);
    third.close().await.unwrap();
}

/// The contract's own verbs are `Closed` after `close`, which may be called again; the last
/// front end's `close` closes the backend.
pub async fn contract<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let t = table(&backend, "t").await;
    let other = store.handle().unwrap();
    store.close().await.unwrap();
    assert!(backend.tables().await.is_ok(), "a handle is still open");
    other.close().await.unwrap();
    for _ in 0..2 {
        let all = KeyRange::all();
        fails(backend.get(&t, &[text("a")], Marking::Skip).await, ErrorKind::Closed);
        fails(backend.count(&t, &all, Marking::Take).await, ErrorKind::Closed);
        fails(
            backend.scan(&t, &all, Direction::Forward, 1, Marking::Skip).await,
            ErrorKind::Closed,
        );
        fails(commit(&backend, vec![put_op(&t, text("a"), int(1))]).await, ErrorKind::Closed);
        fails(backend.open_table(t.spec().clone()).await, ErrorKind::Closed);
        fails(backend.drop_table("t").await, ErrorKind::Closed);
        fails(backend.tables().await, ErrorKind::Closed);
        fails(backend.snapshot().await.map(drop), ErrorKind::Closed);
        assert!(backend.changes().next().await.is_none(), "hints of a closed store");
        backend.close().await.unwrap();
    }
}

/// Commits that were begun before `close` still end, each applied or refused; calls that race
/// with it are answered.
pub async fn under_load<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let t = numbers(&store, "t").await;
    let raw = table(&backend, "t").await;
    let mut held = backend.snapshot().await.ok();
    let writers: Vec<_> = (0..40)
        .map(|number| {
            let t = t.clone();
            tokio::spawn(async move {
                for round in 0..1_000 {
                    let ended = match (number + round) % 4 {
                        0 => t.get(&key(number)).await.map(drop),
                        1 => t.update_or("hot", 0, |n| n + 1).await.map(drop),
                        2 => t.range(..).limit(5).count().await.map(drop),
                        _ => t.insert(&key(number), 1).await,
                    };
                    if let Err(error) = ended {
                        assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
                        return;
                    }
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    while t.len().await.unwrap() < 5 {
        tokio::task::yield_now().await;
    }
    store.close().await.unwrap();
    for writer in writers {
        end(writer).await;
    }
    if let Some(snapshot) = held.take() {
        // Whatever it answers, it answers.
        let _ = snapshot.count(&raw, &KeyRange::all(), Marking::Skip).await;
    }
    fails(t.get("a").await, ErrorKind::Closed);
}

/// A handle may be dropped while others, and tables made from it, are in use.
pub async fn dropped<S: Subject>(place: Place<S>) {
    let backend = place.backend().await;
    let store = persist_core::Persist::new(Arc::clone(&backend));
    let t = numbers(&store, "t").await;
    let numbers = store.table::<Integer, Integer>("n").await.unwrap();
    drop(store);
    drop(backend);
    t.insert("a", 1).await.unwrap();
    drop(t);
    numbers.insert(1, 1).await.unwrap();
    assert_eq!(numbers.len().await.unwrap(), 1);
}
