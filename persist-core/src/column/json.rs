//! Anything that serde knows, readably.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::{CodecError, Column};
use crate::backend::{Cell, CellType};

/// Any serde type as JSON text: readable in the engine's own shell, and self-describing.
///
/// JSON knows no NaN and no infinity: `serde_json` writes them as `null`, which is no number when
/// it is read.
#[derive(Debug)]
pub struct Json<T>(PhantomData<fn() -> T>);

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Column for Json<T> {
    type Borrowed<'a> = &'a T;
    type Owned = T;
    const CELL: CellType = CellType::Text;

    fn codec() -> String {
        "json/1".into()
    }

    fn encode(value: &T) -> Result<Cell, CodecError> {
        Ok(Cell::Text(serde_json::to_string(value)?))
    }

    fn decode(cell: Cell) -> Result<T, CodecError> {
        let Cell::Text(text) = cell else { return Err("the cell is not text".into()) };
        serde_json::from_str(&text).map_err(|error| {
            // Its own words may quote the value.
            let kind = match error.classify() {
                Category::Data => "it is JSON, but not of this type",
                Category::Eof => "it is JSON that ends too early",
                Category::Syntax | Category::Io => "it is not JSON",
            };
            format!("{kind}, at line {} column {}", error.line(), error.column()).into()
        })
    }

    fn borrow(owned: &T) -> &T {
        owned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_does_not_quote_the_value() {
        let secret = Cell::Text(r#"{"password": "hunter2"}"#.into());
        let error = Json::<std::collections::BTreeMap<String, u32>>::decode(secret).unwrap_err();
        assert_eq!(error.to_string(), "it is JSON, but not of this type, at line 1 column 22");
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}
