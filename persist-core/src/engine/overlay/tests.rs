use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::Bound;

use super::*;
use crate::backend::Direction;

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// An engine of one map, under an overlay.
struct Store {
    map: Map,
    overlay: Arc<Overlay<Vec<u8>>>,
}

impl Store {
    fn new(max_bytes: usize) -> Self {
        let max_age = Duration::from_hours(1);
        let overlay = Overlay::new(OverlayLimits { snapshots: 4, max_age, max_bytes });
        Self { map: Map::new(), overlay }
    }

    fn write(&mut self, writes: &[(u8, Option<u8>)]) {
        let before = self.map.clone();
        let old = || {
            let key = |(key, _): &(u8, _)| vec![*key];
            let one = |key: Vec<u8>| Binding { value: before.get(&key).cloned(), key };
            Ok(writes.iter().map(key).map(one).collect())
        };
        let map = &mut self.map;
        let work = || {
            for (key, value) in writes {
                match value {
                    Some(value) => drop(map.insert(vec![*key], vec![*value])),
                    None => drop(map.remove(&vec![*key])),
                }
            }
            Ok(())
        };
        self.overlay.apply(old, work).unwrap();
    }

    /// All that a snapshot shows of a range, by steps of a few rows.
    fn seen(
        &self,
        pinned: &Pinned<Vec<u8>>,
        span: Span<Vec<u8>>,
        direction: Direction,
        limit: usize,
    ) -> Vec<(Vec<u8>, Vec<u8>)> {
        let (mut all, mut left) = (Vec::new(), Some(span));
        while let Some(span) = left {
            let below = |span: &Span<Vec<u8>>, limit| Ok(rows(&self.map, span, direction, limit));
            let above = |span: &Span<Vec<u8>>, limit| pinned.range(span, direction, limit);
            let (step, rest) = layered(&span, direction, limit, below, above).unwrap();
            assert!(rest.as_ref() != Some(&span), "a step advances");
            all.extend(step);
            left = rest;
        }
        all
    }
}

fn rows(map: &Map, span: &Span<Vec<u8>>, direction: Direction, limit: usize) -> Layer<Vec<u8>> {
    let within = |key: &[u8]| {
        (match &span.lower {
            Bound::Included(low) => key >= &low[..],
            Bound::Excluded(low) => key > &low[..],
            Bound::Unbounded => true,
        }) && (match &span.upper {
            Bound::Included(high) => key <= &high[..],
            Bound::Excluded(high) => key < &high[..],
            Bound::Unbounded => true,
        })
    };
    let mut all: Vec<_> =
        map.iter().filter(|(key, _)| within(key)).map(|(k, v)| (k.clone(), v.clone())).collect();
    if direction == Direction::Backward {
        all.reverse();
    }
    all.truncate(limit);
    all
}

/// Random numbers below a bound, other ones in each run.
fn random() -> impl FnMut(usize) -> usize {
    let seed = RandomState::new();
    let mut state = seed.build_hasher().finish();
    eprintln!("seed {state}");
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    }
}

