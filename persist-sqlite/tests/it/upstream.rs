//! Defects of Ocsipersist on SQLite that must not come back.

use std::time::Duration;

use persist_core::column::{Integer, Real, Text};
use persist_core::{Error, ErrorKind, Table};

use crate::Dir;

#[tokio::test]
async fn an_iteration_whose_callback_adds_its_key_again_ends() {
    let dir = Dir::new();
    let store = dir.open().await;
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    for key in ["a", "b", "c", "d", "e"] {
        table.insert(key, 0).await.unwrap();
    }
    let mut calls = 0;
    let again = table.range(..).for_each(|key, value| {
        calls += 1;
        let (table, insert) = (table.clone(), table.insert(&key, value + 1));
        async move {
            insert.await?;
            table.remove("no such key").await?;
            Ok::<_, Error>(())
        }
    });
    again.await.unwrap();
    assert_eq!((calls, table.len().await.unwrap()), (5, 5));
}

#[tokio::test]
async fn a_table_name_is_never_sql() {
    let dir = Dir::new();
    dir.connect().execute_batch("CREATE TABLE secrets (x); CREATE TABLE victim (x)").unwrap();
    let store = dir.open().await;
    for name in [
        "leak as select * from secrets --",
        "x (key text, value text); drop table victim; --",
        "x; drop table victim",
        "a.b",
        "a-b",
        "\"quoted\"",
        "my table",
    ] {
        let table: Table<Text, Integer> = store.table(name).await.unwrap();
        table.insert("k", 1).await.unwrap();
        assert_eq!(table.range(..).count().await.unwrap(), 1, "{name:?}");
        assert_eq!(table.name(), name);
    }
    assert_eq!(store.tables().await.unwrap().len(), 7);
    let other = dir.connect();
    for table in ["secrets", "victim"] {
        assert!(other.table_exists(None, table).unwrap());
    }
    for table in ["leak", "x", "a"] {
        assert!(!other.table_exists(None, table).unwrap());
    }
}

#[tokio::test]
async fn names_that_differ_in_case_are_different_tables() {
    let dir = Dir::new();
    let store = dir.open().await;
    let mine: Table<Text, Integer> = store.table("MyTable").await.unwrap();
    let yours: Table<Text, Real> = store.table("mytable").await.unwrap();
    mine.insert("k", 1).await.unwrap();
    yours.insert("k", 2.5).await.unwrap();
    assert_eq!((mine.get("k").await.unwrap(), yours.get("k").await.unwrap()), (Some(1), Some(2.5)));
}

#[tokio::test]
async fn a_failed_first_use_does_not_spoil_the_table() {
    let dir = Dir::new();
    let store = dir.options().busy_timeout(Duration::from_millis(50)).open().await.unwrap();
    let other = dir.connect();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.table::<Text, Integer>("t").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    other.execute_batch("ROLLBACK").unwrap();
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    table.insert("k", 1).await.unwrap();
}

#[tokio::test]
async fn another_type_of_values_is_refused_and_not_coerced() {
    let dir = Dir::new();
    let store = dir.open().await;
    let reals: Table<Text, Real> = store.table("t").await.unwrap();
    reals.insert("k", 1.5).await.unwrap();
    let error = store.table::<Text, Text>("t").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SchemaMismatch, "{error}");
    assert!(error.to_string().contains("stored as real (real/1)"), "{error}");
    assert!(error.to_string().contains("asked for as text (text/1)"), "{error}");
}

#[tokio::test]
async fn what_is_not_a_number_is_refused_before_it_is_written() {
    let dir = Dir::new();
    let store = dir.open().await;
    let table: Table<Real, Real> = store.table("t").await.unwrap();
    assert_eq!(table.insert(f64::NAN, 0.0).await.unwrap_err().kind(), ErrorKind::InvalidKey);
    assert_eq!(table.insert(0.0, f64::NAN).await.unwrap_err().kind(), ErrorKind::Encode);
    assert!(table.is_empty().await.unwrap());
    table.insert(-0.0, 1.0).await.unwrap();
    table.insert(0.0, 2.0).await.unwrap();
    assert_eq!(table.len().await.unwrap(), 1);
}
