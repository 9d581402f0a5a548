//! Things that end while others are under way.

use std::sync::Mutex;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use persist_core::column::{Integer, Text};
use persist_core::{Change, Error, ErrorKind, Table, Tx};
use tokio::time::timeout;

use crate::Dir;

/// Long enough for anything that is not stuck.
const STUCK: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_that_begins_right_after_a_write_hears_of_other_processes() {
    let dir = Dir::new();
    let (mine, theirs) = (dir.open().await, dir.open().await);
    let my_table: Table<Text, Integer> = mine.table("t").await.unwrap();
    let their_table: Table<Text, Integer> = theirs.table("t").await.unwrap();
    for round in 0..30 {
        my_table.insert("mine", round).await.unwrap();
        let mut watch = my_table.watch_key("theirs");
        watch.ready().await.unwrap();
        their_table.insert("theirs", round).await.unwrap();
        let heard = timeout(STUCK, watch.next()).await.expect("the watch was not woken");
        match heard.unwrap().unwrap() {
            Change::Added(new) | Change::Updated { new, .. } => assert_eq!(new, round),
            Change::Removed { .. } => panic!("nothing was removed"),
        }
    }
}

#[tokio::test]
async fn a_table_that_nobody_waits_to_be_dropped_is_dropped_and_told() {
    let dir = Dir::new();
    let store = dir.open().await;
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    table.insert("k", 1).await.unwrap();
    let mut hints = dir.options().backend().await.unwrap().changes();
    drop(hints.next().now_or_never());
    let mut watch = table.watch(..);
    watch.ready().await.unwrap();
    assert!(store.drop_table("t").now_or_never().is_none(), "it takes a while");
    let told = timeout(STUCK, watch.next()).await.expect("nobody was told");
    assert_eq!(told.unwrap().unwrap_err().kind(), ErrorKind::NotFound);
    let again: Table<Text, Integer> = store.table("t").await.unwrap();
    again.insert("k", 2).await.unwrap();
    assert_eq!(again.get("k").await.unwrap(), Some(2));
}

#[tokio::test]
async fn a_transaction_that_is_over_holds_no_snapshot() {
    let dir = Dir::new();
    let store = dir.options().snapshots(2).open().await.unwrap();
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    let kept: Mutex<Vec<Tx>> = Mutex::default();
    for round in 0..6 {
        store
            .transact(async |tx| {
                kept.lock().unwrap().push(tx.clone());
                let n = tx.get(&table, "n").await?.unwrap_or(0);
                assert_eq!(n, round);
                tx.insert(&table, "n", n + 1)
            })
            .await
            .unwrap();
    }
    assert_eq!(kept.lock().unwrap().len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_waits_for_reads_that_are_under_way() {
    let dir = Dir::new();
    let store = dir.open().await;
    let table: Table<Integer, Integer> = store.table("t").await.unwrap();
    for thousand in 0..60 {
        let mut batch = store.batch();
        for n in 0..1000 {
            batch.insert(&table, thousand * 1000 + n, n).unwrap();
        }
        let _ = batch.commit().await.unwrap();
    }
    let mut snapshot = table.range(..).snapshot().stream();
    snapshot.next().await.unwrap().unwrap();
    let counts: Vec<_> = (0..8).map(|_| tokio::spawn(table.len())).collect();
    tokio::time::sleep(Duration::from_millis(2)).await;
    timeout(STUCK, store.close()).await.expect("closing hangs").unwrap();
    // The last connection to close removes the log: none is left.
    assert!(!dir.path().join("data.sqlite-wal").exists());
    for count in counts {
        match count.await.unwrap() {
            Ok(count) => assert_eq!(count, 60_000),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Closed, "{error}"),
        }
    }
    let left: Vec<Result<_, Error>> = snapshot.collect().await;
    assert!(left.last().is_some_and(Result::is_err), "the snapshot has ended with the store");
}
