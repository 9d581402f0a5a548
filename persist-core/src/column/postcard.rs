//! Anything that serde knows, compactly.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{CodecError, Column};
use crate::backend::{Cell, CellType};

/// Room for a typical value, so that encoding one allocates once.
const ROOM: usize = 128;

/// Any serde type as [postcard](https://postcard.jamesmunns.com/) bytes: small and fast, not
/// self-describing. Bytes left over after a value are refused.
#[doc(alias = "Column.Marshal")]
#[derive(Debug)]
pub struct Postcard<T>(PhantomData<fn() -> T>);

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Column for Postcard<T> {
    type Borrowed<'a> = &'a T;
    type Owned = T;
    const CELL: CellType = CellType::Bytes;

    fn codec() -> String {
        "postcard/1".into()
    }

    fn encode(value: &T) -> Result<Cell, CodecError> {
        Ok(Cell::Bytes(postcard::to_extend(value, Vec::with_capacity(ROOM))?))
    }

    fn decode(cell: Cell) -> Result<T, CodecError> {
        let Cell::Bytes(bytes) = cell else { return Err("the cell is not bytes".into()) };
        let (value, rest) = postcard::take_from_bytes(&bytes)?;
        if !rest.is_empty() {
            return Err(format!("{} bytes are left over after the value", rest.len()).into());
        }
        Ok(value)
    }

    fn borrow(owned: &T) -> &T {
        owned
    }
}
