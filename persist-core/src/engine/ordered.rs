//! Bytes whose order is the order of the cells they stand for.
//!
//! | cell | bytes |
//! | --- | --- |
//! | text, bytes | themselves |
//! | integer | 8, big endian, sign bit inverted |
//! | real | 8, big endian bits; sign bit inverted if positive, all bits if negative |
//!
//! A column holds one type, so nothing marks the type. The parts of a composite
//! key are joined, every part but the last made self-delimiting.

use crate::backend::{Cell, CellType};

const SIGN: u64 = 1 << 63;
/// Ends a part that has another one after it. Sorts below the escape of a zero byte, so that a
/// part sorts before every longer part that it begins.
const END: [u8; 2] = [0, 1];
/// Stands for a zero byte inside a part that has another one after it.
const ZERO: [u8; 2] = [0, 255];

/// Appends the bytes of `cell`.
pub fn encode(cell: &Cell, out: &mut Vec<u8>) {
    match cell {
        Cell::Text(text) => out.extend_from_slice(text.as_bytes()),
        Cell::Bytes(bytes) => out.extend_from_slice(bytes),
        Cell::Integer(integer) => {
            out.extend_from_slice(&(integer.cast_unsigned() ^ SIGN).to_be_bytes());
        }
        Cell::Real(real) => {
            let bits = real.to_bits();
            let ordered = if bits & SIGN == 0 { bits ^ SIGN } else { !bits };
            out.extend_from_slice(&ordered.to_be_bytes());
        }
    }
}

/// The cell of this type that [`encode`] gave these bytes, if there is one.
pub fn decode(cell_type: CellType, bytes: Vec<u8>) -> Option<Cell> {
    Some(match cell_type {
        CellType::Text => Cell::Text(String::from_utf8(bytes).ok()?),
        CellType::Bytes => Cell::Bytes(bytes),
        CellType::Integer => {
            let bits = u64::from_be_bytes(bytes.try_into().ok()?);
            Cell::Integer((bits ^ SIGN).cast_signed())
        }
        CellType::Real => {
            let bits = u64::from_be_bytes(bytes.try_into().ok()?);
            Cell::Real(f64::from_bits(if bits & SIGN == 0 { !bits } else { bits ^ SIGN }))
        }
    })
}

/// Appends `cell` as a part that another part follows: numbers take their fixed width, text and
/// bytes are escaped and ended.
pub fn encode_part(cell: &Cell, out: &mut Vec<u8>) {
    let bytes = match cell {
        Cell::Text(text) => text.as_bytes(),
        Cell::Bytes(bytes) => bytes,
        Cell::Integer(_) | Cell::Real(_) => return encode(cell, out),
    };
    for &byte in bytes {
        if byte == 0 { out.extend_from_slice(&ZERO) } else { out.push(byte) }
    }
    out.extend_from_slice(&END);
}

/// Splits what [`encode_part`] wrote at the beginning of `bytes` from what follows it.
pub fn decode_part(cell_type: CellType, bytes: &[u8]) -> Option<(Cell, &[u8])> {
    if matches!(cell_type, CellType::Integer | CellType::Real) {
        let (part, rest) = bytes.split_at_checked(8)?;
        return Some((decode(cell_type, part.to_vec())?, rest));
    }
    let mut part = Vec::new();
    let mut rest = bytes;
    loop {
        match rest {
            [0, 1, after @ ..] => return Some((decode(cell_type, part)?, after)),
            [0, 255, after @ ..] => {
                part.push(0);
                rest = after;
            }
            [0, ..] | [] => return None,
            [byte, after @ ..] => {
                part.push(*byte);
                rest = after;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(cell: &Cell) -> Vec<u8> {
        let mut out = Vec::new();
        encode(cell, &mut out);
        out
    }

    fn part(cell: &Cell) -> Vec<u8> {
        let mut out = Vec::new();
        encode_part(cell, &mut out);
        out
    }

    fn samples() -> Vec<Vec<Cell>> {
        let reals = [
            f64::NEG_INFINITY,
            f64::MIN,
            -1.5,
            -f64::MIN_POSITIVE,
            0.0,
            5e-324,
            1.0,
            f64::MAX,
            f64::INFINITY,
        ];
        let blobs: [&[u8]; 7] = [b"", b"\0", b"\0\0", b"\0\x01", b"\0\xff", b"a", b"a\0"];
        vec![
            [i64::MIN, -2, -1, 0, 1, 255, 256, i64::MAX].map(Cell::Integer).to_vec(),
            reals.map(Cell::Real).to_vec(),
            blobs.map(|blob| Cell::Bytes(blob.to_vec())).to_vec(),
            ["", "a", "aa", "b", "é", "\u{10ffff}"].map(|text| Cell::Text(text.into())).to_vec(),
        ]
    }

    #[test]
    fn bytes_sort_as_cells_do_and_come_back() {
        for cells in samples() {
            for (a, b) in cells.iter().flat_map(|a| cells.iter().map(move |b| (a, b))) {
                assert_eq!(a.cmp(b), bytes(a).cmp(&bytes(b)), "{a} {b}");
                assert_eq!(a.cmp(b), part(a).cmp(&part(b)), "part {a} {b}");
            }
            for cell in &cells {
                assert_eq!(decode(cell.cell_type(), bytes(cell)).as_ref(), Some(cell));
                let followed = [part(cell), b"\xffrest".to_vec()].concat();
                let (back, rest) = decode_part(cell.cell_type(), &followed).unwrap();
                assert_eq!((&back, rest), (cell, &b"\xffrest"[..]));
            }
        }
    }

    #[test]
    fn vectors_of_the_documentation() {
        assert_eq!(bytes(&Cell::Integer(-1)), 0x7fff_ffff_ffff_ffff_u64.to_be_bytes());
        assert_eq!(bytes(&Cell::Real(1.0)), 0xbff0_0000_0000_0000_u64.to_be_bytes());
        assert_eq!(bytes(&Cell::Real(-1.0)), 0x400f_ffff_ffff_ffff_u64.to_be_bytes());
        assert_eq!(part(&Cell::Bytes(vec![1, 0, 2])), [1, 0, 255, 2, 0, 1]);
    }

    #[test]
    fn torn_parts_are_refused() {
        for torn in [&b"abc"[..], b"a\0", b"a\0\x02b\0\x01"] {
            assert!(decode_part(CellType::Bytes, torn).is_none(), "{torn:?}");
        }
        assert!(decode_part(CellType::Integer, &[1; 7]).is_none());
    }
}
