//! Prefixes.

use persist_core::Table;
use persist_core::column::{Bytes, Integer, Pair, Text};

use super::order::{blobs, texts};
use crate::aid::{keys, numbers};
use crate::{Place, Subject};

/// Prefixes of text, at the ends of what a `char` can be.
pub async fn prefix_of_text<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    let prefixes = texts();
    let mut all: Vec<String> = Vec::new();
    for prefix in &prefixes {
        all.extend(
            ["", "\u{1}", "a", "\u{d7ff}", "\u{e000}", "\u{10ffff}"]
                .map(|end| format!("{prefix}{end}")),
        );
    }
    all.sort();
    all.dedup();
    let mut batch = store.batch();
    for key in &all {
        batch.insert(&table, key, 0).unwrap();
    }
    let _ = batch.commit().await.unwrap();
    for prefix in &prefixes {
        let mut expected = all.clone();
        expected.retain(|key| key.starts_with(prefix));
        assert_eq!(keys(table.range(..).prefix(prefix)).await, expected, "{prefix:?}");
        let count = table.range(..).prefix(prefix).count().await.unwrap();
        assert_eq!(count, expected.len() as u64, "{prefix:?}");
        expected.reverse();
        assert_eq!(keys(table.range(..).prefix(prefix).rev()).await, expected, "{prefix:?}");
    }
}

/// Prefixes of bytes, 0xFF included.
pub async fn prefix_of_bytes<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table: Table<Bytes, Integer> = store.table("t").await.unwrap();
    let mut all = blobs();
    all.extend([vec![255, 255, 0], vec![254, 255, 255], vec![254, 255], vec![0, 255, 255, 1]]);
    all.sort();
    all.dedup();
    let mut batch = store.batch();
    for key in &all {
        batch.insert(&table, key, 0).unwrap();
    }
    let _ = batch.commit().await.unwrap();
    for prefix in &all {
        let mut expected = all.clone();
        expected.retain(|key| key.starts_with(prefix));
        assert_eq!(keys(table.range(..).prefix(prefix)).await, expected, "{prefix:?}");
    }
}

/// The prefix of a pair is its whole first part: not a longer one that begins with it.
pub async fn prefix_of_pairs<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table: Table<Pair<Bytes, Integer>, Integer> = store.table("t").await.unwrap();
    let firsts = blobs();
    let mut batch = store.batch();
    for first in &firsts {
        for second in [i64::MIN, -1, 0, i64::MAX] {
            batch.insert(&table, (first, second), 0).unwrap();
        }
    }
    let _ = batch.commit().await.unwrap();
    for first in &firsts {
        let expected = [i64::MIN, -1, 0, i64::MAX].map(|second| (first.clone(), second));
        assert_eq!(keys(table.range(..).prefix(first)).await, expected, "{first:?}");
        let above = table.range((&first[..], 0)..).prefix(first);
        assert_eq!(keys(above).await, expected[2..], "{first:?}");
    }
}

/// A prefix and bounds together give what both allow.
pub async fn prefix_within_bounds<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    for key in ["a", "ab", "abc", "abd", "ac", "b"] {
        table.insert(key, 0).await.unwrap();
    }
    assert_eq!(keys(table.range("abc"..).prefix("ab")).await, ["abc", "abd"]);
    assert_eq!(keys(table.range(.."abd").prefix("ab")).await, ["ab", "abc"]);
    assert_eq!(keys(table.range("a"..="b").prefix("ab").limit(2)).await, ["ab", "abc"]);
    assert_eq!(keys(table.range("b"..).prefix("ab")).await, [""; 0]);
    assert_eq!(keys(table.range("z".."a").prefix("")).await, [""; 0]);
    assert_eq!(keys(table.range(..).prefix("ab").prefix("abd")).await, ["abd"]);
    assert_eq!(table.range("abc"..).prefix("ab").count().await.unwrap(), 2);
}
