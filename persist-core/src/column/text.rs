//! Text.

use super::{CodecError, Column, KeyColumn, PrefixColumn};
use crate::backend::{Cell, CellType};

/// UTF-8 text of any characters but NUL, in the order of its bytes.
#[doc(alias = "Column.String")]
#[derive(Debug)]
pub enum Text {}

impl Column for Text {
    type Borrowed<'a> = &'a str;
    type Owned = String;
    const CELL: CellType = CellType::Text;

    fn codec() -> String {
        "text/1".into()
    }

    fn encode(text: &str) -> Result<Cell, CodecError> {
        Ok(Cell::Text(text.to_owned()))
    }

    fn decode(cell: Cell) -> Result<String, CodecError> {
        let Cell::Text(text) = cell else { return Err("the cell is not text".into()) };
        Ok(text)
    }

    fn borrow(owned: &String) -> &str {
        owned
    }
}

impl KeyColumn for Text {}

impl PrefixColumn for Text {
    type Prefix<'a> = &'a str;

    fn encode_prefix(prefix: &str) -> Result<Cell, CodecError> {
        Ok(Cell::Text(prefix.to_owned()))
    }
}
