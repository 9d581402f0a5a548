//! How the server finds rows.

use futures_util::TryStreamExt;
use persist_core::column::{Bytes, Integer};
use persist_core::{Committed, Persist, Table};

use crate::support::{connect, store, until};

const ROWS: i64 = 5000;

/// Everything that is done with some rows.
async fn use_rows(store: &Persist, table: &Table<Integer, Integer>, first: i64) {
    table.get(first).await.unwrap();
    table.get_many(first..first + 9).await.unwrap();
    table.range(first..).limit(9).stream().try_collect::<Vec<_>>().await.unwrap();
    table.range(first..first + 9).count().await.unwrap();
    table.insert(first, first).await.unwrap();
    table.update(first, |value| value.map(|value| value + 1)).await.unwrap();
    let mut batch = store.batch();
    for key in first..first + 9 {
        batch.insert(table, key, key).unwrap();
    }
    assert_eq!(batch.commit().await.unwrap(), Committed::Applied);
    let (store, table) = (store.clone(), table.clone());
    store
        .transact(move |tx| {
            let table = table.clone();
            async move {
                for key in first..first + 9 {
                    tx.update(&table, key, |value| value.map(|value| value + 1)).await?;
                }
                tx.range(&table, first..).limit(9).entries().await.map(drop)
            }
        })
        .await
        .unwrap();
}

/// A statement is planned once, and perhaps while the table has hardly a row.
#[tokio::test]
async fn rows_are_found_by_their_keys_however_small_the_table_was() {
    let (store, schema) = store("plans").await;
    let table: Table<Integer, Integer> = store.table("t").await.unwrap();
    for _ in 0..10 {
        use_rows(&store, &table, 1).await;
    }
    for begin in (0..ROWS).step_by(500) {
        let mut batch = store.batch();
        for key in begin..begin + 500 {
            batch.insert(&table, key, key).unwrap();
        }
        assert_eq!(batch.commit().await.unwrap(), Committed::Applied);
    }
    for first in 0..50 {
        use_rows(&store, &table, first * 40).await;
    }
    // A session tells what it did at the latest when it ends.
    store.close().await.unwrap();
    let mut sql = connect().await;
    let read = format!(
        "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables \
         WHERE schemaname = '{schema}' AND n_tup_ins >= {ROWS}"
    );
    until(async || !sql.text(&*read).await.is_empty()).await;
    let read: i64 = sql.text(&*read).await.parse().unwrap();
    // Not many more than were asked for.
    assert!(read < 60 * 200, "{read} rows were read to find others");
}

/// In a table of some size: places that are collected first, in a bitmap, cost a tenth more. The
/// server does not count them among the rows that it goes to one by one.
#[tokio::test]
async fn a_few_keys_are_looked_up_one_by_one() {
    let (store, schema) = store("plans").await;
    let table = filled(&store).await;
    for first in (0..1000).step_by(100) {
        table.get_many(first..first + 9).await.unwrap();
    }
    // A session tells what it did at the latest when it ends.
    store.close().await.unwrap();
    let mut sql = connect().await;
    let fetched = format!(
        "SELECT idx_tup_fetch FROM pg_stat_user_indexes \
         WHERE schemaname = '{schema}' AND relname = 't' AND idx_tup_fetch >= 90"
    );
    until(async || !sql.text(&*fetched).await.is_empty()).await;
}

/// The way over the index and from there to each row takes five times as long.
#[tokio::test]
async fn a_whole_table_is_counted_by_reading_it() {
    let (store, schema) = store("plans").await;
    let table = filled(&store).await;
    assert_eq!(table.len().await.unwrap(), 2000);
    // A session tells what it did at the latest when it ends.
    store.close().await.unwrap();
    let mut sql = connect().await;
    let read = format!(
        "SELECT seq_tup_read FROM pg_stat_user_tables \
         WHERE schemaname = '{schema}' AND relname = 't' AND seq_tup_read >= 2000"
    );
    until(async || !sql.text(&*read).await.is_empty()).await;
}

/// A table of 2,000 rows.
async fn filled(store: &Persist) -> Table<Integer, Bytes> {
    let table: Table<Integer, Bytes> = store.table("t").await.unwrap();
    for begin in (0..2000).step_by(500) {
        let mut batch = store.batch();
        for key in begin..begin + 500 {
            batch.insert(&table, key, &[7; 1000]).unwrap();
        }
        assert_eq!(batch.commit().await.unwrap(), Committed::Applied);
    }
    table
}