#[test]
fn snapshots_show_what_a_copy_would_have_shown() {
    let mut random = random();
    let mut store = Store::new(usize::MAX);
    let mut held: Vec<(Pinned<Vec<u8>>, Map)> = Vec::new();
    let byte = |n: usize| u8::try_from(n).unwrap();
    for _ in 0..4_000 {
        match random(10) {
            0 if held.len() < 4 => held.push((store.overlay.pin().unwrap(), store.map.clone())),
            1 if !held.is_empty() => drop(held.swap_remove(random(held.len()))),
            2 => {
                let everything: Vec<_> = (0..40).map(|key| (key, None)).collect();
                store.write(&everything);
            }
            _ => {
                let keys: std::collections::BTreeSet<_> =
                    (0..random(6)).map(|_| byte(random(40))).collect();
                let value = |random: &mut dyn FnMut(usize) -> usize| {
                    (random(3) > 0).then(|| byte(random(250)))
                };
                let writes: Vec<_> =
                    keys.into_iter().map(|key| (key, value(&mut random))).collect();
                store.write(&writes);
            }
        }
        for (pinned, copy) in &held {
            let key = vec![byte(random(40))];
            let found = store.map.get(&key).cloned();
            let seen = pinned.get(&key).unwrap().map_or(found, |before| before.value);
            assert_eq!(seen.as_ref(), copy.get(&key));
            let mut ends = [byte(random(41)), byte(random(41))];
            ends.sort_unstable();
            let span = Span {
                lower: match random(3) {
                    0 => Bound::Unbounded,
                    1 => Bound::Included(vec![ends[0]]),
                    _ => Bound::Excluded(vec![ends[0]]),
                },
                upper: match random(2) {
                    0 => Bound::Unbounded,
                    _ => Bound::Included(vec![ends[1] + 1]),
                },
            };
            for direction in [Direction::Forward, Direction::Backward] {
                let seen = store.seen(pinned, span.clone(), direction, 1 + random(7));
                assert_eq!(seen, rows(copy, &span, direction, usize::MAX));
            }
        }
    }
    drop(held);
    assert_eq!(store.overlay.kept.read().bytes(), 0, "what nobody wants is not kept");
}

#[test]
fn nothing_is_kept_while_nobody_looks() {
    let mut store = Store::new(usize::MAX);
    let old = || panic!("nobody wants to know");
    store.overlay.apply(old, || Ok(())).unwrap();
    let held = store.overlay.pin().unwrap();
    store.write(&[(1, Some(1)), (2, None)]);
    let kept = store.overlay.kept.read().bytes();
    // A second write between the same snapshots adds nothing.
    store.write(&[(1, Some(2)), (2, Some(2))]);
    assert_eq!(store.overlay.kept.read().bytes(), kept);
    drop(held);
    assert_eq!(store.overlay.kept.read().bytes(), 0);
}

#[test]
fn one_too_many_is_busy_and_reads_under_way_do_not_count() {
    let store = Store::new(usize::MAX);
    let held: Vec<_> = (0..4).map(|_| store.overlay.pin().unwrap()).collect();
    let _one_read = store.overlay.pin_for_one_read().unwrap();
    assert_eq!(store.overlay.pin().unwrap_err().kind(), ErrorKind::Busy);
    assert_eq!(store.overlay.try_pin().unwrap_err().kind(), ErrorKind::Busy);
    drop(held);
    store.overlay.pin().unwrap();
}

#[test]
fn past_the_bytes_the_oldest_ends() {
    let mut store = Store::new(2_000);
    store.write(&[(1, Some(1))]);
    let oldest = store.overlay.pin().unwrap();
    store.write(&(0..15).map(|key| (key, Some(0))).collect::<Vec<_>>());
    let newest = store.overlay.pin().unwrap();
    assert_eq!(oldest.get(&[1]).unwrap().unwrap().value, Some(vec![1]));
    store.write(&(100..115).map(|key| (key, Some(0))).collect::<Vec<_>>());
    assert_eq!(oldest.get(&[1]).unwrap_err().kind(), ErrorKind::Timeout);
    assert_eq!(newest.get(&[100]).unwrap().unwrap().value, None);
}

#[test]
fn too_old_ones_answer_timeout_and_closed_ones_closed() {
    let limits = OverlayLimits { snapshots: 4, max_age: Duration::ZERO, max_bytes: 100 };
    let overlay = Overlay::<Vec<u8>>::new(limits);
    let old = overlay.pin().unwrap();
    assert_eq!(old.get(&[1]).unwrap_err().kind(), ErrorKind::Timeout);
    assert_eq!(overlay.expire(), None);
    overlay.close();
    assert_eq!(old.get(&[1]).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(overlay.pin().unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn nobody_begins_or_looks_while_the_state_changes() {
    let store = Store::new(usize::MAX);
    let overlay = &store.overlay;
    let work = || {
        assert!(overlay.look().is_none());
        assert!(overlay.try_pin().unwrap().is_none());
        Ok(())
    };
    overlay.apply(|| Ok(Vec::new()), work).unwrap();
    assert!(overlay.look().is_some());
}
