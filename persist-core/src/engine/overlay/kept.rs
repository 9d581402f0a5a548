//! What was written over, and who still wants it.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::{Binding, Bytes, OverlayLimits, Span};
use crate::backend::Direction;

/// What a kept value takes besides its bytes, about.
const PER_VALUE: usize = 96;

/// A snapshot: its number, and the state that it shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pin {
    pub(super) number: u64,
    pub(super) version: u64,
}

/// Old values, each with the version that wrote over it: a snapshot of version `v` wants the
/// first one that was written over later than `v`.
#[derive(Debug)]
pub(super) struct Kept<B> {
    /// How many times the state has changed.
    version: u64,
    keys: BTreeMap<B, VecDeque<(u64, Option<B>)>>,
    /// The keys in the order in which they were written over.
    order: VecDeque<(u64, B)>,
    bytes: usize,
    /// By number, which is by age, and so by version.
    pins: BTreeMap<u64, Live>,
    /// How many of them count.
    counted: usize,
    next: u64,
}

#[derive(Debug)]
struct Live {
    version: u64,
    since: Instant,
    counts: bool,
}

impl<B> Default for Kept<B> {
    fn default() -> Self {
        Self {
            version: 0,
            keys: BTreeMap::new(),
            order: VecDeque::new(),
            bytes: 0,
            pins: BTreeMap::new(),
            counted: 0,
            next: 0,
        }
    }
}

impl<B: Bytes> Kept<B> {
    /// Begins a snapshot of the present state. `None` if it counts and `max` are there.
    pub(super) fn begin(&mut self, max: Option<usize>) -> Option<Pin> {
        if max.is_some_and(|max| self.counted >= max) {
            return None;
        }
        let pin = Pin { number: self.next, version: self.version };
        let counts = max.is_some();
        self.next += 1;
        self.counted += usize::from(counts);
        let live = Live { version: pin.version, since: Instant::now(), counts };
        self.pins.insert(pin.number, live);
        Some(pin)
    }

    /// Ends a snapshot, if it has not ended, and forgets what nobody else wants.
    pub(super) fn end(&mut self, pin: Pin) {
        let Some(ended) = self.pins.remove(&pin.number) else { return };
        self.counted -= usize::from(ended.counts);
        self.forget();
    }

    pub(super) fn end_all(&mut self) {
        self.pins.clear();
        self.counted = 0;
        self.forget();
    }

    pub(super) fn is_pinned(&self) -> bool {
        !self.pins.is_empty()
    }

    /// How old a snapshot is, unless it has ended.
    pub(super) fn age(&self, pin: Pin) -> Option<Duration> {
        self.pins.get(&pin.number).map(|live| live.since.elapsed())
    }

    pub(super) fn oldest_age(&self) -> Option<Duration> {
        self.pins.first_key_value().map(|(_, live)| live.since.elapsed())
    }

    /// Ends the snapshots that are this old.
    pub(super) fn expire(&mut self, max_age: Duration) {
        while self.oldest_age().is_some_and(|age| age >= max_age) {
            self.end_oldest("it got too old");
        }
    }

    /// The state changes, and nobody wants the old one.
    pub(super) fn advance(&mut self) {
        self.version += 1;
    }

    /// The state changes. Keeps what the keys were bound to, and ends the oldest snapshots if
    /// that is too much.
    pub(super) fn record(&mut self, before: Vec<Binding<B>>, limits: &OverlayLimits) {
        self.version += 1;
        let Some((_, newest)) = self.pins.last_key_value() else { return };
        let newest = newest.version;
        for Binding { key, value } in before {
            let kept = self.keys.entry(key.clone()).or_default();
            // No snapshot lies between two writes: the first one's old value serves all.
            if kept.back().is_some_and(|(version, _)| *version > newest) {
                continue;
            }
            self.bytes += weight(&key, value.as_ref());
            kept.push_back((self.version, value));
            self.order.push_back((self.version, key));
        }
        while self.bytes > limits.max_bytes && self.is_pinned() {
            self.end_oldest("too much was written since it was taken");
        }
    }

    /// What `key` was bound to in a snapshot; `None` if it is bound to the same now.
    pub(super) fn get(&self, pin: Pin, key: &[u8]) -> Option<Binding<B>> {
        let (key, kept) = self.keys.get_key_value(key)?;
        let value = first_after(kept, pin.version)?.clone();
        Some(Binding { key: key.clone(), value })
    }

    /// At most `limit` keys of a range that are bound to something else now, with what they were
    /// bound to.
    pub(super) fn range(
        &self,
        pin: Pin,
        span: &Span<B>,
        direction: Direction,
        limit: usize,
    ) -> Vec<Binding<B>> {
        let within = self.keys.range::<B, _>((span.lower.as_ref(), span.upper.as_ref()));
        let wanted = |(key, kept): (&B, &VecDeque<_>)| {
            let value = first_after(kept, pin.version)?.clone();
            Some(Binding { key: key.clone(), value })
        };
        match direction {
            Direction::Forward => within.filter_map(wanted).take(limit).collect(),
            Direction::Backward => within.rev().filter_map(wanted).take(limit).collect(),
        }
    }

    fn end_oldest(&mut self, why: &str) {
        if let Some((number, ended)) = self.pins.pop_first() {
            let age = ended.since.elapsed();
            tracing::warn!(number, ?age, "a snapshot was ended, since {why}");
            self.counted -= usize::from(ended.counts);
            self.forget();
        }
    }

    /// Forgets the old values that no snapshot wants.
    fn forget(&mut self) {
        let Some(oldest) = self.pins.first_key_value().map(|(_, live)| live.version) else {
            self.keys.clear();
            self.order.clear();
            self.bytes = 0;
            return;
        };
        while let Some((version, key)) = self.order.pop_front() {
            if version > oldest {
                self.order.push_front((version, key));
                return;
            }
            let Some(kept) = self.keys.get_mut::<[u8]>(key.borrow()) else { continue };
            if let Some((_, value)) = kept.pop_front() {
                self.bytes = self.bytes.saturating_sub(weight(&key, value.as_ref()));
            }
            if kept.is_empty() {
                self.keys.remove::<[u8]>(key.borrow());
            }
        }
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

fn first_after<B>(kept: &VecDeque<(u64, Option<B>)>, version: u64) -> Option<&Option<B>> {
    let first = kept.partition_point(|(written, _)| *written <= version);
    kept.get(first).map(|(_, value)| value)
}

fn weight<B: Bytes>(key: &B, value: Option<&B>) -> usize {
    // The key is kept in the order, too.
    let value = value.map_or(0, |value| value.as_ref().len());
    PER_VALUE + 2 * key.as_ref().len() + value
}
