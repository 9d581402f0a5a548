//! What sled's keys look like. All tables share one tree, so that one batch reaches all of them.
//!
//! | key | bound to |
//! | --- | --- |
//! | `00 01` | how many groups of writes there were |
//! | `00 02` | the number of the last table that was made |
//! | `01`, name | a table: its line of the registry |
//! | `02`, table | nothing; the table was dropped, and its rows go away |
//! | `03`, table, key | a row |
//! | `04`, table, value, piece | a piece of a large value |
//!
//! Numbers are 8 bytes, big endian; that of a piece has 4. The key of a row is its ordered bytes,
//! with `00` after every three `ff`: sled's iteration goes backward by looking for the key before
//! a page as `.. ff ff ff ff`, and loses its way if a page begins with something larger.

use std::ops::Bound;

use persist_core::backend::{Cell, CellType, KeyRange};
use persist_core::engine::{Span, ordered};
use sled::IVec;

const REGISTRY: u8 = 1;
const DROPPED: u8 = 2;
const ROW: u8 = 3;
const PIECE: u8 = 4;

/// After so many `ff` comes a `00`.
const RUN: usize = 3;

/// A key of a table's row begins with this many other bytes.
pub(crate) const ROW_HEAD: usize = 9;

/// How many groups of writes there were.
pub(crate) const SEQUENCE: [u8; 2] = [0, 1];

/// The number of the last table that was made.
pub(crate) const LAST_TABLE: [u8; 2] = [0, 2];

/// The line of the registry for the table of this name.
pub(crate) fn registered(name: &str) -> IVec {
    IVec::from([&[REGISTRY], name.as_bytes()].concat())
}

/// The whole registry.
pub(crate) fn registry() -> Span<IVec> {
    begins_with(&[REGISTRY])
}

/// That a table was dropped.
pub(crate) fn dropped(table: u64) -> IVec {
    IVec::from(numbered(DROPPED, table, 0))
}

/// The tables that were dropped.
pub(crate) fn all_dropped() -> Span<IVec> {
    begins_with(&[DROPPED])
}

/// The table of a key that begins with a table's number.
pub(crate) fn table_of(key: &[u8]) -> Option<u64> {
    let (&[space, ref table @ ..], _) = key.split_first_chunk::<ROW_HEAD>()?;
    (space >= DROPPED).then(|| u64::from_be_bytes(*table))
}

/// A row.
pub(crate) fn row(table: u64, key: &Cell) -> IVec {
    IVec::from(row_bytes(table, key))
}

/// A row, to look for it.
pub(crate) fn row_bytes(table: u64, key: &Cell) -> Vec<u8> {
    let mut bytes = numbered(ROW, table, key.len());
    ordered::encode(key, &mut bytes);
    // No byte of a text is `ff`.
    if matches!(key, Cell::Text(_)) || !bytes.get(ROW_HEAD..).is_some_and(has_run) {
        return bytes;
    }
    // What is put in depends on what is before it alone, so the order stays.
    let (mut escaped, mut run) = (numbered(ROW, table, bytes.len() * 2), 0);
    for byte in bytes.into_iter().skip(ROW_HEAD) {
        escaped.push(byte);
        run = if byte == u8::MAX { run + 1 } else { 0 };
        if run == RUN {
            escaped.push(0);
            run = 0;
        }
    }
    escaped
}

fn has_run(key: &[u8]) -> bool {
    key.windows(RUN).any(|bytes| bytes == [u8::MAX; RUN])
}

/// The rows of a range.
pub(crate) fn rows(table: u64, range: &KeyRange) -> Span<IVec> {
    let all = all_rows(table);
    let bound = |bound: Bound<&Cell>, open: Bound<IVec>| match bound {
        Bound::Included(key) => Bound::Included(row(table, key)),
        Bound::Excluded(key) => Bound::Excluded(row(table, key)),
        Bound::Unbounded => open,
    };
    Span { lower: bound(range.lower(), all.lower), upper: bound(range.upper(), all.upper) }
}

/// All rows of a table.
pub(crate) fn all_rows(table: u64) -> Span<IVec> {
    begins_with(&numbered(ROW, table, 0))
}

/// The key of a row, if it is one of this type.
pub(crate) fn cell(cell_type: CellType, row: &[u8]) -> Option<Cell> {
    let stored = row.get(ROW_HEAD..)?;
    let (mut plain, mut run) = (Vec::with_capacity(stored.len()), 0);
    for &byte in stored {
        if run == RUN {
            if byte != 0 {
                return None;
            }
            run = 0;
            continue;
        }
        plain.push(byte);
        run = if byte == u8::MAX { run + 1 } else { 0 };
    }
    ordered::decode(cell_type, plain).filter(|_| run < RUN)
}

