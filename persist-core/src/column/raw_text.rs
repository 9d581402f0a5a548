//! Text as bytes.

use super::{CodecError, Column, KeyColumn, PrefixColumn};
use crate::backend::{Cell, CellType};

/// Text that need not be UTF-8 and may hold NUL: any bytes, in bytewise order.
///
/// It is for the text columns of Ocsipersist's SQLite tables, where OCaml strings are kept as
/// they are. In such a table it is stored as `TEXT`, and [`Text`](super::Text) opens the same
/// column when all of it is UTF-8 without NUL. In any other table it is stored as
/// [`Bytes`](super::Bytes) are, which is what new tables should take.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let store = persist_mem::Options::new().open().await?;
/// use persist_core::{Table, column::RawText};
///
/// let names: Table<RawText, RawText> = store.table("names").await?;
/// names.insert(b"latin-1", b"caf\xe9").await?;
/// assert_eq!(names.get(b"latin-1").await?.as_deref(), Some(&b"caf\xe9"[..]));
/// # Ok::<_, persist_core::Error>(()) }).unwrap();
/// ```
#[doc(alias = "Column.String")]
#[derive(Debug)]
pub enum RawText {}

impl Column for RawText {
    type Borrowed<'a> = &'a [u8];
    type Owned = Vec<u8>;
    const CELL: CellType = CellType::Bytes;

    fn codec() -> String {
        "raw-text/1".into()
    }

    fn encode(text: &[u8]) -> Result<Cell, CodecError> {
        Ok(Cell::Bytes(text.to_vec()))
    }

    fn decode(cell: Cell) -> Result<Vec<u8>, CodecError> {
        let Cell::Bytes(text) = cell else { return Err("the cell is not bytes".into()) };
        Ok(text)
    }

    fn borrow(owned: &Vec<u8>) -> &[u8] {
        owned
    }
}

impl KeyColumn for RawText {}

impl PrefixColumn for RawText {
    type Prefix<'a> = &'a [u8];

    fn encode_prefix(prefix: &[u8]) -> Result<Cell, CodecError> {
        Ok(Cell::Bytes(prefix.to_vec()))
    }
}
