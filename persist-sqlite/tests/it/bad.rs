//! Files that are no stores, and settings that cannot be met.

use std::os::unix::fs::PermissionsExt;
use std::thread;

use futures_util::{StreamExt, TryStreamExt};
use persist_core::column::{Integer, Json, Text};
use persist_core::{Committed, ErrorKind, Table};
use persist_sqlite::Options;

use crate::Dir;

/// Opens a store that cannot be opened; the kind of the error and its message.
async fn refused(options: Options) -> (ErrorKind, String) {
    let error = options.open().await.unwrap_err();
    (error.kind(), error.to_string())
}

#[tokio::test]
async fn a_file_that_is_not_a_database() {
    let dir = Dir::new();
    let text = "this is no database, but a text of some length\n".repeat(40);
    std::fs::write(dir.file(), &text).unwrap();
    let (kind, message) = refused(dir.options()).await;
    assert_eq!(kind, ErrorKind::Corrupt);
    let expected = format!(
        "the SQLite file {}: this is not a SQLite database; check the path, or restore a copy",
        dir.file().display()
    );
    assert_eq!(message, expected);
    assert_eq!(std::fs::read_to_string(dir.file()).unwrap(), text);
}

#[tokio::test]
async fn a_missing_directory_a_missing_file_and_a_directory() {
    let dir = Dir::new();
    let missing = dir.path().join("no/such/dir/x.sqlite");
    let (kind, message) = refused(Options::new(&missing)).await;
    assert_eq!(kind, ErrorKind::Config);
    let expected = format!(
        "the SQLite file {}: its directory does not exist; create the directory first",
        missing.display()
    );
    assert_eq!(message, expected);

    for options in [dir.options().create(false), dir.options().read_only(true)] {
        let (kind, message) = refused(options).await;
        assert_eq!(kind, ErrorKind::Config);
        assert!(
            message.ends_with("it does not exist, and the settings forbid to create it"),
            "{message}"
        );
    }
    assert!(!dir.file().exists());

    let (kind, message) = refused(Options::new(dir.path())).await;
    assert_eq!(kind, ErrorKind::Config);
    assert!(message.ends_with("it is a directory; name a file in it"), "{message}");
}

#[tokio::test]
async fn settings_out_of_range() {
    let dir = Dir::new();
    assert_eq!(refused(dir.options().readers(0)).await.1, "`readers` must be at least 1");
    assert_eq!(refused(dir.options().snapshots(0)).await.1, "`snapshots` must be at least 1");
}

#[tokio::test]
async fn text_in_another_encoding_would_sort_otherwise() {
    let dir = Dir::new();
    dir.connect().execute_batch("PRAGMA encoding = 'UTF-16'; CREATE TABLE t (x)").unwrap();
    let (kind, message) = refused(dir.options()).await;
    assert_eq!(kind, ErrorKind::Config);
    assert!(message.ends_with("its text encoding is UTF-16le, and must be UTF-8"), "{message}");
}

#[tokio::test]
async fn a_store_opened_read_only_reads_and_refuses_to_write() {
    let dir = Dir::new();
    let store = dir.open().await;
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    table.insert("k", 1).await.unwrap();
    let reading = dir.options().read_only(true).open().await.unwrap();
    let same: Table<Text, Integer> = reading.table("t").await.unwrap();
    assert_eq!(same.get("k").await.unwrap(), Some(1));
    for error in [
        same.insert("k", 2).await.unwrap_err(),
        same.clear().await.unwrap_err(),
        reading.table::<Text, Text>("new").await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().contains("the store was opened read-only"), "{error}");
    }
    table.insert("k", 3).await.unwrap();
    assert_eq!(same.get("k").await.unwrap(), Some(3));
}

#[test]
fn a_file_without_the_right_to_write() {
    let dir = Dir::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = dir.open().await;
        let table: Table<Text, Integer> = store.table("t").await.unwrap();
        table.insert("k", 1).await.unwrap();
        store.close().await.unwrap();
    });
    std::fs::set_permissions(dir.file(), PermissionsExt::from_mode(0o444)).unwrap();
    std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let options = dir.options();
    let refusal = thread::spawn(move || {
        // Root may write everything, so this thread, and those that it starts, become nobody.
        if rustix::process::geteuid().is_root() {
            rustix::thread::set_thread_uid(rustix::process::Uid::from_raw(65534)).unwrap();
        }
        block_on(refused(options))
    });
    let (kind, message) = refusal.join().unwrap();
    assert_eq!(kind, ErrorKind::Config);
    assert!(message.contains("cannot be written"), "{message}");
    let value = dir.connect().query_row("SELECT value FROM t", [], |row| row.get::<_, i64>(0));
    assert_eq!(value.unwrap(), 1);
}

#[tokio::test]
async fn cells_that_others_have_spoilt_are_one_error_each() {
    let dir = Dir::new();
    let store = dir.open().await;
    let table: Table<Text, Json<u32>> = store.table("t").await.unwrap();
    for key in ["a", "b", "c", "d", "e"] {
        table.insert(key, &1).await.unwrap();
    }
    dir.connect()
        .execute_batch(
            "UPDATE t SET value = 'no json' WHERE key = 'b';
             UPDATE t SET value = CAST(x'ff' AS TEXT) WHERE key = 'c';
             UPDATE t SET key = CAST(x'64ff' AS TEXT) WHERE key = 'd'",
        )
        .unwrap();
    for key in ["b", "c"] {
        let error = table.get(key).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(
            error.to_string().starts_with(&format!("get: table \"t\", key {key:?}: ")),
            "{error}"
        );
    }
    let mut rows = table.range(..).stream();
    let mut met = Vec::new();
    loop {
        match rows.try_next().await {
            Ok(Some((key, _))) => met.push(key),
            Ok(None) => break,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Decode);
                met.push("bad".into());
            }
        }
    }
    assert_eq!(met, ["a", "bad", "bad", "bad", "e"]);
    let back: Vec<_> = table.range("e"..).rev().stream().try_collect().await.unwrap();
    assert_eq!(back, [("e".to_owned(), 1)]);
}

#[tokio::test]
async fn a_page_may_end_with_a_key_that_others_have_spoilt() {
    let dir = Dir::new();
    let store = dir.open().await;
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    let mut batch = store.batch();
    for n in 0..600 {
        batch.insert(&table, &format!("{n:03}"), n).unwrap();
    }
    assert_eq!(batch.commit().await.unwrap(), Committed::Applied);
    let spoil = "UPDATE t SET key = CAST(key || x'ff' AS TEXT) WHERE value NOT IN (0, 300, 599)";
    dir.connect().execute_batch(spoil).unwrap();
    for range in [table.range(..), table.range("000".."9"), table.range(..).snapshot()] {
        for range in [range, table.range("000"..).rev()] {
            let rows: Vec<_> = range.stream().take(1000).collect().await;
            assert_eq!(rows.len(), 600);
            let mut met: Vec<_> = rows.into_iter().flatten().map(|(_, value)| value).collect();
            met.sort_unstable();
            assert_eq!(met, [0, 300, 599]);
        }
    }
}

/// Runs a future where there is no runtime.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let waker = std::task::Waker::noop();
    let mut context = std::task::Context::from_waker(waker);
    loop {
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        thread::yield_now();
    }
}
