//! How much has been acknowledged, beside sled's files.
//!
//! When a part of its log is damaged, sled opens the store as it was before that part was
//! written, and says nothing. So we remember how many groups of writes were made durable, and
//! compare that with what sled brings back.
//!
//! The file has two slots of 16 bytes, written in turn: the number of groups, big endian, and the
//! same with all bits inverted. It is not synced: what is old in it still warns of what is older.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use persist_core::Result;

use crate::error::at;

const SLOT: usize = 16;

/// The file, open.
#[derive(Debug)]
pub(crate) struct Acknowledged {
    file: File,
    path: PathBuf,
    failed: bool,
}

impl Acknowledged {
    /// Opens or creates the file; the number that it holds, or 0.
    pub(crate) fn open(path: &Path) -> Result<(Self, u64)> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o640)
            .open(path)
            .map_err(at(path))?;
        let slot = |number: u64| {
            let mut bytes = [0; SLOT];
            let read = file.read_exact_at(&mut bytes, number * SLOT as u64);
            read.ok().and_then(|()| parse(bytes))
        };
        let known = slot(0).max(slot(1)).unwrap_or(0);
        Ok((Self { path: path.to_owned(), file, failed: false }, known))
    }

    /// Remembers a number. A failure costs a warning later, not the writes.
    pub(crate) fn remember(&mut self, sequence: u64) {
        let slot = sequence % 2 * SLOT as u64;
        let bytes = [sequence.to_be_bytes(), (!sequence).to_be_bytes()].concat();
        if let Err(error) = self.file.write_all_at(&bytes, slot)
            && !std::mem::replace(&mut self.failed, true)
        {
            tracing::warn!(file = %self.path.display(), %error, "cannot be written");
        }
    }
}

fn parse(bytes: [u8; SLOT]) -> Option<u64> {
    let (number, inverse) = bytes.split_first_chunk::<8>()?;
    let number = u64::from_be_bytes(*number);
    (inverse == (!number).to_be_bytes()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_whole_slot_counts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("acknowledged");
        let (mut file, known) = Acknowledged::open(&path).unwrap();
        assert_eq!(known, 0);
        for number in [1, 2, 3] {
            file.remember(number);
            assert_eq!(Acknowledged::open(&path).unwrap().1, number);
        }
        // The slot of 3 is half written.
        file.file.write_all_at(&[9], SLOT as u64 + 7).unwrap();
        assert_eq!(Acknowledged::open(&path).unwrap().1, 2);
    }
}
