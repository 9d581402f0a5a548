//! What stands in the rows of the tables.

use std::ops::Bound;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::backend::{Cell, CellType, KeyRange};
use crate::column::{
    CodecError, Column, KeyColumn, Postcard, decode_value, encode_key, encode_value,
};
use crate::{Error, Result};

/// The most bytes of a value that stand in its entry.
pub(super) const INLINE: usize = 1 << 10;

/// The bytes of a chunk.
pub(super) const CHUNK: u64 = 64 << 10;

/// What a dictionary or a content is known by: 16 random bytes, never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Id(pub(super) [u8; 16]);

impl Id {
    /// What the top-level dictionary is an entry of.
    pub(super) const NOWHERE: Self = Self([0; 16]);

    pub(super) fn random() -> Self {
        Self(rand::random())
    }

    pub(super) fn number(self) -> u128 {
        u128::from_be_bytes(self.0)
    }
}

/// A time, in whole nanoseconds since 1970: seconds, which may be negative, and what is above them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Time {
    seconds: i64,
    nanoseconds: u32,
}

/// What a key is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Entry {
    Dictionary { id: Id, made: Time },
    Value(Value),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Value {
    pub(super) size: u64,
    pub(super) modified: Time,
    /// Another one after each change.
    pub(super) version: Id,
    pub(super) content: Content,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Content {
    /// All of it.
    Inline(Vec<u8>),
    /// Chunks. What they leave out is zero.
    Chunks(Id),
}

/// What is to be taken away, by its [`Id`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Grave {
    Dictionary,
    Content,
}

/// The mark of a content that is being written and not bound yet: a number that its owner changes
/// while it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lease {
    pub(super) beat: u64,
}

/// Keys of entries: the dictionary's id, then the segment's bytes.
pub(super) enum EntryKey {}

impl Column for EntryKey {
    type Borrowed<'a> = (Id, &'a str);
    type Owned = (Id, String);
    const CELL: CellType = CellType::Bytes;

    fn codec() -> String {
        "kv-entry/1".into()
    }

    fn encode((id, segment): Self::Borrowed<'_>) -> Result<Cell, CodecError> {
        Ok(Cell::Bytes([&id.0, segment.as_bytes()].concat()))
    }

    fn decode(cell: Cell) -> Result<Self::Owned, CodecError> {
        let Cell::Bytes(bytes) = cell else { return Err("the cell is not bytes".into()) };
        let (id, segment) = bytes.split_first_chunk().ok_or("it is too short")?;
        Ok((Id(*id), str::from_utf8(segment)?.to_owned()))
    }

    fn borrow((id, segment): &Self::Owned) -> Self::Borrowed<'_> {
        (*id, segment)
    }
}

impl KeyColumn for EntryKey {}

/// Keys of chunks: the content's id, then the number of the chunk, the highest byte first.
pub(super) enum ChunkKey {}

impl Column for ChunkKey {
    type Borrowed<'a> = (Id, u32);
    type Owned = (Id, u32);
    const CELL: CellType = CellType::Bytes;

    fn codec() -> String {
        "kv-chunk/1".into()
    }

    fn encode((id, number): Self::Borrowed<'_>) -> Result<Cell, CodecError> {
        Ok(Cell::Bytes([&id.0[..], &number.to_be_bytes()].concat()))
    }

    fn decode(cell: Cell) -> Result<Self::Owned, CodecError> {
        let Cell::Bytes(bytes) = cell else { return Err("the cell is not bytes".into()) };
        let (id, number) = bytes.split_first_chunk().ok_or("it is too short")?;
        Ok((Id(*id), u32::from_be_bytes(number.try_into()?)))
    }

    fn borrow(owned: &Self::Owned) -> Self::Borrowed<'_> {
        *owned
    }
}

impl KeyColumn for ChunkKey {}

/// Keys that are an id.
pub(super) enum IdKey {}

impl Column for IdKey {
    type Borrowed<'a> = Id;
    type Owned = Id;
    const CELL: CellType = CellType::Bytes;

    fn codec() -> String {
        "kv-id/1".into()
    }

    fn encode(id: Id) -> Result<Cell, CodecError> {
        Ok(id_cell(id))
    }

    fn decode(cell: Cell) -> Result<Id, CodecError> {
        let Cell::Bytes(bytes) = cell else { return Err("the cell is not bytes".into()) };
        Ok(Id(bytes.try_into().map_err(|_| "it has another length")?))
    }

    fn borrow(id: &Id) -> Id {
        *id
    }
}

