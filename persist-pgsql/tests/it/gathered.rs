//! Reads of many tasks that are sent together.

use futures_util::future::{join_all, try_join_all};
use persist_core::column::{Bytes, Integer, KeyColumn, Real, Text};
use persist_core::{ErrorKind, Persist, Table};

use crate::support::{connect, fresh, options};

async fn store() -> Persist {
    options(&fresh("gathered")).open().await.unwrap()
}

/// Each key is asked for by several tasks, and some are bound to nothing.
async fn everybody_gets_his_own(table: &Table<Integer, Bytes>, size: impl Fn(i64) -> usize) {
    let keys: Vec<i64> = (0..200).map(|n| n % 60).collect();
    let found = try_join_all(keys.iter().map(|key| table.get(*key))).await.unwrap();
    let together = table.get_many(keys.iter().copied()).await.unwrap();
    for (key, found) in keys.iter().zip(found).chain(keys.iter().zip(together)) {
        let expected = (*key < 50).then(|| vec![7; size(*key)]);
        assert!(found == expected, "{key}: {:?} bytes", found.map(|found| found.len()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_gets_what_is_bound_to_his_key_however_long() {
    let store = store().await;
    let table: Table<Integer, Bytes> = store.table("t").await.unwrap();
    for key in 0..50 {
        table.insert(key, &[7; 100]).await.unwrap();
    }
    everybody_gets_his_own(&table, |_| 100).await;
    // Together they are more than one answer may hold.
    let size = |key| if key % 9 == 0 { 300_000 } else { 100 };
    for key in (0..50).filter(|key| key % 9 == 0) {
        table.insert(key, &vec![7; size(key)]).await.unwrap();
    }
    everybody_gets_his_own(&table, size).await;
    everybody_gets_his_own(&table, size).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_every_type_are_found_again() {
    async fn found<K>(store: &Persist, name: &str, keys: &[K::Borrowed<'_>])
    where
        K: KeyColumn,
        for<'k> K::Borrowed<'k>: Sync,
    {
        let table: Table<K, Integer> = store.table(name).await.unwrap();
        for (n, key) in (0..).zip(keys) {
            table.insert(*key, n).await.unwrap();
        }
        let values = table.get_many(keys.iter().chain(keys).copied()).await.unwrap();
        let expected = (0..).take(keys.len()).map(Some);
        assert!(values.into_iter().eq(expected.clone().chain(expected)), "{name}");
    }
    let store = store().await;
    found::<Text>(&store, "texts", &["", "a", "A", "é", " a", "a "]).await;
    found::<Bytes>(&store, "bytes", &[&[][..], &[0], &[255, 0], &[0, 0]]).await;
    found::<Integer>(&store, "integers", &[i64::MIN, -1, 0, i64::MAX]).await;
    found::<Real>(&store, "reals", &[f64::NEG_INFINITY, -1.5, -0.0, 1e-300, f64::INFINITY]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_cannot_be_read_is_told_to_those_who_asked_for_it() {
    let schema = fresh("gathered");
    let store = options(&schema).open().await.unwrap();
    let table: Table<Integer, Real> = store.table("t").await.unwrap();
    let value = |key: i64| 1.5 * f64::from(i32::try_from(key).unwrap());
    for key in 0..10 {
        table.insert(key, value(key)).await.unwrap();
    }
    connect().await.run(format!("UPDATE {schema}.t SET value = 'NaN' WHERE key = 3")).await;
    let keys = |n: i64| [n % 10, 3, n % 7].into_iter().take(usize::try_from(n % 4).unwrap());
    let found = join_all((0..200).map(|n| table.get_many(keys(n)))).await;
    for (n, found) in (0..).zip(found) {
        let keys: Vec<i64> = keys(n).collect();
        if keys.contains(&3) {
            assert_eq!(found.unwrap_err().kind(), ErrorKind::Decode);
        } else {
            let expected: Vec<_> = keys.iter().map(|key| Some(value(*key))).collect();
            assert_eq!(found.unwrap(), expected, "{keys:?}");
        }
    }
}

/// Somebody has changed the table: keys that are there must not seem to be bound to nothing.
#[tokio::test]
async fn a_key_that_cannot_be_read_is_told() {
    let schema = fresh("gathered");
    let store = options(&schema).open().await.unwrap();
    let table: Table<Integer, Integer> = store.table("t").await.unwrap();
    for key in 0..3 {
        table.insert(key, key).await.unwrap();
    }
    connect().await.run(format!("ALTER TABLE {schema}.t ALTER COLUMN key TYPE smallint")).await;
    let error = table.get_many([0, 1, 2, 3]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    assert!(error.to_string().contains("\"t\""), "{error}");
}
