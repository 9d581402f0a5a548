//! What other programs see in the file.

use std::os::unix::fs::PermissionsExt;

use persist_core::Table;
use persist_core::column::{Bytes, Integer, Real, Text};

use crate::Dir;

#[tokio::test]
async fn a_plainly_named_table_is_a_table_of_its_own_name_and_types() {
    let dir = Dir::new();
    let store = dir.open().await;
    let prices: Table<Text, Real> = store.table("prices").await.unwrap();
    prices.insert("tea", 2.5).await.unwrap();
    let counts: Table<Integer, Bytes> = store.table("counts").await.unwrap();
    counts.insert(-7, b"\0\xff").await.unwrap();
    store.close().await.unwrap();

    let other = dir.connect();
    let row =
        other.query_row("SELECT key, value, typeof(key), typeof(value) FROM prices", [], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, f64>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, String>(3)?,
            ))
        });
    assert_eq!(row.unwrap(), ("tea".into(), 2.5, "text".into(), "real".into()));
    let schema: String = other
        .query_row("SELECT sql FROM sqlite_schema WHERE name = 'prices'", [], |row| row.get(0))
        .unwrap();
    assert!(schema.contains("key TEXT NOT NULL PRIMARY KEY, value REAL NOT NULL"), "{schema}");
    let row = other.query_row("SELECT key, value FROM counts", [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
    });
    assert_eq!(row.unwrap(), (-7, vec![0, 255]));
}

#[tokio::test]
async fn names_that_sqlite_would_fold_or_refuse_stay_apart() {
    let dir = Dir::new();
    let store = dir.open().await;
    let names =
        ["mytable", "MyTable", "sqlite_x", "x\"; drop table y", " trailing ", "🫒", "select"];
    for (number, name) in (0..).zip(names) {
        let table: Table<Text, Integer> = store.table(name).await.unwrap();
        table.insert("me", number).await.unwrap();
    }
    store.close().await.unwrap();

    let store = dir.open().await;
    for (number, name) in (0..).zip(names) {
        let table: Table<Text, Integer> = store.table(name).await.unwrap();
        assert_eq!(table.get("me").await.unwrap(), Some(number), "{name:?}");
        assert_eq!(table.len().await.unwrap(), 1, "{name:?}");
    }
    let plain = |name| dir.connect().table_exists(None, name).unwrap();
    assert!(plain("mytable") && plain("select") && !plain(" trailing "));
}

#[tokio::test]
async fn a_table_of_somebody_else_is_left_alone() {
    let dir = Dir::new();
    dir.connect()
        .execute_batch("CREATE TABLE hits (a, b); INSERT INTO hits VALUES (1, 2)")
        .unwrap();
    let store = dir.open().await;
    let hits: Table<Text, Integer> = store.table("hits").await.unwrap();
    hits.insert("/", 1).await.unwrap();
    store.drop_table("hits").await.unwrap();
    store.close().await.unwrap();
    let theirs = dir.connect().query_row("SELECT a + b FROM hits", [], |row| row.get::<_, i64>(0));
    assert_eq!(theirs.unwrap(), 3);
}

#[tokio::test]
async fn new_files_are_private_to_their_owner() {
    let dir = Dir::new();
    let store = dir.open().await;
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    table.insert("k", 1).await.unwrap();
    for end in ["", "-wal", "-shm"] {
        let file = format!("{}{end}", dir.file().display());
        let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{file}");
    }
}

#[tokio::test]
async fn a_table_that_was_dropped_by_other_means_is_made_anew() {
    let dir = Dir::new();
    let store = dir.open().await;
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    table.insert("k", 1).await.unwrap();
    dir.connect().execute_batch("DROP TABLE t").unwrap();
    let error = table.get("k").await.unwrap_err();
    assert_eq!(error.kind(), persist_core::ErrorKind::NotFound, "{error}");
    let again: Table<Text, Integer> = store.table("t").await.unwrap();
    assert_eq!(again.get("k").await.unwrap(), None);
    again.insert("k", 2).await.unwrap();
    assert_eq!(again.get("k").await.unwrap(), Some(2));
}
