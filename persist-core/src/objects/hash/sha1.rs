//! SHA-1.

use super::Hash;

/// SHA-1, for what must agree with hashes that exist. Choose [`Sha256`](super::Sha256) or
/// [`Blake3`](super::Blake3) otherwise.
///
/// The known attacks are detected: a value that bears their marks gets another hash than plain
/// SHA-1 would give it, so that two values made to collide do not.
///
/// ```
/// use persist_core::objects::{Digest, Sha1};
///
/// let digest = Digest::<Sha1>::of(b"abc").to_string();
/// assert_eq!(digest, "a9993e364706816aba3e25717850c26c9cd0d89d");
/// ```
#[doc(alias = "Irmin.Hash.SHA1")]
#[derive(Debug)]
pub enum Sha1 {}

impl Hash for Sha1 {
    type Bytes = [u8; 20];
    const NAME: &'static str = "sha1";

    fn digest(bytes: &[u8]) -> [u8; 20] {
        (*sha1_checked::Sha1::try_digest(bytes).hash()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the two files of <https://shattered.io> begin with, in hexadecimal.
    const BOTH: &str = "\
        255044462d312e330a25e2e3cfd30a0a0a312030206f626a0a3c3c2f57696474682032203020522f\
        4865696768742033203020522f547970652034203020522f537562747970652035203020522f4669\
        6c7465722036203020522f436f6c6f7253706163652037203020522f4c656e677468203820302052\
        2f42697473506572436f6d706f6e656e7420383e3e0a73747265616d0affd8fffe00245348412d31\
        20697320646561642121212121852fec092339759c39b1a1c63c4c97e1fffe01";
    /// What follows in the first one, and in the second one.
    const FIRST: &str = "\
        7346dc9166b67e118f029ab621b2560ff9ca67cca8c7f85ba84c79030c2b3de218f86db3a90901d5\
        df45c14f26fedfb3dc38e96ac22fe7bd728f0e45bce046d23c570feb141398bb552ef5a0a82be331\
        fea48037b8b5d71f0e332edf93ac3500eb4ddc0decc1a864790c782c76215660dd309791d06bd0af\
        3f98cda4bc4629b1";
    const SECOND: &str = "\
        7f46dc93a6b67e013b029aaa1db2560b45ca67d688c7f84b8c4c791fe02b3df614f86db1690901c5\
        6b45c1530afedfb76038e972722fe7ad728f0e4904e046c230570fe9d41398abe12ef5bc942be335\
        42a4802d98b5d70f2a332ec37fac3514e74ddc0f2cc1a874cd0c78305a21566461309789606bd0bf\
        3f98cda8044629a1";

    #[test]
    fn values_that_were_made_to_collide_do_not() {
        let hash = |rest| {
            let bytes = bytes(&[BOTH, rest].concat());
            assert_eq!(bytes.len(), 320);
            assert!(sha1_checked::Sha1::try_digest(&bytes).has_collision());
            Sha1::digest(&bytes)
        };
        assert_ne!(hash(FIRST), hash(SECOND));
    }

    fn bytes(hexadecimal: &str) -> Vec<u8> {
        let byte = |at| u8::from_str_radix(&hexadecimal[at..at + 2], 16).unwrap();
        (0..hexadecimal.len()).step_by(2).map(byte).collect()
    }
}
