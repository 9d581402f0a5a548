//! Other processes that hold the file, and the threads that wait for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use persist_core::column::{Bytes, Integer, Text};
use persist_core::{ErrorKind, Outcome, Table};

use crate::Dir;

#[tokio::test(flavor = "current_thread")]
async fn who_waits_for_a_lock_leaves_the_runtime_to_others_and_then_is_busy() {
    let dir = Dir::new();
    let store = dir.options().busy_timeout(Duration::from_millis(300)).open().await.unwrap();
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    let other = dir.connect();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let ticks = Arc::new(AtomicU32::new(0));
    let ticking = Arc::clone(&ticks);
    tokio::spawn(async move {
        loop {
            ticking.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    let error = table.insert("k", 1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    assert_eq!(error.outcome(), Outcome::NotApplied);
    assert!(error.is_retryable());
    assert!(error.to_string().contains("`busy_timeout`"), "{error}");
    assert!(ticks.load(Ordering::Relaxed) > 20, "the runtime stood still");
    assert_eq!(table.get("k").await.unwrap(), None, "reads are not held up");

    other.execute_batch("ROLLBACK").unwrap();
    table.insert("k", 1).await.unwrap();
}

#[tokio::test]
async fn a_writer_waits_until_the_other_has_finished() {
    let dir = Dir::new();
    let store = dir.open().await;
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    let other = dir.connect();
    other.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES ('other', 1)").unwrap();
    let update = tokio::spawn(table.update_or("other", 0, |n| n + 1));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!update.is_finished());
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(update.await.unwrap().unwrap(), 2);
}

#[tokio::test]
async fn large_values_come_whole_through_every_read() {
    let dir = Dir::new();
    let store = dir.options().readers(1).open().await.unwrap();
    let table: Table<Integer, Bytes> = store.table("t").await.unwrap();
    let size = |n: i64| usize::try_from(n).unwrap() * 100_000;
    for n in 0..12 {
        table.insert(n, &vec![7; size(n)]).await.unwrap();
    }
    for n in 0..12 {
        assert_eq!(table.get(n).await.unwrap().unwrap().len(), size(n));
    }
    let all = table.get_many(0..12).await.unwrap();
    assert!(all.iter().zip(0..).all(|(value, n)| value.as_ref().unwrap().len() == size(n)));
    for snapshot in [false, true] {
        let range = table.range(..).rev();
        let range = if snapshot { range.snapshot() } else { range };
        let lengths = range.fold(Vec::new(), |mut lengths, _, value| async move {
            lengths.push(value.len());
            persist_core::Result::<_, persist_core::Error>::Ok(lengths)
        });
        assert_eq!(lengths.await.unwrap(), (0..12).rev().map(size).collect::<Vec<_>>());
    }
}
