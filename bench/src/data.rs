//! The keys and values that everybody is given.

/// The `n`th key: 16 bytes, in no particular order.
pub fn key(n: u64) -> String {
    format!("{:016x}", (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// A value of 100 bytes that was never given before for this `seed` and `n`.
pub fn value(seed: u64, n: u64) -> Vec<u8> {
    let mut value = vec![0; 100];
    let mut state = seed ^ n.wrapping_mul(0xd134_2543_de82_ef95);
    for chunk in value.chunks_mut(8) {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        chunk.copy_from_slice(&state.to_le_bytes()[..chunk.len()]);
    }
    value
}

/// A fast sequence of numbers below `below`, different for each `seed`.
pub struct Picks {
    state: u64,
    below: u64,
}

impl Picks {
    pub fn new(seed: u64, below: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, below }
    }
}

impl Iterator for Picks {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        Some(self.state % self.below)
    }
}
