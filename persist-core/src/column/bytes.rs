//! Bytes.

use super::{CodecError, Column, KeyColumn, PrefixColumn};
use crate::backend::{Cell, CellType};

/// Any bytes, in bytewise order.
#[derive(Debug)]
pub enum Bytes {}

impl Column for Bytes {
    type Borrowed<'a> = &'a [u8];
    type Owned = Vec<u8>;
    const CELL: CellType = CellType::Bytes;

    fn codec() -> String {
        "bytes/1".into()
    }

    fn encode(bytes: &[u8]) -> Result<Cell, CodecError> {
        Ok(Cell::Bytes(bytes.to_vec()))
    }

    fn decode(cell: Cell) -> Result<Vec<u8>, CodecError> {
        let Cell::Bytes(bytes) = cell else { return Err("the cell is not bytes".into()) };
        Ok(bytes)
    }

    fn borrow(owned: &Vec<u8>) -> &[u8] {
        owned
    }
}

impl KeyColumn for Bytes {}

impl PrefixColumn for Bytes {
    type Prefix<'a> = &'a [u8];

    fn encode_prefix(prefix: &[u8]) -> Result<Cell, CodecError> {
        Ok(Cell::Bytes(prefix.to_vec()))
    }
}
