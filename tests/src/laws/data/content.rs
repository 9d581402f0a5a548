//! What keys and values may hold.

use persist_core::column::{Bytes, Integer, Json, Pair, Real, Text};
use persist_core::{ErrorKind, Table};

use crate::aid::{all, fails, names};
use crate::{Place, Subject};

/// Every byte, alone and among others, in keys and in values.
pub async fn bytes<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table: Table<Bytes, Bytes> = store.table("t").await.unwrap();
    let whole: Vec<u8> = (0..=255).collect();
    let mut expected = Vec::new();
    for byte in 0..=255_u8 {
        for key in [vec![byte], vec![byte, 0], vec![byte, 255, byte]] {
            expected.push((key, [&[byte], &whole[..], &[byte]].concat()));
        }
    }
    let mut batch = store.batch();
    for (key, value) in &expected {
        batch.insert(&table, key, value).unwrap();
    }
    let _ = batch.commit().await.unwrap();
    expected.sort();
    assert!(all(table.range(..)).await == expected, "not what was inserted");
    for (key, value) in &expected {
        assert!(table.get(key).await.unwrap().as_ref() == Some(value), "{key:?}");
    }
}

/// Every `char` but NUL, in values; those at the edges of encodings, in keys.
pub async fn characters<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table: Table<Text, Text> = store.table("t").await.unwrap();
    let every: Vec<char> = ('\u{1}'..=char::MAX).collect();
    let mut batch = store.batch();
    for chunk in every.chunks(8_192) {
        batch.insert(&table, &chunk[0].to_string(), &chunk.iter().collect::<String>()).unwrap();
    }
    let _ = batch.commit().await.unwrap();
    let read: String = all(table.range(..)).await.into_iter().map(|(_, chunk)| chunk).collect();
    assert!(read.chars().eq(every.iter().copied()), "not every char came back");
    let edges = [
        '\u{1}',
        '\t',
        '\n',
        '\r',
        '\u{1f}',
        ' ',
        '"',
        '\'',
        '\\',
        '%',
        '_',
        '\u{7f}',
        '\u{80}',
        '\u{85}',
        '\u{a0}',
        '\u{7ff}',
        '\u{800}',
        '\u{2028}',
        '\u{d7ff}',
        '\u{e000}',
        '\u{fdd0}',
        '\u{feff}',
        '\u{fffd}',
        '\u{fffe}',
        '\u{ffff}',
        '\u{10000}',
        '\u{10fffe}',
        char::MAX,
    ];
    table.clear().await.unwrap();
    for edge in edges {
        for key in [format!("{edge}"), format!("a{edge}"), format!("{edge}{edge}b")] {
            assert!(table.insert_if_absent(&key, &key).await.unwrap(), "{key:?} meets another");
        }
    }
    for (key, value) in all(table.range(..)).await {
        assert_eq!(key, value);
        assert_eq!(table.get(&key).await.unwrap(), Some(value));
    }
    assert_eq!(table.len().await.unwrap(), 3 * edges.len() as u64);
}

/// Empty keys and values are keys and values like any other, and not the same as absence.
pub async fn empty<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let text: Table<Text, Text> = store.table("text").await.unwrap();
    let bytes: Table<Bytes, Bytes> = store.table("bytes").await.unwrap();
    assert_eq!(text.get("").await.unwrap(), None);
    assert!(text.insert_if_absent("", "").await.unwrap());
    assert!(!text.insert_if_absent("", "x").await.unwrap());
    assert_eq!(text.get("").await.unwrap().as_deref(), Some(""));
    bytes.insert(&[], &[]).await.unwrap();
    assert!(bytes.contains(&[]).await.unwrap());
    bytes.insert(&[0], &[]).await.unwrap();
    assert_eq!(all(bytes.range(..)).await, [(vec![], vec![]), (vec![0], vec![])]);
    assert_eq!(all(bytes.range(..&[0][..])).await.len(), 1);
    let updated = text.update("", |old| old.map(|old| old + "y")).await.unwrap();
    assert_eq!(updated.as_deref(), Some("y"));
    assert!(text.remove("").await.unwrap());
    assert!(text.is_empty().await.unwrap());
    let pairs: Table<Pair<Text, Text>, Text> = store.table("pairs").await.unwrap();
    pairs.insert(("", ""), "").await.unwrap();
    pairs.insert(("", "a"), "").await.unwrap();
    pairs.insert(("a", ""), "").await.unwrap();
    assert_eq!(pairs.len().await.unwrap(), 3);
}

