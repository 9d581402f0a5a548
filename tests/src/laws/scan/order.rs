//! Law 5: keys come in the order of their column.

use std::cmp::Ordering;
use std::fmt::Debug;

use persist_core::Table;
use persist_core::column::{Bytes, Integer, KeyColumn, Pair, Real, Text};
use rand::seq::SliceRandom;

use crate::aid::keys;
use crate::{Place, Subject};

/// Text comes in the order of its bytes, which is that of code points: no locale, no case.
pub async fn order_of_text<S: Subject>(place: Place<S>) {
    ordered::<S, Text>(place, texts(), |a, b| a.as_bytes().cmp(b.as_bytes())).await;
}

/// Bytes come in bytewise order, a beginning before what goes on after it.
pub async fn order_of_bytes<S: Subject>(place: Place<S>) {
    ordered::<S, Bytes>(place, blobs(), Ord::cmp).await;
}

/// Integers come in numeric order, the extremes included.
pub async fn order_of_integers<S: Subject>(place: Place<S>) {
    let mut integers = vec![i64::MIN, i64::MIN + 1, i64::MAX, i64::MAX - 1];
    for power in 0..63 {
        integers.extend([1 << power, -(1 << power), (1 << power) - 1, (1 << power) + 1]);
    }
    ordered::<S, Integer>(place, integers, Ord::cmp).await;
}

/// Reals come in numeric order, infinities and the smallest numbers included.
pub async fn order_of_reals<S: Subject>(place: Place<S>) {
    ordered::<S, Real>(place, reals(), |a, b| a.partial_cmp(b).expect("numbers")).await;
}

/// Pairs come in the order of their parts, whatever bytes the first part ends with.
pub async fn order_of_pairs<S: Subject>(place: Place<S>) {
    let mut pairs = Vec::new();
    for first in blobs() {
        pairs.extend([-1, 0, 256].map(|second| (first.clone(), second)));
    }
    ordered::<S, Pair<Bytes, Integer>>(place, pairs, Ord::cmp).await;
}

/// Pairs of pairs, of text and reals, with parts that begin other parts.
pub async fn order_of_nested_pairs<S: Subject>(place: Place<S>) {
    let mut nested = Vec::new();
    for first in ["", "a", "a\u{1}", "aa", "\u{ff}", "\u{10ffff}"] {
        for real in [f64::NEG_INFINITY, -1.0, 0.0, 0.5, f64::INFINITY] {
            for last in [vec![], vec![0], vec![0, 1], vec![0, 255], vec![1], vec![255]] {
                nested.push(((first.to_owned(), real), last));
            }
        }
    }
    ordered::<S, Pair<Pair<Text, Real>, Bytes>>(place, nested, |a, b| {
        let ((text, real), last) = a;
        let ((other_text, other_real), other_last) = b;
        let reals = || real.partial_cmp(other_real).expect("numbers");
        text.cmp(other_text).then_with(reals).then_with(|| last.cmp(other_last))
    })
    .await;
}

pub(super) fn texts() -> Vec<String> {
    let texts = [
        "",
        "\u{1}",
        "\t",
        " ",
        "!",
        "0",
        "10",
        "9",
        "A",
        "B",
        "Z",
        "_",
        "a",
        "a ",
        "a  ",
        "a\u{1}",
        "a\u{301}",
        "aa",
        "ab",
        "b",
        "z",
        "\u{7f}",
        "\u{80}",
        "ß",
        "á",
        "ä",
        "ÿ",
        "\u{7ff}",
        "\u{800}",
        "ſ",
        "İ",
        "\u{d7ff}",
        "\u{e000}",
        "\u{fffd}",
        "\u{ffff}",
        "\u{10000}",
        "😀",
        "\u{10fffe}",
        "\u{10ffff}",
        "\u{10ffff}a",
    ];
    texts.map(str::to_owned).to_vec()
}

pub(super) fn blobs() -> Vec<Vec<u8>> {
    let parts: [&[u8]; 7] = [b"", b"\0", b"\x01", b"a", b"\x7f", b"\x80", b"\xff"];
    let mut blobs: Vec<Vec<u8>> = Vec::new();
    for first in parts {
        blobs.extend(
            parts.map(|second| {
                [first, second, if second.is_empty() { b"" } else { first }].concat()
            }),
        );
    }
    blobs.sort();
    blobs.dedup();
    blobs
}

pub(super) fn reals() -> Vec<f64> {
    let positive = [
        5e-324,
        f64::MIN_POSITIVE,
        1e-300,
        0.1,
        0.3,
        1.0 - f64::EPSILON,
        1.0,
        1.0 + f64::EPSILON,
        2.0,
        9.0,
        10.0,
        9_007_199_254_740_992.0,
        9_007_199_254_740_993.5,
        1e300,
        f64::MAX,
        f64::INFINITY,
    ];
    let mut reals: Vec<f64> = positive.iter().map(|real| -real).collect();
    reals.push(0.0);
    reals.extend(positive);
    reals.dedup();
    reals
}

/// Inserts keys in random order and reads them in both directions, live and from a snapshot.
async fn ordered<S: Subject, K: KeyColumn>(
    place: Place<S>,
    mut all: Vec<K::Owned>,
    order: impl Fn(&K::Owned, &K::Owned) -> Ordering,
) where
    K::Owned: Debug + PartialEq + Sync,
{
    let store = place.open().await;
    let table: Table<K, Integer> = store.table("t").await.unwrap();
    all.shuffle(&mut place.rng());
    let mut batch = store.batch();
    for (position, key) in all.iter().enumerate() {
        if position % 3 == 0 {
            table.insert(K::borrow(key), 0).await.unwrap();
        } else {
            batch.insert(&table, K::borrow(key), 0).unwrap();
        }
    }
    let _ = batch.commit().await.unwrap();
    all.sort_by(&order);
    all.dedup_by(|a, b| order(a, b) == Ordering::Equal);
    assert_eq!(keys(table.range(..)).await, all);
    assert_eq!(keys(table.range(..).snapshot()).await, all);
    all.reverse();
    assert_eq!(keys(table.range(..).rev()).await, all);
    assert_eq!(keys(table.range(..).rev().snapshot()).await, all);
}
