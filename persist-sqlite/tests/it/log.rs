//! The write-ahead log: bounded under load, and held back by old snapshots only for so long.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::try_join_all;
use persist_core::column::{Bytes, Integer};
use persist_core::{Durability, ErrorKind, Persist, Table};

use crate::Dir;

const MIB: u64 = 1 << 20;

/// Overwrites the same few rows until about this much has gone through the log.
async fn churn(table: &Table<Integer, Bytes>, bytes: u64, salt: u8) {
    const VALUE: usize = 32 << 10;
    for round in 0..bytes / (VALUE as u64 * 32) {
        let mut value = vec![salt; VALUE];
        value[..8].copy_from_slice(&round.to_le_bytes());
        try_join_all((0..32).map(|key| table.insert(key, &value))).await.unwrap();
    }
}

fn log_length(dir: &Dir) -> u64 {
    std::fs::metadata(format!("{}-wal", dir.file().display())).map_or(0, |file| file.len())
}

async fn store(dir: &Dir) -> (Persist, Table<Integer, Bytes>) {
    let options = dir.options().durability(Durability::Relaxed);
    let store = options.snapshot_max_age(Duration::from_millis(600)).open().await.unwrap();
    let table = store.table("t").await.unwrap();
    (store, table)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_stays_bounded_under_sustained_load_with_readers() {
    let dir = Dir::new();
    let (_store, table) = store(&dir).await;
    stays_bounded(&dir, &table).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_stays_bounded_although_readers_keep_their_transactions() {
    let dir = Dir::new();
    let options = dir.options().durability(Durability::Relaxed).exclusive(true);
    let table = options.open().await.unwrap().table("t").await.unwrap();
    stays_bounded(&dir, &table).await;
}

async fn stays_bounded(dir: &Dir, table: &Table<Integer, Bytes>) {
    churn(table, 2 * MIB, 0).await;
    let reading = table.clone();
    let reader = tokio::spawn(async move {
        loop {
            let mut rows = reading.range(..).stream();
            while rows.next().await.is_some() {}
        }
    });
    let mut longest = 0;
    for salt in 0..16 {
        churn(table, 20 * MIB, salt).await;
        longest = longest.max(log_length(dir));
    }
    reader.abort();
    // 320 MiB went through it; it is written back at 64 MiB, and begins anew by 128.
    assert!(longest < 160 * MIB, "the log grew to {} MiB", longest / MIB);
}

#[tokio::test]
async fn an_old_snapshot_is_ended_and_the_log_begins_anew() {
    let dir = Dir::new();
    let (_store, table) = store(&dir).await;
    churn(&table, MIB, 0).await;
    let mut rows = table.range(..).snapshot().stream();
    rows.next().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(700)).await;
    let error = loop {
        match rows.next().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => break error,
            None => panic!("the snapshot outlived its age"),
        }
    };
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.to_string().contains("`snapshot_max_age` (600ms)"), "{error}");
    // Held all the while, it keeps the log no longer.
    for salt in 0..8 {
        churn(&table, 32 * MIB, salt).await;
    }
    assert!(log_length(&dir) < 160 * MIB, "the log grew to {} MiB", log_length(&dir) / MIB);
    drop(rows);
}
