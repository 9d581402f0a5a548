//! How a record lies in the file: its length, a checksum of length and content, its content.

use persist_core::{Error, ErrorKind, Result};

/// What stands before the content: both numbers in 4 bytes, little endian.
const HEAD: usize = 8;

/// What stands next in the log.
#[derive(PartialEq, Eq)]
#[expect(missing_debug_implementations, reason = "it holds values, which are shown nowhere")]
pub enum Next<'b> {
    /// A whole record: its content, and what follows it.
    Record(&'b [u8], &'b [u8]),
    /// Nothing, or a last record whose writing was cut short.
    End,
    /// A record that is not whole although others follow it.
    Damaged,
}

/// A record of this content.
///
/// # Errors
/// `TooLarge` past 4 GiB, which no group of commits can be.
pub fn write(content: &[u8]) -> Result<Vec<u8>> {
    let length = u32::try_from(content.len())
        .map_err(|_| Error::new(ErrorKind::TooLarge, "a record may hold at most 4 GiB"))?
        .to_le_bytes();
    Ok([&length[..], &checksum(length, content).to_le_bytes(), content].concat())
}

/// Reads what stands at the beginning of `bytes`.
pub fn next(bytes: &[u8]) -> Next<'_> {
    let Some((&[a, b, c, d, sum @ ..], after)) = bytes.split_first_chunk::<HEAD>() else {
        return Next::End;
    };
    let length = [a, b, c, d];
    match after.split_at_checked(u32::from_le_bytes(length) as usize) {
        Some((content, rest)) if checksum(length, content) == u32::from_le_bytes(sum) => {
            Next::Record(content, rest)
        }
        // Only the last record can be cut short: each is synced before the next is written. Some
        // file systems leave zeros for what was not written.
        Some((_, rest)) if !rest.is_empty() && bytes.iter().any(|byte| *byte != 0) => Next::Damaged,
        _ => Next::End,
    }
}

/// The length is part of it, so that zeros are no record.
fn checksum(length: [u8; 4], content: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length);
    hasher.update(content);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_whole_or_not_at_all() {
        let record = write(b"content").unwrap();
        assert!(next(&record) == Next::Record(b"content", b""));
        for end in 0..record.len() {
            assert!(next(&record[..end]) == Next::End, "cut at {end}");
        }
        assert!(next(&[0; 100]) == Next::End);
    }

    #[test]
    fn damage_before_the_end_is_told() {
        let mut log = [write(b"first").unwrap(), write(b"second").unwrap()].concat();
        log[HEAD] ^= 1;
        assert!(next(&log) == Next::Damaged);
    }
}