/// Integers and reals to their extremes; `-0.0` is `0.0`; infinities are numbers.
pub async fn numbers<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table: Table<Real, Integer> = store.table("real").await.unwrap();
    let values: Table<Integer, Real> = store.table("integer").await.unwrap();
    let reals = [
        f64::NEG_INFINITY,
        f64::MIN,
        -5e-324,
        0.0,
        5e-324,
        f64::MIN_POSITIVE,
        0.1,
        1.0,
        9_007_199_254_740_993.0,
        f64::MAX,
        f64::INFINITY,
    ];
    let integers = [i64::MIN, i64::MIN + 1, -1, 0, 1, (1 << 53) + 1, i64::MAX];
    for (real, integer) in reals.into_iter().zip(integers.into_iter().cycle()) {
        table.insert(real, integer).await.unwrap();
        values.insert(integer, real).await.unwrap();
        assert_eq!(table.get(real).await.unwrap(), Some(integer));
        let back = values.get(integer).await.unwrap().expect("a value");
        assert_eq!(back.to_bits(), real.to_bits(), "{real:?} came back as {back:?}");
    }
    table.insert(-0.0, 7).await.unwrap();
    assert_eq!(table.get(0.0).await.unwrap(), Some(7));
    assert_eq!(table.len().await.unwrap(), reals.len() as u64, "-0.0 is no key of its own");
    values.insert(0, -0.0).await.unwrap();
    let zero = values.get(0).await.unwrap().expect("a value");
    assert!(zero == 0.0 && zero.is_sign_positive(), "{zero:?}");
    let keys = crate::aid::keys(table.range(-0.0..=0.0)).await;
    assert_eq!(keys, [0.0]);
}

/// NaN, and NUL in text, are refused wherever they stand, and nothing is written.
pub async fn refused<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let reals: Table<Real, Real> = store.table("reals").await.unwrap();
    let texts: Table<Text, Text> = store.table("texts").await.unwrap();
    let pairs: Table<Pair<Text, Real>, Json<String>> = store.table("pairs").await.unwrap();
    for nan in [f64::NAN, -f64::NAN] {
        names(
            &fails(reals.insert(nan, 0.0).await, ErrorKind::InvalidKey),
            &["insert", "reals", "NaN"],
        );
        fails(reals.get(nan).await, ErrorKind::InvalidKey);
        fails(reals.range(nan..).count().await, ErrorKind::InvalidKey);
        fails(reals.insert(0.0, nan).await, ErrorKind::Encode);
        fails(reals.update(0.0, |_| Some(nan)).await, ErrorKind::Encode);
        fails(pairs.insert(("", nan), &String::new()).await, ErrorKind::InvalidKey);
        fails(store.batch().insert(&reals, 0.0, nan).map(drop), ErrorKind::Encode);
    }
    for nul in ["\0", "a\0", "a\0b"] {
        names(
            &fails(texts.insert(nul, "").await, ErrorKind::InvalidKey),
            &["insert", "texts", "NUL"],
        );
        fails(texts.insert("", nul).await, ErrorKind::Encode);
        fails(texts.insert_if_absent(nul, "").await, ErrorKind::InvalidKey);
        fails(texts.replace("", nul).await, ErrorKind::Encode);
        fails(texts.remove(nul).await, ErrorKind::InvalidKey);
        fails(texts.get_many(["a", nul]).await, ErrorKind::InvalidKey);
        fails(texts.update_or("", "", |_| nul.to_owned()).await, ErrorKind::Encode);
        fails(texts.compare_and_set("", None, Some(nul)).await, ErrorKind::Encode);
        fails(texts.range(..).prefix(nul).count().await, ErrorKind::InvalidKey);
        fails(pairs.insert((nul, 0.0), &String::new()).await, ErrorKind::InvalidKey);
        fails(store.batch().remove(&texts, nul).map(drop), ErrorKind::InvalidKey);
    }
    assert!(reals.is_empty().await.unwrap() && texts.is_empty().await.unwrap());
    pairs.insert(("", 0.0), &"a\0b".to_owned()).await.unwrap();
    assert_eq!(all(pairs.range(..)).await.len(), 1, "JSON has its own way to write NUL");
    assert_eq!(pairs.get(("", 0.0)).await.unwrap().as_deref(), Some("a\0b"));
}
