//! The envelope of a variable's value: which codec wrote it, then its bytes.

use serde::{Deserialize, Serialize};

use crate::backend::{Cell, CellType, ColumnSpec};
use crate::column::{Column, decode_value, encode_value};
use crate::engine::ordered;
use crate::{Error, ErrorKind, Result};

/// The number of the envelope's layout.
const FORMAT: u8 = 1;

/// What stands before the bytes of a value, as postcard.
#[derive(Serialize, Deserialize)]
struct Header<'h> {
    format: u8,
    codec: &'h str,
    /// Of the value's type. Reserved: empty today, and not compared.
    fingerprint: &'h str,
}

/// What a store remembers of a column of enveloped values.
pub(crate) fn spec() -> ColumnSpec {
    ColumnSpec { cell: CellType::Bytes, codec: format!("variable/{FORMAT}") }
}

/// A value in its envelope.
pub(crate) fn seal<V: Column>(value: V::Borrowed<'_>) -> Result<Cell> {
    let cell = encode_value::<V>(value)?;
    let header = Header { format: FORMAT, codec: &V::codec(), fingerprint: "" };
    let mut bytes = postcard::to_stdvec(&header).map_err(|error| {
        Error::new(ErrorKind::Encode, "the name of the codec cannot be stored").caused_by(error)
    })?;
    ordered::encode(&cell, &mut bytes);
    Ok(Cell::Bytes(bytes))
}

/// The value in an envelope.
pub(crate) fn unseal<V: Column>(sealed: Cell) -> Result<V::Owned> {
    let Cell::Bytes(bytes) = sealed else { return Err(torn("it is not bytes")) };
    let (header, payload) =
        postcard::take_from_bytes::<Header<'_>>(&bytes).map_err(|_| torn("its header is torn"))?;
    if header.format != FORMAT {
        return Err(torn(&format!("its format is number {}, not {FORMAT}", header.format)));
    }
    if header.codec != V::codec() {
        return Err(Error::new(
            ErrorKind::SchemaMismatch,
            format!(
                "the value was stored with the codec {:?}, but was asked for with {:?}; open it \
                 with the type that it was made with, or use another name",
                header.codec,
                V::codec(),
            ),
        ));
    }
    let cell = ordered::decode(V::CELL, payload.to_vec())
        .ok_or_else(|| torn(&format!("it does not hold a cell of type {}", V::CELL)))?;
    decode_value::<V>(cell)
}

fn torn(why: &str) -> Error {
    Error::new(ErrorKind::Decode, format!("the stored bytes are not a variable's value: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::{Integer, Json, Text};

    #[test]
    fn the_layout_of_the_documentation() {
        let Cell::Bytes(bytes) = seal::<Text>("hi").unwrap() else { panic!("not bytes") };
        assert_eq!(bytes, b"\x01\x06text/1\x00hi");
        assert_eq!(unseal::<Text>(Cell::Bytes(bytes)).unwrap(), "hi");
    }

    #[test]
    fn another_codec_is_a_mismatch_and_torn_bytes_do_not_decode() {
        let kind = |cell| unseal::<Json<u8>>(cell).unwrap_err().kind();
        assert_eq!(kind(seal::<Integer>(1).unwrap()), ErrorKind::SchemaMismatch);
        assert_eq!(kind(Cell::Bytes(vec![1, 200])), ErrorKind::Decode);
        assert_eq!(kind(Cell::Bytes(b"\x02\x06json/1\x001".to_vec())), ErrorKind::Decode);
        assert_eq!(kind(Cell::Bytes(b"\x01\x06json/1\x001 2".to_vec())), ErrorKind::Decode);
        assert_eq!(kind(Cell::Integer(1)), ErrorKind::Decode);
    }
}
