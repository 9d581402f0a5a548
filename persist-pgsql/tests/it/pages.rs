//! Pages of rows, short and long.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use persist_core::backend::limits::BYTE_BUDGET;
use persist_core::backend::{Backend, Direction, KeyRange, Marking, Row, TableHandle};
use persist_core::column::{Bytes, Integer, Text};
use persist_core::{Committed, Persist, Table};

use crate::support::{fresh, options};

/// Values that get longer and longer: pages are of fewer and fewer rows then, until sizes are added
/// up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_is_there_once_however_long_some_are() {
    let backend = options(&fresh("pages")).backend().await.unwrap();
    let store = Persist::new(backend.clone());
    let table: Table<Integer, Bytes> = store.table("t").await.unwrap();
    let handle = backend.open_table(store.tables().await.unwrap().remove(0).spec).await.unwrap();
    let mut expected: BTreeMap<i64, usize> = (0..3000).map(|key| (key, 100)).collect();
    let mut batch = store.batch();
    for (key, size) in &expected {
        batch.insert(&table, *key, &vec![7; *size]).unwrap();
    }
    assert_eq!(batch.commit().await.unwrap(), Committed::Applied);
    for (turn, size) in (0..).zip([100, 1500, 3000, 6000, 12_000, 30_000, 300_000]) {
        for key in [70 + turn, 1500 + turn, 2990 + turn] {
            table.insert(key, &vec![7; size]).await.unwrap();
            expected.insert(key, size);
        }
        for range in [table.range(..), table.range(..).snapshot(), table.range(..).rev()] {
            let rows = range.stream().map_ok(|(key, value)| (key, value.len()));
            let mut rows: Vec<_> = rows.try_collect().await.unwrap();
            rows.sort_unstable();
            assert!(rows.into_iter().eq(expected.clone()), "with values of {size} bytes");
        }
        within_budget(&*backend, &handle).await;
    }
}

#[tokio::test]
async fn keys_count_as_values_do() {
    let backend = options(&fresh("pages")).backend().await.unwrap();
    let store = Persist::new(backend.clone());
    let table: Table<Text, Bytes> = store.table("t").await.unwrap();
    let handle = backend.open_table(store.tables().await.unwrap().remove(0).spec).await.unwrap();
    let mut batch = store.batch();
    for n in 0..900 {
        batch.insert(&table, &format!("{n:01500}"), &[7; 100]).unwrap();
    }
    assert_eq!(batch.commit().await.unwrap(), Committed::Applied);
    assert_eq!(within_budget(&*backend, &handle).await, 900);
    assert_eq!(within_budget(&*backend, &handle).await, 900);
}

/// How many rows there are, in pages that are each no larger than one may be.
async fn within_budget(backend: &dyn Backend, table: &TableHandle) -> usize {
    let (mut left, mut rows) = (Some(KeyRange::all()), 0);
    while let Some(range) = left {
        let page = backend.scan(table, &range, Direction::Forward, 5000, Marking::Skip);
        let page = page.await.unwrap().value;
        let weight: usize = page.rows.iter().map(weight).sum();
        assert!(weight <= BYTE_BUDGET || page.rows.len() == 1, "{weight} bytes in a page");
        rows += page.rows.len();
        left = page.rest;
    }
    rows
}

fn weight(row: &Row) -> usize {
    row.as_ref().map(|(key, value)| key.len() + value.len()).unwrap()
}