impl KeyColumn for IdKey {}

pub(super) fn id_cell(id: Id) -> Cell {
    Cell::Bytes(id.0.to_vec())
}

pub(super) fn entry_key(id: Id, segment: &str) -> Result<Cell> {
    encode_key::<EntryKey>((id, segment))
}

pub(super) fn chunk_key(id: Id, number: u32) -> Result<Cell> {
    encode_key::<ChunkKey>((id, number))
}

/// The entries of a dictionary behind a segment.
pub(super) fn entries_after(id: Id, after: Option<&str>) -> Result<KeyRange> {
    let all = KeyRange::prefix(id_cell(id));
    let Some(after) = after else { return Ok(all) };
    let behind = KeyRange::new(Bound::Excluded(entry_key(id, after)?), Bound::Unbounded);
    let range = behind.and_then(|behind| all.intersect(&behind));
    range.ok_or_else(|| Error::new(crate::ErrorKind::Backend, "a range of entries is empty"))
}

pub(super) fn encode<T>(value: &T) -> Result<Cell>
where
    T: Serialize + serde::de::DeserializeOwned + Send + Sync + 'static,
{
    encode_value::<Postcard<T>>(value)
}

pub(super) fn decode<T>(cell: Cell) -> Result<T>
where
    T: Serialize + serde::de::DeserializeOwned + Send + Sync + 'static,
{
    decode_value::<Postcard<T>>(cell)
}

impl From<SystemTime> for Time {
    fn from(time: SystemTime) -> Self {
        let whole = |span: Duration| i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self { seconds: whole(after), nanoseconds: after.subsec_nanos() },
            Err(before) => {
                let before = before.duration();
                match before.subsec_nanos() {
                    0 => Self { seconds: -whole(before), nanoseconds: 0 },
                    short => {
                        Self { seconds: -whole(before) - 1, nanoseconds: 1_000_000_000 - short }
                    }
                }
            }
        }
    }
}

impl From<Time> for SystemTime {
    fn from(time: Time) -> Self {
        let seconds = Duration::from_secs(time.seconds.unsigned_abs());
        let above = Duration::from_nanos(time.nanoseconds.into());
        // What no clock of this machine can show was not written by it; the epoch is a plain lie.
        let whole = if time.seconds < 0 {
            UNIX_EPOCH.checked_sub(seconds)
        } else {
            UNIX_EPOCH.checked_add(seconds)
        };
        whole.and_then(|whole| whole.checked_add(above)).unwrap_or(UNIX_EPOCH)
    }
}

/// Shows no content.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Inline(bytes) => write!(f, "Inline[{} bytes]", bytes.len()),
            Self::Chunks(id) => f.debug_tuple("Chunks").field(id).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    fn hex(cell: Cell) -> String {
        let Cell::Bytes(bytes) = cell else { panic!("the cell is not bytes") };
        let mut hex = String::new();
        bytes.iter().try_for_each(|byte| write!(hex, "{byte:02x}")).unwrap();
        hex
    }

    #[test]
    fn rows_are_as_documented() {
        let id = Id(std::array::from_fn(|i| u8::try_from(i).unwrap()));
        let ids = "000102030405060708090a0b0c0d0e0f";
        let time = Time { seconds: 1, nanoseconds: 2 };
        let value = |content| Entry::Value(Value { size: 2, modified: time, version: id, content });
        let inline = value(Content::Inline(b"bc".to_vec()));
        let chunks = value(Content::Chunks(id));
        for (cell, expected) in [
            (entry_key(id, "é").unwrap(), format!("{ids}c3a9")),
            (chunk_key(id, 258).unwrap(), format!("{ids}00000102")),
            (encode(&Entry::Dictionary { id, made: time }).unwrap(), format!("00{ids}0202")),
            (encode(&inline).unwrap(), format!("01020202{ids}00026263")),
            (encode(&chunks).unwrap(), format!("01020202{ids}01{ids}")),
            (encode(&Grave::Dictionary).unwrap(), "00".into()),
            (encode(&Grave::Content).unwrap(), "01".into()),
            (encode(&Lease { beat: 300 }).unwrap(), "ac02".into()),
        ] {
            assert_eq!(hex(cell), expected);
        }
    }

    #[test]
    fn times_come_back() {
        for (seconds, nanoseconds) in [(0, 0), (-1, 1), (-1, 999_999_999), (-5, 0), (7, 3)] {
            let time = Time { seconds, nanoseconds };
            assert_eq!(Time::from(SystemTime::from(time)), time);
        }
    }
}
