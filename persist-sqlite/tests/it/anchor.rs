//! The read transaction that is held while there is much reading: nobody is to suffer by it.

use std::time::{Duration, Instant};

use persist_core::column::{Bytes, Integer};
use persist_core::{Durability, Persist, Table};
use rusqlite::Connection;

use crate::Dir;

const MIB: u64 = 1 << 20;

async fn store(dir: &Dir) -> (Persist, Table<Integer, Bytes>) {
    let store = dir.options().durability(Durability::Relaxed).open().await.unwrap();
    let table = store.table("t").await.unwrap();
    table.insert(0, &[0; 100][..]).await.unwrap();
    (store, table)
}

/// Enough reading for the anchor to be wanted.
async fn read(table: &Table<Integer, Bytes>) {
    for _ in 0..500 {
        table.get(0).await.unwrap();
    }
}

/// Whether a reader keeps the log from beginning anew.
fn is_kept(other: &Connection) -> bool {
    let busy = other.query_row("PRAGMA wal_checkpoint(RESTART)", [], |row| row.get::<_, i64>(0));
    busy.unwrap() == 1
}

#[tokio::test]
async fn it_is_held_while_there_is_much_reading_and_let_go_afterwards() {
    let dir = Dir::new();
    let (_store, table) = store(&dir).await;
    let other = dir.connect();
    other.busy_timeout(Duration::ZERO).unwrap();
    assert!(!is_kept(&other), "nobody has read");

    let begin = Instant::now();
    let mut value = 0_u64;
    loop {
        // So that there is something in the log, without which no reader keeps it.
        value += 1;
        table.insert(0, &value.to_le_bytes()[..]).await.unwrap();
        read(&table).await;
        // No read is under way now.
        if is_kept(&other) {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "it is never held");
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!is_kept(&other), "nobody reads any more");
}

#[tokio::test]
async fn reads_see_what_others_have_just_written() {
    let dir = Dir::new();
    let (_store, table) = store(&dir).await;
    let other = dir.connect();
    for value in 0..300_u64 {
        let bytes = value.to_le_bytes();
        if value % 3 == 0 {
            table.insert(0, &bytes[..]).await.unwrap();
        } else {
            other.execute("UPDATE t SET value = ?1", [bytes]).unwrap();
        }
        for _ in 0..100 {
            assert_eq!(table.get(0).await.unwrap().unwrap(), bytes);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_of_another_writer_begins_anew() {
    let dir = Dir::new();
    let (_store, table) = store(&dir).await;
    let reading = tokio::spawn(async move {
        loop {
            table.get(0).await.unwrap();
        }
    });
    let other = dir.connect();
    other.busy_timeout(Duration::from_secs(10)).unwrap();
    other.pragma_update(None, "synchronous", "off").unwrap();
    // It writes the log back by itself, after each MiB or so, and then begins it anew when it
    // meets no reader.
    let mut longest = 0;
    for n in 0..96_u64 {
        let value = vec![u8::try_from(n).unwrap(); 1 << 20];
        other.execute("REPLACE INTO t VALUES (1, ?1)", [value]).unwrap();
        let log = std::fs::metadata(format!("{}-wal", dir.file().display())).unwrap().len();
        longest = longest.max(log);
    }
    reading.abort();
    assert!(longest < 64 * MIB, "the log grew to {} MiB", longest / MIB);
}
