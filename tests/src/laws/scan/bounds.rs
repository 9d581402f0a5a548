//! Law 6: any mix of bounds, limit and direction gives what filtering the sorted whole gives.

use std::fmt::Debug;
use std::ops::Bound;

use futures_util::TryStreamExt;
use persist_core::Table;
use persist_core::column::{Bytes, Integer, KeyColumn, Pair, Real, Text};
use rand::RngExt;
use rand::rngs::StdRng;

use super::order::{blobs, reals, texts};
use crate::{Place, Subject};

/// Ranges of text.
pub async fn bounds<S: Subject>(place: Place<S>) {
    bounded::<S, Text>(place, texts()).await;
}

/// Ranges of bytes.
pub async fn bounds_of_bytes<S: Subject>(place: Place<S>) {
    bounded::<S, Bytes>(place, blobs()).await;
}

/// Ranges of integers.
pub async fn bounds_of_integers<S: Subject>(place: Place<S>) {
    let integers = [i64::MIN, -300, -256, -2, -1, 0, 1, 2, 9, 10, 255, 256, 1 << 40, i64::MAX];
    bounded::<S, Integer>(place, integers.to_vec()).await;
}

/// Ranges of reals.
pub async fn bounds_of_reals<S: Subject>(place: Place<S>) {
    bounded::<S, Real>(place, reals()).await;
}

/// Ranges of pairs.
pub async fn bounds_of_pairs<S: Subject>(place: Place<S>) {
    let firsts = [vec![], vec![0], vec![0, 255], vec![1], vec![255]];
    let pairs = firsts.iter().flat_map(|first| [-1, 0, 7].map(|second| (first.clone(), second)));
    bounded::<S, Pair<Bytes, Integer>>(place, pairs.collect()).await;
}

/// Binds every other key and compares random ranges with the model. `all` is in
/// any order.
async fn bounded<S: Subject, K: KeyColumn>(place: Place<S>, mut all: Vec<K::Owned>)
where
    K::Owned: Clone + Debug + PartialEq + PartialOrd + Sync,
{
    all.sort_by(|a, b| a.partial_cmp(b).expect("keys have an order"));
    let store = place.open().await;
    let table: Table<K, Integer> = store.table("t").await.unwrap();
    let mut batch = store.batch();
    let mut held = Vec::new();
    for (number, key) in (0..).zip(&all).step_by(2) {
        batch.insert(&table, K::borrow(key), number).unwrap();
        held.push((key.clone(), number));
    }
    let _ = batch.commit().await.unwrap();
    let rng = &mut place.rng();
    for lower in 0..3 {
        for upper in 0..3 {
            for _ in 0..8 {
                let (low, high) = (random_key(&all, rng), random_key(&all, rng));
                compare(&table, &held, bound(lower, low), bound(upper, high), rng).await;
                // Equal bounds are rare at random.
                compare(&table, &held, bound(lower, low), bound(upper, low), rng).await;
            }
        }
    }
}

async fn compare<K: KeyColumn>(
    table: &Table<K, Integer>,
    held: &[(K::Owned, i64)],
    lower: Bound<&K::Owned>,
    upper: Bound<&K::Owned>,
    rng: &mut StdRng,
) where
    K::Owned: Clone + Debug + PartialEq + PartialOrd + Sync,
{
    let (back, fixed) = (rng.random_bool(0.5), rng.random_bool(0.3));
    let limit = [None, Some(0), Some(1), Some(3), Some(1000)][rng.random_range(0..5)];
    let shown = format!("{lower:?} {upper:?} back={back} limit={limit:?} snapshot={fixed}");
    let range = || {
        let mut range = table.range((lower.map(K::borrow), upper.map(K::borrow)));
        if back {
            range = range.rev();
        }
        if let Some(limit) = limit {
            range = range.limit(limit);
        }
        if fixed { range.snapshot() } else { range }
    };
    let within = |key: &K::Owned| {
        let above = match lower {
            Bound::Included(low) => key >= low,
            Bound::Excluded(low) => key > low,
            Bound::Unbounded => true,
        };
        above
            && match upper {
                Bound::Included(high) => key <= high,
                Bound::Excluded(high) => key < high,
                Bound::Unbounded => true,
            }
    };
    let mut expected: Vec<_> = held.iter().filter(|(key, _)| within(key)).cloned().collect();
    if back {
        expected.reverse();
    }
    expected.truncate(limit.map_or(usize::MAX, |limit| usize::try_from(limit).expect("small")));
    let streamed: Vec<_> = range().stream().try_collect().await.unwrap();
    assert_eq!(streamed, expected, "stream {shown}");
    assert_eq!(range().count().await.unwrap(), expected.len() as u64, "count {shown}");
    let size = rng.random_range(1..5);
    let pages: Vec<Vec<_>> = range().pages(size).try_collect().await.unwrap();
    assert_eq!(pages.concat(), expected, "pages({size}) {shown}");
}

fn bound<T>(kind: u8, key: T) -> Bound<T> {
    match kind {
        0 => Bound::Included(key),
        1 => Bound::Excluded(key),
        _ => Bound::Unbounded,
    }
}

fn random_key<'k, T>(all: &'k [T], rng: &mut StdRng) -> &'k T {
    &all[rng.random_range(0..all.len())]
}
