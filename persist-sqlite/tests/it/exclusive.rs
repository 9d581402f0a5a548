//! A store that only one process writes.

use std::time::Duration;

use persist_core::column::{Integer, Text};
use persist_core::{ErrorKind, Persist, Table};
use persist_sqlite::Options;

use crate::Dir;

fn options(dir: &Dir) -> Options {
    dir.options().exclusive(true).busy_timeout(Duration::from_millis(200))
}

async fn store(dir: &Dir) -> (Persist, Table<Text, Integer>) {
    let store = options(dir).open().await.unwrap();
    let table = store.table("t").await.unwrap();
    (store, table)
}

#[tokio::test]
async fn others_may_read_but_not_write() {
    let dir = Dir::new();
    let (store, table) = store(&dir).await;
    let other = dir.connect();
    other.busy_timeout(Duration::ZERO).unwrap();
    for n in 1..=20 {
        table.insert("k", n).await.unwrap();
        let read = other.query_row("SELECT value FROM t", [], |row| row.get::<_, i64>(0));
        assert_eq!(read.unwrap(), n);
        let written = other.execute("UPDATE t SET value = 0", []);
        assert!(written.unwrap_err().to_string().contains("locked"));
        assert_eq!(table.get("k").await.unwrap(), Some(n));
    }
    store.close().await.unwrap();
    other.execute("UPDATE t SET value = 0", []).unwrap();
}

#[tokio::test]
async fn a_second_store_is_busy_and_says_why() {
    let dir = Dir::new();
    let first = store(&dir).await;
    let error = options(&dir).open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    assert!(error.to_string().contains("`exclusive = true` allows no other"), "{error}");
    first.0.close().await.unwrap();
    options(&dir).open().await.unwrap();
}

#[tokio::test]
async fn a_write_of_another_before_the_lock_is_held_is_seen() {
    let dir = Dir::new();
    drop(store(&dir).await.0.close().await);
    let other = dir.connect();
    other.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES ('other', 1)").unwrap();
    let opening = tokio::spawn(options(&dir).busy_timeout(Duration::from_secs(30)).open());
    other.execute_batch("COMMIT").unwrap();
    let store = opening.await.unwrap().unwrap();
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    assert_eq!(table.get("other").await.unwrap(), Some(1));
}

#[tokio::test]
async fn it_is_at_odds_with_reading_only() {
    let dir = Dir::new();
    let error = options(&dir).read_only(true).open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().contains("`exclusive`"), "{error}");
}
