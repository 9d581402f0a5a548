//! The ways to read a range.

use std::ops::Bound;

use futures_util::TryStreamExt;
use persist_core::column::{Bytes, Integer};
use persist_core::{Error, ErrorKind, Table};

use crate::aid::{all, fails, key, keys, numbers};
use crate::{Place, Subject};

/// Inverted ranges, and equal bounds of which one is excluded, are empty to every way of reading.
pub async fn empty_ranges<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    for key in ["a", "b", "c"] {
        table.insert(key, 0).await.unwrap();
    }
    let (a, b) = ("a", "b");
    let empty = [
        (Bound::Included(b), Bound::Included(a)),
        (Bound::Excluded(b), Bound::Included(a)),
        (Bound::Included(b), Bound::Excluded(b)),
        (Bound::Excluded(b), Bound::Included(b)),
        (Bound::Excluded(b), Bound::Excluded(b)),
        (Bound::Excluded("c"), Bound::Unbounded),
        (Bound::Unbounded, Bound::Excluded(a)),
        (Bound::Excluded(a), Bound::Excluded(b)),
    ];
    for bounds in empty {
        assert_eq!(keys(table.range(bounds)).await, [""; 0], "{bounds:?}");
        assert_eq!(keys(table.range(bounds).rev().snapshot()).await, [""; 0], "{bounds:?}");
        assert_eq!(table.range(bounds).count().await.unwrap(), 0, "{bounds:?}");
        let mut batch = store.batch();
        batch.remove_range(&table, bounds).unwrap();
        let _ = batch.commit().await.unwrap();
    }
    assert_eq!(keys(table.range("b"..="b")).await, ["b"]);
    assert_eq!(table.len().await.unwrap(), 3, "deleting empty ranges deletes nothing");
}

/// Limits of every size, also several at once.
pub async fn limits<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table: Table<Integer, Integer> = store.table("t").await.unwrap();
    let mut batch = store.batch();
    for number in 0..700 {
        batch.insert(&table, number, -number).unwrap();
    }
    let _ = batch.commit().await.unwrap();
    for limit in [0, 1, 2, 255, 256, 257, 512, 513, 699, 700, 701, u64::MAX] {
        let count = usize::try_from(limit.min(700)).unwrap();
        let forward = keys(table.range(..).limit(limit)).await;
        assert_eq!(forward, (0..700).take(count).collect::<Vec<_>>());
        let backward = keys(table.range(..).rev().limit(limit).limit(u64::MAX)).await;
        assert_eq!(backward, (0..700).rev().take(count).collect::<Vec<_>>());
        assert_eq!(table.range(..).limit(limit).count().await.unwrap(), limit.min(700));
    }
    assert_eq!(keys(table.range(..).limit(3).limit(2).rev()).await, [699, 698]);
}

/// Pages have the size that was asked for, but the last, and none is empty.
pub async fn pages<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table: Table<Integer, Integer> = store.table("t").await.unwrap();
    let none: Vec<Vec<(i64, i64)>> = table.range(..).pages(3).try_collect().await.unwrap();
    assert!(none.is_empty());
    for number in 0..10 {
        table.insert(number, number).await.unwrap();
    }
    for (size, sizes) in
        [(0, vec![1; 10]), (1, vec![1; 10]), (3, vec![3, 3, 3, 1]), (5, vec![5, 5]), (99, vec![10])]
    {
        let pages: Vec<_> = table.range(..).pages(size).try_collect().await.unwrap();
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), sizes, "pages({size})");
        assert_eq!(pages.concat(), (0..10).map(|n| (n, n)).collect::<Vec<_>>());
    }
}

/// `fold` and `for_each` meet what `stream` meets, in its order, and stop at the first error.
pub async fn folds<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table: Table<Integer, Integer> = store.table("t").await.unwrap();
    for number in 0..10 {
        table.insert(number, number * number).await.unwrap();
    }
    let squares = table.range(2..5).rev().fold(Vec::new(), async |mut met, key, value| {
        met.push((key, value));
        Ok::<_, Error>(met)
    });
    assert_eq!(squares.await.unwrap(), [(4, 16), (3, 9), (2, 4)]);
    let mut met = 0;
    let stopped = table.range(..).for_each(|key, _| {
        met += 1;
        std::future::ready(if key < 3 { Ok(()) } else { Err(Error::closed()) })
    });
    fails(stopped.await, ErrorKind::Closed);
    assert_eq!(met, 4);
}

/// Values of 100 KiB, one of 3 MiB among them: every way of reading gets them all.
pub async fn large_values<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table: Table<Integer, Bytes> = store.table("t").await.unwrap();
    let value = |n: i64| vec![u8::try_from(n).unwrap(); if n == 7 { 3 << 20 } else { 100 << 10 }];
    for number in 0..25 {
        table.insert(number, &value(number)).await.unwrap();
    }
    for range in [table.range(..), table.range(..).snapshot()] {
        let rows = all(range).await;
        assert_eq!(rows.len(), 25);
        assert!(rows.iter().all(|(key, got)| *got == value(*key)), "another value");
    }
    let backward = keys(table.range(..).rev().limit(20)).await;
    assert_eq!(backward, (5..25).rev().collect::<Vec<_>>());
    let many = table.get_many((0..30).rev()).await.unwrap();
    for (number, got) in (0..30).rev().zip(many) {
        assert!(got == (number < 25).then(|| value(number)), "get_many {number}");
    }
    assert_eq!(table.len().await.unwrap(), 25);
    assert!(table.get(99).await.unwrap().is_none(), "{}", key(99));
}
