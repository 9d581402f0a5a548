//! Whether keys that are asked for are all bound to something.

use std::sync::atomic::{AtomicU8, Ordering};

/// So many answers without gaps, one after the other, are a sign that there will be none.
const SIGN: u8 = 64;

/// What the last answers of a table say about the next one. A wrong guess costs another question.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    /// How many answers without gaps are still to be seen.
    doubt: AtomicU8,
}

impl Gaps {
    /// Whether some of the keys may be bound to nothing.
    pub(crate) fn are_likely(&self) -> bool {
        self.doubt.load(Ordering::Relaxed) > 0
    }

    /// Learns from an answer. Others may do so at the same time: what gets lost does no harm.
    pub(crate) fn note(&self, has_gaps: bool) {
        let doubt = self.doubt.load(Ordering::Relaxed);
        let doubt = if has_gaps { SIGN } else { doubt.saturating_sub(1) };
        self.doubt.store(doubt, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_remembered_until_there_was_none_for_a_while() {
        let gaps = Gaps::default();
        assert!(!gaps.are_likely());
        gaps.note(false);
        assert!(!gaps.are_likely());
        for _ in 0..3 {
            gaps.note(true);
            for _ in 1..SIGN {
                gaps.note(false);
                assert!(gaps.are_likely());
            }
        }
        gaps.note(false);
        assert!(!gaps.are_likely());
    }
}
