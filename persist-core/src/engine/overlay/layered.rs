//! Reading a range through two layers: the engine, and what is laid over it.

use std::borrow::Borrow;
use std::ops::Bound;

use super::Binding;
use crate::Result;
use crate::backend::Direction;

/// The type of an engine's keys and values: bytes that compare as slices do, and that are cheap
/// to clone.
pub trait Bytes: Ord + Clone + AsRef<[u8]> + Borrow<[u8]> + Send + Sync + 'static {}

impl<B: Ord + Clone + AsRef<[u8]> + Borrow<[u8]> + Send + Sync + 'static> Bytes for B {}

/// A range of an engine's keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span<B> {
    /// Where it begins.
    pub lower: Bound<B>,
    /// Where it ends.
    pub upper: Bound<B>,
}

impl<B: Bytes> Span<B> {
    /// What is left of it past `key`.
    fn past(&self, direction: Direction, key: B) -> Self {
        match direction {
            Direction::Forward => Self { lower: Bound::Excluded(key), upper: self.upper.clone() },
            Direction::Backward => Self { lower: self.lower.clone(), upper: Bound::Excluded(key) },
        }
    }

    /// The part of it up to and with `key`.
    fn up_to(&self, direction: Direction, key: B) -> Self {
        match direction {
            Direction::Forward => Self { lower: self.lower.clone(), upper: Bound::Included(key) },
            Direction::Backward => Self { lower: Bound::Included(key), upper: self.upper.clone() },
        }
    }

    /// Whether nothing lies in it.
    fn is_empty(&self) -> bool {
        match (&self.lower, &self.upper) {
            (Bound::Included(low), Bound::Included(high)) => low > high,
            (Bound::Included(low) | Bound::Excluded(low), Bound::Excluded(high))
            | (Bound::Excluded(low), Bound::Included(high)) => low >= high,
            _ => false,
        }
    }
}

/// Bindings, in the direction of a scan.
pub type Layer<B> = Vec<(B, B)>;

/// One step of reading a range: bindings, at most `limit` of them and possibly none, and what is
/// left of the range, if anything.
///
/// `below` gives the first `limit` bindings of a range from the engine, or fewer if there are
/// fewer. `above` gives the first `limit` of what is laid over it: keys with another value, or
/// with none. The engine is asked first, as a [`Pinned`](super::Pinned) demands.
///
/// # Errors
/// Those of `below` and `above`.
pub fn layered<B: Bytes>(
    span: &Span<B>,
    direction: Direction,
    limit: usize,
    below: impl FnOnce(&Span<B>, usize) -> Result<Layer<B>>,
    above: impl FnOnce(&Span<B>, usize) -> Result<Vec<Binding<B>>>,
) -> Result<(Layer<B>, Option<Span<B>>)> {
    let mut rows = below(span, limit)?;
    // Each layer is known as far as its last row, if it may have more.
    let mut known = None;
    if rows.len() >= limit {
        known = rows.last().map(|(key, _)| key.clone());
    }
    let covered = known.clone().map(|key| span.up_to(direction, key));
    let over = above(covered.as_ref().unwrap_or(span), limit)?;
    if over.len() >= limit {
        known = over.last().map(|binding| binding.key.clone());
    }
    if let Some(known) = &known {
        let within = |key: &B| match direction {
            Direction::Forward => key <= known,
            Direction::Backward => key >= known,
        };
        let end = rows.partition_point(|(key, _)| within(key));
        rows.truncate(end);
    }
    let rows = merged(rows, over, direction);
    let left = known.map(|key| span.past(direction, key)).filter(|left| !left.is_empty());
    Ok((rows, left))
}

fn merged<B: Bytes>(rows: Layer<B>, over: Vec<Binding<B>>, direction: Direction) -> Layer<B> {
    if over.is_empty() {
        return rows;
    }
    let before = |a: &B, b: &B| match direction {
        Direction::Forward => a < b,
        Direction::Backward => a > b,
    };
    let mut all = Vec::with_capacity(rows.len() + over.len());
    let mut rows = rows.into_iter().peekable();
    for Binding { key, value } in over {
        while let Some(row) = rows.next_if(|(under, _)| before(under, &key)) {
            all.push(row);
        }
        let _covered = rows.next_if(|(under, _)| *under == key);
        all.extend(value.map(|value| (key, value)));
    }
    all.extend(rows);
    all
}
