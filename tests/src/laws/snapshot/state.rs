//! One consistent view, which holds nobody up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::{StreamExt, TryStreamExt};
use persist_core::backend::{Direction, KeyRange, Marking};
use persist_core::{Committed, Error, ErrorKind};

use crate::aid::cells::{rows, table};
use crate::aid::tasks::ends;
use crate::aid::{all, key, numbers};
use crate::{Place, Subject};

/// A snapshot stream shows the state of its first poll, whatever is written after it; streams
/// that begin later show what was written.
pub async fn one_state<S: Subject>(place: Place<S>) {
    const KEYS: usize = 700;
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    for number in 0..KEYS {
        table.insert(&key(number), 1).await.unwrap();
    }
    let mut old = table.range(..).snapshot().stream();
    let first = old.next().await.expect("a row").unwrap();
    let mut batch = store.batch();
    for number in (0..KEYS).step_by(2) {
        batch.insert(&table, &key(number), 2).unwrap();
        batch.remove(&table, &key(number + 1)).unwrap();
    }
    batch.insert(&table, "new", 2).unwrap();
    assert_eq!(batch.commit().await.unwrap(), Committed::Applied);
    let mut seen = vec![first];
    seen.extend(old.try_collect::<Vec<_>>().await.unwrap());
    let expected: Vec<_> = (0..KEYS).map(|number| (key(number), 1)).collect();
    assert!(seen == expected, "another state than that of the first poll");
    let mut now: Vec<_> = (0..KEYS).step_by(2).map(|number| (key(number), 2)).collect();
    now.push(("new".to_owned(), 2));
    assert!(all(table.range(..).snapshot()).await == now, "not what was written");
    table.clear().await.unwrap();
    assert_eq!(table.range(..).snapshot().count().await.unwrap(), 0);
}

/// Under transfers by batch, over two tables, every snapshot shows the same sum.
pub async fn consistent<S: Subject>(place: Place<S>) {
    const ACCOUNTS: i64 = 300;
    let (backend, store) = place.both().await;
    let tables = [numbers(&store, "left").await, numbers(&store, "right").await];
    let raw = [table(&backend, "left").await, table(&backend, "right").await];
    let mut batch = store.batch();
    for number in 0..300 {
        for table in &tables {
            batch.insert(table, &key(number), 100).unwrap();
        }
    }
    let _ = batch.commit().await.unwrap();
    let (done, moved) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let writers: Vec<_> = (0..3_usize)
        .map(|writer| {
            let (store, tables) = (store.clone(), tables.clone());
            let (done, moved) = (Arc::clone(&done), Arc::clone(&moved));
            tokio::spawn(async move {
                let (mut left, mut right, mut round) = (100, 100, 0);
                while !done.load(Ordering::Acquire) {
                    round += 1;
                    let mine = key(writer * 149);
                    (left, right) = (left - round, right + round);
                    let mut batch = store.batch();
                    batch.insert(&tables[0], &mine, left).unwrap();
                    batch.insert(&tables[1], &mine, right).unwrap();
                    assert_eq!(batch.commit().await.unwrap(), Committed::Applied);
                    moved.fetch_add(1, Ordering::AcqRel);
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for _ in 0..25 {
        let snapshot = backend.snapshot().await.unwrap();
        let mut sum = 0;
        for table in &raw {
            for (_, value) in rows(&*snapshot, table, KeyRange::all()).await {
                let persist_core::backend::Cell::Integer(value) = value else { panic!("{value}") };
                sum += value;
            }
            // Transfers happen between the two halves of what is read.
            let before = moved.load(Ordering::Acquire);
            while moved.load(Ordering::Acquire) < before + 2 {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(sum, 200 * ACCOUNTS, "a snapshot shows half of a transfer");
        let all = all(tables[0].range(..).snapshot()).await;
        assert_eq!(all.len(), 300);
    }
    done.store(true, Ordering::Release);
    ends(writers).await;
}

/// Writers get through while a snapshot is held, and later snapshots see what they wrote.
pub async fn writers_go_on<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let (t, raw) = (numbers(&store, "t").await, table(&backend, "t").await);
    t.insert("a", 0).await.unwrap();
    let held = backend.snapshot().await.unwrap();
    for number in 1..=100 {
        t.insert("a", number).await.unwrap();
        t.insert(&key(usize::try_from(number).unwrap()), number).await.unwrap();
    }
    let fresh = backend.snapshot().await.unwrap();
    let all = KeyRange::all();
    assert_eq!(held.count(&raw, &all, Marking::Skip).await.unwrap().value, 1);
    assert_eq!(fresh.count(&raw, &all, Marking::Skip).await.unwrap().value, 101);
}

/// The callback of an iteration over a snapshot may write to the same table, and does not meet
/// what it wrote.
pub async fn callback_writes<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    for number in 0..300 {
        table.insert(&key(number), 1).await.unwrap();
    }
    let mut met = 0;
    let iterated = table.range(..).snapshot().for_each(|name, value| {
        met += 1;
        let table = table.clone();
        async move {
            assert_eq!(value, 1, "{name} as it was");
            table.insert(&format!("{name}+"), 2).await?;
            table.update_or("k000299", 0, |n| n + 1).await?;
            Ok::<_, Error>(())
        }
    });
    iterated.await.unwrap();
    assert_eq!(met, 300);
    assert_eq!(table.get("k000299").await.unwrap(), Some(301));
    assert_eq!(table.len().await.unwrap(), 600);
}

/// Dropping a table never waits for a snapshot, which goes on to show it or answers `NotFound`.
pub async fn dropped_table<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let raw = table(&backend, "t").await;
    numbers(&store, "t").await.insert("a", 1).await.unwrap();
    let snapshot = backend.snapshot().await.unwrap();
    assert!(backend.drop_table("t").await.unwrap());
    numbers(&store, "t").await.insert("b", 2).await.unwrap();
    let all = KeyRange::all();
    match snapshot.scan(&raw, &all, Direction::Forward, 10, Marking::Skip).await {
        Ok(page) => {
            let rows: Vec<_> = page.value.rows.into_iter().map(Result::unwrap).collect();
            assert!(
                rows == [("a".to_owned(), 1)].map(|(key, value)| {
                    (
                        persist_core::backend::Cell::Text(key),
                        persist_core::backend::Cell::Integer(value),
                    )
                })
            );
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "{error}"),
    }
}
