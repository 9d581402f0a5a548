//! The contract of [`changes`](persist_core::backend::Backend::changes): at least one hint for every change.

use std::collections::HashSet;

use futures_util::StreamExt;
use persist_core::backend::{Cell, Changes, Commit, Expect, Hint, KeyRange, Op, Write};

use crate::aid::cells::{commit, get, int, op, put, put_op, table, text};
use crate::aid::{key, numbers};
use crate::{Place, Subject};

/// Each kind of change is hinted at, by its keys, its table, or as everything; a read after the
/// hint sees it.
pub async fn each_change<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let (t, other) = (table(&backend, "t").await, table(&backend, "other").await);
    let mut changes = backend.changes();
    let applied = |commit: Commit| assert_eq!(commit, Commit::Applied);
    for round in 0..5 {
        put(&backend, &t, text("a"), int(round)).await;
        hinted(&mut changes, &[("t", "a")]).await;
        assert!(get(&*backend, &t, text("a")).await == Some(int(round)));
        let put = |table, key: &str| put_op(table, text(key), int(1));
        let several = vec![put(&t, "b"), put(&other, "c"), put(&other, "d"), put(&t, "e")];
        applied(commit(&backend, several).await.unwrap());
        let all = [("t", "b"), ("other", "c"), ("other", "d"), ("t", "e")];
        hinted(&mut changes, &all).await;
        let delete = vec![op(&t, text("a"), Expect::Present, Write::Delete)];
        applied(commit(&backend, delete).await.unwrap());
        hinted(&mut changes, &[("t", "a")]).await;
        let clear = vec![Op::DeleteRange { table: other.clone(), range: KeyRange::all() }];
        applied(commit(&backend, clear).await.unwrap());
        hinted(&mut changes, &[("other", "c")]).await;
    }
    let front = numbers(&store, "t").await;
    front.update_or("a", 0, |n| n + 1).await.unwrap();
    hinted(&mut changes, &[("t", "a")]).await;
    assert!(backend.drop_table("other").await.unwrap());
    hinted(&mut changes, &[("other", "c")]).await;
}

/// Several listeners are told, each from its own beginning on.
pub async fn listeners<S: Subject>(place: Place<S>) {
    let backend = place.backend().await;
    let t = table(&backend, "t").await;
    let mut first = backend.changes();
    put(&backend, &t, text("a"), int(1)).await;
    let mut second = backend.changes();
    put(&backend, &t, text("b"), int(1)).await;
    hinted(&mut first, &[("t", "a"), ("t", "b")]).await;
    hinted(&mut second, &[("t", "b")]).await;
    drop(first);
    put(&backend, &t, text("c"), int(1)).await;
    hinted(&mut second, &[("t", "c")]).await;
}

/// A listener that does not listen misses nothing: either each key is named, or its table, or
/// everything. A large batch may be named by its table.
pub async fn overflow<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let mut changes = backend.changes();
    let front = numbers(&store, "t").await;
    let keys: Vec<String> = (0..3_000).map(key).collect();
    for chunk in keys.chunks(100) {
        let inserts = chunk.iter().map(|key| front.insert(key, 1));
        futures_util::future::try_join_all(inserts).await.unwrap();
    }
    let other = table(&backend, "other").await;
    let large = (3_000..4_000).map(|n| put_op(&other, text(key(n)), int(1)));
    assert_eq!(commit(&backend, large.collect()).await.unwrap(), Commit::Applied);
    let all: Vec<String> = (0..4_000).map(key).collect();
    let expected: Vec<_> = all
        .iter()
        .zip(0..)
        .map(|(key, n)| (if n < 3_000 { "t" } else { "other" }, &**key))
        .collect();
    hinted(&mut changes, &expected).await;
}

/// The stream ends when the store is closed, whether or not anybody is waiting on it.
pub async fn end<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let t = table(&backend, "t").await;
    let (mut waiting, late) = (backend.changes(), backend.changes());
    put(&backend, &t, text("a"), int(1)).await;
    hinted(&mut waiting, &[("t", "a")]).await;
    let waiting = tokio::spawn(async move { waiting.count().await });
    tokio::task::yield_now().await;
    store.close().await.unwrap();
    crate::aid::tasks::end(waiting).await;
    late.count().await;
    assert_eq!(backend.changes().count().await, 0);
    drop(backend);
}

/// Listens until each of these keys of tables has been hinted at.
async fn hinted(changes: &mut Changes, expected: &[(&str, &str)]) {
    let mut missing: HashSet<(&str, &str)> = expected.iter().copied().collect();
    while !missing.is_empty() {
        match changes.next().await.expect("hints while the store is open") {
            Hint::Everything => missing.clear(),
            Hint::Table(name) => missing.retain(|(table, _)| *table != &*name),
            Hint::Keys { table, keys } => {
                let named = |key: &str| keys.contains(&Cell::Text(key.to_owned()));
                missing.retain(|(of, key)| *of != &*table || !named(key));
            }
        }
    }
}