/// A piece of a large value.
pub(crate) fn piece(table: u64, value: u64, piece: u32) -> IVec {
    let mut bytes = numbered(PIECE, table, 12);
    bytes.extend_from_slice(&value.to_be_bytes());
    bytes.extend_from_slice(&piece.to_be_bytes());
    IVec::from(bytes)
}

/// All pieces of one large value.
pub(crate) fn pieces(table: u64, value: u64) -> Span<IVec> {
    let mut bytes = numbered(PIECE, table, 8);
    bytes.extend_from_slice(&value.to_be_bytes());
    begins_with(&bytes)
}

/// All pieces of all values of a table.
pub(crate) fn all_pieces(table: u64) -> Span<IVec> {
    begins_with(&numbered(PIECE, table, 0))
}

fn numbered(space: u8, table: u64, more: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ROW_HEAD + more);
    bytes.push(space);
    bytes.extend_from_slice(&table.to_be_bytes());
    bytes
}

/// The keys that begin with these bytes.
fn begins_with(prefix: &[u8]) -> Span<IVec> {
    let mut after = prefix.to_vec();
    // The first byte is never the last one there is, so something always comes after.
    while let Some(last) = after.pop() {
        if let Some(next) = last.checked_add(1) {
            after.push(next);
            break;
        }
    }
    Span { lower: Bound::Included(IVec::from(prefix)), upper: Bound::Excluded(IVec::from(after)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_the_documentation() {
        let minus_one = row(258, &Cell::Integer(-1));
        assert_eq!(minus_one[..], *b"\x03\0\0\0\0\0\0\x01\x02\x7f\xff\xff\xff\0\xff\xff\xff\0\xff");
        assert_eq!(row(1, &Cell::Text("tea".into()))[..], *b"\x03\0\0\0\0\0\0\0\x01tea");
        assert_eq!(piece(1, 65_536, 2)[..], *b"\x04\0\0\0\0\0\0\0\x01\0\0\0\0\0\x01\0\0\0\0\0\x02");
        assert_eq!(registered("prices")[..], *b"\x01prices");
        assert_eq!(dropped(7)[..], *b"\x02\0\0\0\0\0\0\0\x07");
    }

    #[test]
    fn keys_with_long_runs_keep_their_order_and_come_back() {
        let mut keys: Vec<Vec<u8>> = vec![vec![]];
        for length in 0..=7 {
            for tail in [&[][..], &[0], &[1], &[0, 0], &[255, 254], &[254]] {
                keys.push([&vec![255; length], tail].concat());
                keys.push([&[254][..], &vec![255; length], tail].concat());
            }
        }
        let rows: Vec<_> = keys.iter().map(|key| row(1, &Cell::Bytes(key.clone()))).collect();
        for (key, stored) in keys.iter().zip(&rows) {
            assert_eq!(cell(CellType::Bytes, stored), Some(Cell::Bytes(key.clone())));
            assert!(!stored[ROW_HEAD..].windows(RUN + 1).any(|run| run == [255; RUN + 1]));
            for (other_key, other) in keys.iter().zip(&rows) {
                assert_eq!(key.cmp(other_key), stored.cmp(other), "{key:?} {other_key:?}");
            }
        }
        assert!(cell(CellType::Bytes, b"\x03\0\0\0\0\0\0\0\x01\xff\xff\xff").is_none());
        assert!(cell(CellType::Bytes, b"\x03\0\0\0\0\0\0\0\x01\xff\xff\xff\x01").is_none());
    }

    #[test]
    fn tables_lie_beside_each_other() {
        let holds = |span: &Span<IVec>, key: &IVec| {
            std::ops::RangeBounds::contains(&(span.lower.clone(), span.upper.clone()), key)
        };
        let longest = Cell::Bytes(vec![255; 2_000]);
        for table in [1, 255, 256, u64::MAX] {
            for key in [row(table, &longest), row(table, &Cell::Text(String::new()))] {
                assert!(holds(&all_rows(table), &key));
                assert!(!holds(&all_rows(table - 1), &key));
                assert_eq!(table_of(&key), Some(table));
            }
            assert!(!holds(&all_rows(table), &piece(table, 0, 0)));
            assert!(holds(&pieces(table, u64::MAX), &piece(table, u64::MAX, u32::MAX)));
        }
    }
}
