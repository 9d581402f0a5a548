//! Scans from the end, over keys on which sled's own backward iteration loses its way: those with
//! many bytes `ff` in a row, such as small negative numbers.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};

use futures_util::TryStreamExt;
use persist_core::Table;
use persist_core::column::{Bytes, Integer};

use crate::Dir;

/// Random numbers below a bound, other ones in each run.
fn random() -> impl FnMut(usize) -> usize {
    let mut state = RandomState::new().build_hasher().finish();
    eprintln!("seed {state}");
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    }
}

#[tokio::test]
async fn integers_around_zero_in_any_order() {
    let mut random = random();
    for _ in 0..15 {
        let dir = Dir::new();
        let store = dir.open().await;
        let table: Table<Integer, Integer> = store.table("t").await.unwrap();
        let mut expected = BTreeSet::new();
        for _ in 0..20 {
            let mut batch = store.batch();
            for _ in 0..10 {
                let power = i64::try_from(1_u64 << random(62)).unwrap();
                let key = [power, -power, power - 1, 1 - power, -power - 1][random(5)];
                batch.insert(&table, key, 0).unwrap();
                expected.insert(key);
            }
            let _ = batch.commit().await.unwrap();
        }
        let keys: Vec<i64> =
            table.range(..).rev().stream().map_ok(|(key, _)| key).try_collect().await.unwrap();
        assert_eq!(keys, expected.into_iter().rev().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn bytes_with_long_runs() {
    let mut random = random();
    let dir = Dir::new();
    let store = dir.open().await;
    let table: Table<Bytes, Integer> = store.table("t").await.unwrap();
    let mut expected = BTreeSet::new();
    for _ in 0..60 {
        let mut batch = store.batch();
        for _ in 0..50 {
            let mut key = Vec::new();
            for _ in 0..random(5) {
                key.extend(std::iter::repeat_n([0xff, 0xff, 0, 0xfe, 0x80][random(5)], random(9)));
            }
            batch.insert(&table, &key, 0).unwrap();
            expected.insert(key);
        }
        let _ = batch.commit().await.unwrap();
    }
    let expected: Vec<_> = expected.into_iter().collect();
    let up: Vec<_> = table.range(..).stream().map_ok(|(k, _)| k).try_collect().await.unwrap();
    assert!(up == expected);
    let mut down: Vec<_> =
        table.range(..).rev().stream().map_ok(|(k, _)| k).try_collect().await.unwrap();
    down.reverse();
    assert!(down == expected);
    for end in &expected {
        let last: Vec<_> =
            table.range(..&end[..]).rev().limit(1).stream().try_collect().await.unwrap();
        let before = expected.partition_point(|key| key < end).checked_sub(1);
        assert_eq!(last.first().map(|(key, _)| key), before.map(|at| &expected[at]));
    }
}
