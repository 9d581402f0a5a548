//! Composite keys.

use std::marker::PhantomData;

use super::cells::normal;
use super::{CodecError, Column, KeyColumn, PrefixColumn};
use crate::backend::{Cell, CellType};
use crate::engine::ordered;

/// Two keys as one, ordered by the first and then by the second. Nest it for more.
///
/// ```
/// # use persist_core::{Table, column::{Integer, Pair, Real, Text}};
/// type Readings = Table<Pair<Text, Integer>, Real>; // (sensor, time)
/// ```
#[derive(Debug)]
pub struct Pair<A, B>(PhantomData<fn() -> (A, B)>);

impl<A: KeyColumn, B: KeyColumn> Column for Pair<A, B> {
    type Borrowed<'a> = (A::Borrowed<'a>, B::Borrowed<'a>);
    type Owned = (A::Owned, B::Owned);
    const CELL: CellType = CellType::Bytes;

    fn codec() -> String {
        format!("pair/1({},{})", A::codec(), B::codec())
    }

    fn encode((first, second): Self::Borrowed<'_>) -> Result<Cell, CodecError> {
        let mut pair = Vec::new();
        ordered::encode_part(&normal(A::encode(first)?)?, &mut pair);
        ordered::encode(&normal(B::encode(second)?)?, &mut pair);
        Ok(Cell::Bytes(pair))
    }

    fn decode(cell: Cell) -> Result<Self::Owned, CodecError> {
        const TORN: &str = "the bytes are not a pair of the columns' types";
        let Cell::Bytes(bytes) = cell else { return Err("the cell is not bytes".into()) };
        let (first, rest) = ordered::decode_part(A::CELL, &bytes).ok_or(TORN)?;
        let second = ordered::decode(B::CELL, rest.to_vec()).ok_or(TORN)?;
        Ok((A::decode(first)?, B::decode(second)?))
    }

    fn borrow((first, second): &Self::Owned) -> Self::Borrowed<'_> {
        (A::borrow(first), B::borrow(second))
    }
}

impl<A: KeyColumn, B: KeyColumn> KeyColumn for Pair<A, B> {}

/// The beginning of a pair is its whole first part.
impl<A: KeyColumn, B: KeyColumn> PrefixColumn for Pair<A, B> {
    type Prefix<'a> = A::Borrowed<'a>;

    fn encode_prefix(first: A::Borrowed<'_>) -> Result<Cell, CodecError> {
        let mut prefix = Vec::new();
        ordered::encode_part(&normal(A::encode(first)?)?, &mut prefix);
        Ok(Cell::Bytes(prefix))
    }
}
