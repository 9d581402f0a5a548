//! The checks that every `Read` must pass.

use std::ops::Bound;

use persist_core::backend::limits::BYTE_BUDGET;
use persist_core::backend::{Cell, Direction, KeyRange, Marking, Read};
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};

use super::sample::Sample;

/// See [`gets`](super::gets).
pub(crate) async fn gets(read: &dyn Read, sample: &Sample, rng: &mut StdRng) {
    let mut keys = sample.keys();
    keys.extend(sample.rows.keys().take(3).cloned().collect::<Vec<_>>());
    for round in 0..8 {
        keys.shuffle(rng);
        let marking = if round % 2 == 0 { Marking::Skip } else { Marking::Take };
        let asked = if round < 6 { &keys[..] } else { &keys[..1] };
        let mut found: Vec<Option<Cell>> = Vec::new();
        while found.len() < asked.len() {
            let missing = &asked[found.len()..];
            let part = read.get(&sample.table, missing, marking).await.unwrap();
            assert!(!part.value.is_empty(), "an answer to some keys is empty");
            assert!(part.value.len() <= missing.len(), "more answers than keys");
            assert_eq!(part.mark.is_some(), marking == Marking::Take, "a mark comes if asked for");
            found.extend(part.value);
        }
        for (key, found) in asked.iter().zip(&found) {
            assert!(found.as_ref() == sample.rows.get(key), "{key} is bound to something else");
        }
    }
    let none = read.get(&sample.table, &[], Marking::Skip).await.unwrap();
    assert!(none.value.is_empty(), "no keys have no answers");
}

/// See [`scans`](super::scans).
pub(crate) async fn scans(read: &dyn Read, sample: &Sample, rng: &mut StdRng) {
    let mut ranges = vec![KeyRange::all()];
    ranges.extend((0..60).filter_map(|_| random_range(sample, rng)));
    for range in &ranges {
        for direction in [Direction::Forward, Direction::Backward] {
            let limit = *[1, 2, 3, 7, 1000].choose(rng).expect("one of them");
            let marking = if rng.random_bool(0.5) { Marking::Take } else { Marking::Skip };
            scan(read, sample, range, direction, limit, marking).await;
        }
    }
}

/// See [`counts`](super::counts).
pub(crate) async fn counts(read: &dyn Read, sample: &Sample, rng: &mut StdRng) {
    let mut ranges = vec![KeyRange::all()];
    ranges.extend((0..60).filter_map(|_| random_range(sample, rng)));
    for range in &ranges {
        let marking = if rng.random_bool(0.5) { Marking::Take } else { Marking::Skip };
        let counted = read.count(&sample.table, range, marking).await.unwrap();
        let expected = sample.rows.keys().filter(|key| range.contains(key)).count();
        assert_eq!(counted.value, expected as u64, "{}", shown(range));
        assert_eq!(counted.mark.is_some(), marking == Marking::Take, "a mark comes if asked for");
    }
}

/// See [`budget`](super::budget).
pub(crate) async fn budget(read: &dyn Read, sample: &Sample) {
    let widest = sample.rows.values().map(Cell::len).max().unwrap_or_default();
    for direction in [Direction::Forward, Direction::Backward] {
        let weights = scan(read, sample, &KeyRange::all(), direction, 1000, Marking::Skip).await;
        assert!(weights.len() > 1, "5 MiB came in one page");
        for weight in weights {
            assert!(weight <= BYTE_BUDGET + widest + 4096, "a page of {weight} bytes");
        }
    }
    let keys = sample.keys();
    let found = read.get(&sample.table, &keys, Marking::Skip).await.unwrap().value;
    let weight: usize = found.iter().flatten().map(Cell::len).sum();
    assert!(found.len() < keys.len(), "5 MiB came in one answer");
    assert!(weight <= BYTE_BUDGET + widest, "an answer of {weight} bytes");
}

/// Scans a range page by page and compares; how many bytes each page had.
async fn scan(
    read: &dyn Read,
    sample: &Sample,
    range: &KeyRange,
    direction: Direction,
    limit: usize,
    marking: Marking,
) -> Vec<usize> {
    let shown = format!("{} {direction:?} by {limit}", shown(range));
    let mut expected: Vec<_> = sample.rows.iter().filter(|(key, _)| range.contains(key)).collect();
    if direction == Direction::Backward {
        expected.reverse();
    }
    let mut expected = expected.into_iter();
    let (mut left, mut weights) = (Some(range.clone()), Vec::new());
    while let Some(range) = left {
        let page = read.scan(&sample.table, &range, direction, limit, marking).await.unwrap();
        assert_eq!(page.mark.is_some(), marking == Marking::Take, "a mark comes if asked for");
        let page = page.value;
        assert!(page.rows.len() <= limit, "{shown}: a page of {} rows", page.rows.len());
        assert!(page.rest.as_ref() != Some(&range), "{shown}: a scan does not advance");
        let mut weight = 0;
        for row in page.rows {
            let (key, value) = row.unwrap();
            let Some((right_key, right)) = expected.next() else {
                panic!("{shown}: {key} comes after the end")
            };
            assert!(key == *right_key, "{shown}: {key} instead of {right_key}");
            assert!(value == *right, "{shown}: {key} is bound to something else");
            weight += key.len() + value.len();
        }
        weights.push(weight);
        left = page.rest;
    }
    assert_eq!(expected.next().map(|(key, _)| key.to_string()), None, "{shown}: too short");
    weights
}

/// A range between two keys, held or not, if something can lie between them.
fn random_range(sample: &Sample, rng: &mut StdRng) -> Option<KeyRange> {
    let keys = sample.keys();
    let mut bound = || {
        let key = keys.choose(rng).expect("some keys").clone();
        match rng.random_range(0..5) {
            0 | 1 => Bound::Included(key),
            2 | 3 => Bound::Excluded(key),
            _ => Bound::Unbounded,
        }
    };
    KeyRange::new(bound(), bound())
}

fn shown(range: &KeyRange) -> String {
    let bound = |bound: Bound<&Cell>| match bound {
        Bound::Included(key) => format!("{key} or"),
        Bound::Excluded(key) => key.to_string(),
        Bound::Unbounded => "all".to_owned(),
    };
    format!("{} above, {} below", bound(range.lower()), bound(range.upper()))
}
