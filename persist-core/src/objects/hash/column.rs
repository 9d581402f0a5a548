//! Hashes as keys and values.

use std::marker::PhantomData;

use super::{Digest, Hash};
use crate::backend::{Cell, CellType};
use crate::column::{CodecError, Column, KeyColumn, PrefixColumn};

/// The column of hashes by `H`, as bytes. Its codec carries the name of the hash, so that what was
/// written with one is never read with another.
///
/// ```
/// # use persist_core::{column::Text, objects::{Atomic, Hashed, Sha256}};
/// type Branches = Atomic<Text, Hashed<Sha256>>;
/// ```
#[derive(Debug)]
pub struct Hashed<H>(PhantomData<fn() -> H>);

impl<H: Hash> Column for Hashed<H> {
    type Borrowed<'a> = Digest<H>;
    type Owned = Digest<H>;
    const CELL: CellType = CellType::Bytes;

    fn codec() -> String {
        format!("hash/1({})", H::NAME)
    }

    fn encode(digest: Digest<H>) -> Result<Cell, CodecError> {
        Ok(Cell::Bytes(digest.as_bytes().to_vec()))
    }

    fn decode(cell: Cell) -> Result<Digest<H>, CodecError> {
        let Cell::Bytes(bytes) = cell else { return Err("the cell is not bytes".into()) };
        let length = bytes.len();
        Digest::from_bytes(&bytes)
            .ok_or_else(|| format!("{length} bytes are no {} hash", H::NAME).into())
    }

    fn borrow(owned: &Digest<H>) -> Digest<H> {
        *owned
    }
}

impl<H: Hash> KeyColumn for Hashed<H> {}

/// The beginning of a hash is its first bytes.
impl<H: Hash> PrefixColumn for Hashed<H> {
    type Prefix<'a> = &'a [u8];

    fn encode_prefix(prefix: &[u8]) -> Result<Cell, CodecError> {
        Ok(Cell::Bytes(prefix.to_vec()))
    }
}
