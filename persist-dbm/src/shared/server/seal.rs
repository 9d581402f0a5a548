//! Marks, sealed so that only those which this server gave out reach the engine.

use std::hash::{BuildHasher, RandomState};

use crate::shared::wire::Seal;

/// Seals and opens marks under a key of its own.
#[derive(Debug, Default)]
pub(super) struct Sealer(RandomState);

impl Sealer {
    /// What the client gets of an engine's mark.
    pub(super) fn seal(&self, mut token: Vec<u8>) -> Seal {
        let tag = self.0.hash_one(&token);
        token.extend(tag.to_be_bytes());
        Seal(token)
    }

    /// The engine's mark; `None` if this server has not sealed it, as one that was lost may have.
    pub(super) fn open(&self, seal: Seal) -> Option<Vec<u8>> {
        let Seal(mut token) = seal;
        let tag = *token.split_last_chunk()?.1;
        token.truncate(token.len() - size_of_val(&tag));
        (self.0.hash_one(&token) == u64::from_be_bytes(tag)).then_some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_seals_are_opened() {
        let (mine, other) = (Sealer::default(), Sealer::default());
        let seal = mine.seal(vec![1, 2, 3]);
        assert_eq!(mine.open(seal.clone()), Some(vec![1, 2, 3]));
        assert_eq!(other.open(seal), None);
        assert_eq!(mine.open(Seal(vec![1, 2, 3])), None);
    }
}
