//! The sizes at the limits, and one past them.

use persist_core::backend::limits::{MAX_BATCH, MAX_KEY, MAX_VALUE};
use persist_core::column::{Bytes, Integer, Pair, Text};
use persist_core::{Committed, ErrorKind, Table};

use crate::aid::{all, fails, names};
use crate::{Place, Subject};

/// Keys of 2,000 bytes work, in every operation; of 2,001 bytes they are `TooLarge`.
pub async fn key_limit<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let texts: Table<Text, Integer> = store.table("texts").await.unwrap();
    let bytes: Table<Bytes, Integer> = store.table("bytes").await.unwrap();
    let pairs: Table<Pair<Bytes, Integer>, Integer> = store.table("pairs").await.unwrap();
    let (fits, over) = ("é".repeat(MAX_KEY / 2), format!("{}x", "é".repeat(MAX_KEY / 2)));
    texts.insert(&fits, 1).await.unwrap();
    texts.insert(&format!("{}b", "a".repeat(MAX_KEY - 1)), 2).await.unwrap();
    texts.insert(&format!("{}c", "a".repeat(MAX_KEY - 1)), 3).await.unwrap();
    assert_eq!(texts.get(&fits).await.unwrap(), Some(1));
    let back: Vec<i64> = all(texts.range(..)).await.into_iter().map(|(_, value)| value).collect();
    assert_eq!(back, [2, 3, 1]);
    let error = fails(texts.insert(&over, 1).await, ErrorKind::TooLarge);
    names(&error, &["insert", "texts", "2001", "2000"]);
    fails(texts.get(&over).await, ErrorKind::TooLarge);
    fails(texts.remove(&over).await, ErrorKind::TooLarge);
    fails(texts.update(&over, |_| Some(1)).await, ErrorKind::TooLarge);
    fails(texts.range(..over.as_str()).count().await, ErrorKind::TooLarge);
    fails(store.batch().insert(&texts, &over, 1).map(drop), ErrorKind::TooLarge);
    bytes.insert(&[0; MAX_KEY], 1).await.unwrap();
    assert_eq!(bytes.get(&[0; MAX_KEY]).await.unwrap(), Some(1));
    fails(bytes.insert(&[0; MAX_KEY + 1], 1).await, ErrorKind::TooLarge);
    // A pair of bytes and an integer takes an end of 2 bytes and 8 more.
    pairs.insert((&[1; MAX_KEY - 10], 1), 1).await.unwrap();
    assert_eq!(pairs.get((&[1; MAX_KEY - 10], 1)).await.unwrap(), Some(1));
    fails(pairs.insert((&[1; MAX_KEY - 9], 1), 1).await, ErrorKind::TooLarge);
    assert_eq!(texts.len().await.unwrap(), 3);
    assert_eq!(bytes.len().await.unwrap() + pairs.len().await.unwrap(), 2);
}

/// Values of 64 MiB work; one byte more is `TooLarge`, and what was there stays.
pub async fn value_limit<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table: Table<Text, Bytes> = store.table("t").await.unwrap();
    let mut value = vec![0x5a; MAX_VALUE];
    value[MAX_VALUE - 1] = 1;
    table.insert("a", &value).await.unwrap();
    assert!(table.get("a").await.unwrap().as_ref() == Some(&value), "64 MiB come back");
    table.insert("b", b"small").await.unwrap();
    for size in [MAX_VALUE + 1, 65 << 20] {
        value.resize(size, 0);
        let error = fails(table.insert("b", &value).await, ErrorKind::TooLarge);
        names(&error, &["insert", "\"t\"", "\"b\"", "64 MiB"]);
        fails(table.update("b", |_| Some(value.clone())).await, ErrorKind::TooLarge);
        fails(store.batch().insert(&table, "c", &value).map(drop), ErrorKind::TooLarge);
    }
    drop(value);
    assert_eq!(table.get("b").await.unwrap().as_deref(), Some(&b"small"[..]));
    assert_eq!(table.len().await.unwrap(), 2);
    let lengths = table.range(..).fold(Vec::new(), async |mut lengths, _, value| {
        lengths.push(value.len());
        Ok::<_, persist_core::Error>(lengths)
    });
    assert_eq!(lengths.await.unwrap(), [MAX_VALUE, 5]);
}

/// A batch past 128 MiB is `TooLarge`, and nothing of it is written; one below is.
pub async fn batch_limit<S: Subject>(place: Place<S>) {
    const MIB: usize = 1 << 20;
    let store = place.open().await;
    let table: Table<Integer, Bytes> = store.table("t").await.unwrap();
    let value = vec![7; 4 * MIB];
    let mut batch = store.batch();
    for number in 0..i64::try_from(MAX_BATCH / value.len()).unwrap() {
        batch.insert(&table, number, &value).unwrap();
    }
    let error = fails(batch.commit().await, ErrorKind::TooLarge);
    names(&error, &["128 MiB"]);
    assert!(table.is_empty().await.unwrap());
    let mut batch = store.batch();
    for number in 0..8 {
        batch.insert(&table, number, &value).unwrap();
    }
    assert_eq!(batch.commit().await.unwrap(), Committed::Applied);
    assert_eq!(table.len().await.unwrap(), 8);
}
