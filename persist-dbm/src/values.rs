//! What sled's values look like: a byte that says how, then the cell in ordered bytes, or where
//! its pieces are.
//!
//! sled writes all rows of a page again after a few changes to any of them, and pages that are
//! large go to files of their own, so large values are cut into pieces.
//!
//! | bytes | |
//! | --- | --- |
//! | `01`, cell | a value of at most [`PIECE`] bytes |
//! | `02`, number (8), length (8) | a larger one; its pieces have its number |

use persist_core::backend::{Cell, CellType};
use persist_core::engine::ordered;
use persist_core::{Error, ErrorKind, Result};
use sled::IVec;

const WHOLE: u8 = 1;
const CUT: u8 = 2;

/// The size of a piece, but for the last one of a value.
pub(crate) const PIECE: usize = 4 << 10;

/// What a stored value says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored<'b> {
    Whole(&'b [u8]),
    Cut(Cut),
}

/// A value in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) number: u64,
    pub(crate) length: u64,
}

impl<'b> Stored<'b> {
    /// Reads a stored value.
    ///
    /// # Errors
    /// `Decode` for what this version does not know.
    pub(crate) fn parse(bytes: &'b [u8]) -> Result<Self> {
        match bytes {
            [WHOLE, cell @ ..] => Ok(Self::Whole(cell)),
            [CUT, place @ ..] => Cut::parse(place).map(Self::Cut).ok_or_else(unknown),
            _ => Err(unknown()),
        }
    }

    /// How many bytes the cell has.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Whole(cell) => cell.len(),
            Self::Cut(cut) => usize::try_from(cut.length).unwrap_or(usize::MAX),
        }
    }
}

impl Cut {
    /// How a value of this length is bound to its key.
    pub(crate) fn stored(self) -> IVec {
        let mut bytes = vec![CUT];
        bytes.extend_from_slice(&self.number.to_be_bytes());
        bytes.extend_from_slice(&self.length.to_be_bytes());
        IVec::from(bytes)
    }

    /// How many pieces there are.
    pub(crate) fn pieces(self) -> u32 {
        u32::try_from(self.length.div_ceil(PIECE as u64)).unwrap_or(u32::MAX)
    }

    fn parse(place: &[u8]) -> Option<Self> {
        let (number, length) = place.split_first_chunk::<8>()?;
        let length = u64::from_be_bytes(length.try_into().ok()?);
        Some(Self { number: u64::from_be_bytes(*number), length })
    }
}

/// A value that is bound to its key as a whole, if it is not too large.
pub(crate) fn whole(cell: &Cell) -> Option<IVec> {
    if cell.len() > PIECE {
        return None;
    }
    let mut bytes = Vec::with_capacity(1 + cell.len());
    bytes.push(WHOLE);
    ordered::encode(cell, &mut bytes);
    Some(IVec::from(bytes))
}

/// The bytes of a value that is too large.
pub(crate) fn bytes(cell: &Cell) -> &[u8] {
    match cell {
        Cell::Text(text) => text.as_bytes(),
        Cell::Bytes(bytes) => bytes,
        // Numbers are not large.
        Cell::Integer(_) | Cell::Real(_) => &[],
    }
}

/// The cell of a value's bytes.
///
/// # Errors
/// `Decode` for bytes that are no cell of this type.
pub(crate) fn cell(cell_type: CellType, bytes: Vec<u8>) -> Result<Cell> {
    ordered::decode(cell_type, bytes).ok_or_else(|| {
        let message = format!("the stored bytes are no {cell_type}, as the column has");
        Error::new(ErrorKind::Decode, message)
    })
}

fn unknown() -> Error {
    Error::new(
        ErrorKind::Decode,
        "the value is stored in a way that this version does not know; was it written by a newer one?",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_the_documentation() {
        assert_eq!(whole(&Cell::Text("hi".into())).unwrap()[..], *b"\x01hi");
        assert_eq!(whole(&Cell::Real(1.0)).unwrap()[..], *b"\x01\xbf\xf0\0\0\0\0\0\0");
        let cut = Cut { number: 65_536, length: 10_000 };
        assert_eq!(cut.stored()[..], *b"\x02\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\x27\x10");
        assert_eq!(cut.pieces(), 3);
        assert_eq!(Stored::parse(&cut.stored()).unwrap(), Stored::Cut(cut));
    }

    #[test]
    fn only_what_is_larger_than_a_piece_is_cut() {
        assert!(whole(&Cell::Bytes(vec![7; PIECE])).is_some());
        assert!(whole(&Cell::Bytes(vec![7; PIECE + 1])).is_none());
    }

    #[test]
    fn strange_bytes_are_refused() {
        for bytes in [&b""[..], b"\x00", b"\x03abc", b"\x02", b"\x02\0\0\0\0\0\0\0\x01\0"] {
            assert_eq!(Stored::parse(bytes).unwrap_err().kind(), ErrorKind::Decode);
        }
    }
}
