//! Ranges of keys, kept in the one form that backends see: never inverted.

use std::cmp::Ordering;
use std::ops::Bound;

use serde::{Deserialize, Serialize};

use super::Cell;

/// Which end of a range a scan begins at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// From the smallest key upwards.
    Forward,
    /// From the largest key downwards.
    Backward,
}

/// A range of keys that is not inverted: a lower bound never lies above the upper one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRange {
    lower: Bound<Cell>,
    upper: Bound<Cell>,
}

impl KeyRange {
    /// The range between two bounds, or `None` if nothing can lie between them.
    pub fn new(lower: Bound<Cell>, upper: Bound<Cell>) -> Option<Self> {
        if let (
            Bound::Included(low) | Bound::Excluded(low),
            Bound::Included(high) | Bound::Excluded(high),
        ) = (&lower, &upper)
        {
            let both_included =
                matches!((&lower, &upper), (Bound::Included(_), Bound::Included(_)));
            if low > high || (low == high && !both_included) {
                return None;
            }
        }
        Some(Self { lower, upper })
    }

    /// Every key.
    pub fn all() -> Self {
        Self { lower: Bound::Unbounded, upper: Bound::Unbounded }
    }

    /// One key.
    pub fn one(key: Cell) -> Self {
        Self { lower: Bound::Included(key.clone()), upper: Bound::Included(key) }
    }

    /// The keys of text or bytes that begin with `prefix`; for a number, that number alone.
    pub fn prefix(prefix: Cell) -> Self {
        let after = match &prefix {
            Cell::Text(text) => text_after_prefix(text).map(Cell::Text),
            Cell::Bytes(bytes) => bytes_after_prefix(bytes).map(Cell::Bytes),
            Cell::Integer(_) | Cell::Real(_) => {
                return Self::one(prefix);
            }
        };
        Self {
            lower: Bound::Included(prefix),
            upper: after.map_or(Bound::Unbounded, Bound::Excluded),
        }
    }

    /// Where the range begins.
    pub fn lower(&self) -> Bound<&Cell> {
        self.lower.as_ref()
    }

    /// Where the range ends.
    pub fn upper(&self) -> Bound<&Cell> {
        self.upper.as_ref()
    }

    /// Whether the range has no bound at all.
    pub fn is_all(&self) -> bool {
        matches!((&self.lower, &self.upper), (Bound::Unbounded, Bound::Unbounded))
    }

    /// Whether `key` lies in the range.
    pub fn contains(&self, key: &Cell) -> bool {
        let above = match &self.lower {
            Bound::Included(low) => key >= low,
            Bound::Excluded(low) => key > low,
            Bound::Unbounded => true,
        };
        let below = match &self.upper {
            Bound::Included(high) => key <= high,
            Bound::Excluded(high) => key < high,
            Bound::Unbounded => true,
        };
        above && below
    }

    /// The keys that lie in both ranges, if any can.
    pub fn intersect(&self, other: &Self) -> Option<Self> {
        let lower = tighter(&self.lower, &other.lower, Ordering::Greater);
        let upper = tighter(&self.upper, &other.upper, Ordering::Less);
        Self::new(lower.clone(), upper.clone())
    }

    /// What is left of the range for a scan that has just met `key`, if anything.
    pub fn rest(&self, direction: Direction, key: &Cell) -> Option<Self> {
        match direction {
            Direction::Forward => Self::new(Bound::Excluded(key.clone()), self.upper.clone()),
            Direction::Backward => Self::new(self.lower.clone(), Bound::Excluded(key.clone())),
        }
    }

    /// The part of the range that a scan has covered when `rest` is left of it.
    #[must_use]
    pub fn without(&self, direction: Direction, rest: &Self) -> Self {
        match direction {
            Direction::Forward => Self { lower: self.lower.clone(), upper: opposite(&rest.lower) },
            Direction::Backward => Self { lower: opposite(&rest.upper), upper: self.upper.clone() },
        }
    }
}

/// The bound that admits less, where `inward` is how a tighter bound compares.
fn tighter<'b>(a: &'b Bound<Cell>, b: &'b Bound<Cell>, inward: Ordering) -> &'b Bound<Cell> {
    match (a, b) {
        (Bound::Unbounded, other) | (other, Bound::Unbounded) => other,
        (Bound::Included(x) | Bound::Excluded(x), Bound::Included(y) | Bound::Excluded(y)) => {
            match x.cmp(y) {
                Ordering::Equal if matches!(a, Bound::Excluded(_)) => a,
                Ordering::Equal => b,
                side if side == inward => a,
                _ => b,
            }
        }
    }
}

/// The bound that ends one range where the given one begins the next.
fn opposite(bound: &Bound<Cell>) -> Bound<Cell> {
    match bound {
        Bound::Included(cell) => Bound::Excluded(cell.clone()),
        Bound::Excluded(cell) => Bound::Included(cell.clone()),
        Bound::Unbounded => Bound::Unbounded,
    }
}

/// The smallest text above every text that begins with `prefix`. The order of UTF-8 is that of
/// code points, so the last character that has a successor is raised and the rest dropped.
fn text_after_prefix(prefix: &str) -> Option<String> {
    let mut kept = prefix.to_owned();
    while let Some(last) = kept.pop() {
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            _ => char::from_u32(u32::from(last).saturating_add(1)),
        };
        if let Some(next) = next {
            kept.push(next);
            return Some(kept);
        }
    }
    None
}

/// The smallest bytes above everything that begins with `prefix`.
fn bytes_after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut kept = prefix.to_vec();
    while let Some(last) = kept.pop() {
        if let Some(next) = last.checked_add(1) {
            kept.push(next);
            return Some(kept);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Cell {
        Cell::Text(text.into())
    }

    #[test]
    fn inverted_and_empty_bounds_give_no_range() {
        let (a, b) = (text("a"), text("b"));
        assert!(KeyRange::new(Bound::Included(b.clone()), Bound::Included(a.clone())).is_none());
        assert!(KeyRange::new(Bound::Included(a.clone()), Bound::Excluded(a.clone())).is_none());
        assert!(KeyRange::new(Bound::Excluded(a.clone()), Bound::Excluded(a.clone())).is_none());
        assert!(KeyRange::new(Bound::Included(a.clone()), Bound::Included(a)).is_some());
    }

    #[test]
    fn prefixes_end_at_the_next_text() {
        for (prefix, after) in [
            ("ab", Some("ac")),
            ("a\u{d7ff}", Some("a\u{e000}")),
            ("a\u{10ffff}", Some("b")),
            ("\u{10ffff}", None),
            ("", None),
        ] {
            assert_eq!(text_after_prefix(prefix).as_deref(), after, "{prefix:?}");
        }
        assert_eq!(bytes_after_prefix(&[1, 255, 255]), Some(vec![2]));
        assert_eq!(bytes_after_prefix(&[255]), None);
    }
}
