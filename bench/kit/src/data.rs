//! The keys and values that everybody is given.

/// How long a value is.
pub const VALUE: usize = 100;

/// How long the large value is.
pub const LARGE: usize = 8 << 20;

/// How much of it is read at once.
pub const PART: usize = 4096;

/// The `n`th key: 16 bytes, in no particular order.
pub fn key(n: u64) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let number = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    // By hand, since the time of the formatter is to be seen beside the quickest gets.
    let digit = |place: u32| char::from(DIGITS[(number >> (4 * place)) as usize % 16]);
    (0..16).rev().map(digit).collect()
}

/// A value that was never given before for this `seed` and `n`: SQLite writes nothing for a row
/// that stays as it is, so every put must carry a new one.
pub fn value(seed: u64, n: u64) -> Vec<u8> {
    let mut value = vec![0; VALUE];
    let mut state = seed ^ n.wrapping_mul(0xd134_2543_de82_ef95);
    for chunk in value.chunks_mut(8) {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        chunk.copy_from_slice(&state.to_le_bytes()[..chunk.len()]);
    }
    value
}

/// What an update makes of a value: the number in its first 8 bytes is one more.
pub fn updated(old: &[u8]) -> Vec<u8> {
    let mut new = old.to_vec();
    if let Some(head) = new.first_chunk_mut() {
        *head = u64::from_le_bytes(*head).wrapping_add(1).to_le_bytes();
    }
    new
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

    pub fn pick(&mut self) -> u64 {
        self.any() % self.below
    }

    /// A number without a bound.
    pub fn any(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }
}

/// The work of one task or thread: which keys, and with which values.
pub struct Script {
    picks: Picks,
    seed: u64,
    rows: u64,
    n: u64,
}

impl Script {
    /// That of the `worker`th of a round.
    pub fn new(seed: u64, worker: u64, rows: u64) -> Self {
        let seed = seed << 16 | worker;
        Self { picks: Picks::new(seed, rows), seed, rows, n: 0 }
    }

    pub fn key(&mut self) -> String {
        key(self.picks.pick())
    }

    /// Where a part of the large value begins.
    pub fn offset(&mut self) -> u64 {
        self.picks.any() % (LARGE - PART) as u64
    }

    pub fn row(&mut self) -> (String, Vec<u8>) {
        self.n += 1;
        (self.key(), value(self.seed, self.n))
    }

    /// A hundred rows, no key twice.
    pub fn batch(&mut self) -> Vec<(String, Vec<u8>)> {
        let first = self.picks.pick();
        let begin = self.n;
        self.n += 100;
        let row = |i| (key((first + i) % self.rows), value(self.seed, begin + i + 1));
        (0..100).map(row).collect()
    }

    /// Whether the next call of mixed work is a write.
    pub fn writes(&mut self) -> bool {
        self.n += 1;
        self.n.is_multiple_of(10)
    }
}

/// All rows, in the pieces in which they are loaded.
pub fn pieces(rows: u64) -> impl Iterator<Item = Vec<(String, Vec<u8>)>> {
    let piece = move |begin: u64| (begin..rows.min(begin + 1000)).map(|n| (key(n), value(0, n)));
    (0..rows).step_by(1000).map(move |begin| piece(begin).collect())
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn keys_are_sixteen_hexadecimal_digits() {
        assert_eq!(key(0), "9e3779b97f4a7c15");
        assert_eq!(key(7), format!("{:016x}", 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(8)));
    }
}
