//! Columns: how the keys and values of a table become cells.
//!
//! A column is an empty marker type, so that a table reads as its schema:
//! `Table<Text, Postcard<Session>>`. These are here: [`Text`], [`Bytes`], [`Integer`], [`Real`],
//! [`Pair`] for composite keys, [`Postcard`] and [`Json`] for anything that serde knows,
//! [`RawText`] for what Ocsipersist wrote. Your own
//! is one `impl` of [`Column`]:
//!
//! ```
//! use persist_core::backend::{Cell, CellType};
//! use persist_core::column::{CodecError, Column, KeyColumn};
//!
//! #[derive(Debug, Clone, Copy, PartialEq)]
//! pub struct Rgb(u8, u8, u8);
//!
//! /// Colours as three bytes.
//! pub enum Colour {}
//!
//! impl Column for Colour {
//!     type Borrowed<'a> = Rgb;
//!     type Owned = Rgb;
//!     const CELL: CellType = CellType::Bytes;
//!
//!     fn codec() -> String {
//!         "example.org/colour/1".into()
//!     }
//!     fn encode(Rgb(r, g, b): Rgb) -> Result<Cell, CodecError> {
//!         Ok(Cell::Bytes(vec![r, g, b]))
//!     }
//!     fn decode(cell: Cell) -> Result<Rgb, CodecError> {
//!         let Cell::Bytes(bytes) = cell else { return Err("not bytes".into()) };
//!         let [r, g, b] = bytes[..] else { return Err("not three bytes".into()) };
//!         Ok(Rgb(r, g, b))
//!     }
//!     fn borrow(owned: &Rgb) -> Rgb {
//!         *owned
//!     }
//! }
//!
//! // The bytes sort as the colours do, so colours may be keys.
//! impl KeyColumn for Colour {}
//! ```

mod bytes;
mod cells;
mod integer;
mod json;
mod pair;
mod postcard;
mod raw_text;
mod real;
mod text;

pub use bytes::Bytes;
pub(crate) use cells::{
    decode_key, decode_row, decode_value, encode_key, encode_prefix, encode_value,
};
pub use integer::Integer;
pub use json::Json;
pub use pair::Pair;
pub use postcard::Postcard;
pub use raw_text::RawText;
pub use real::Real;
pub use text::Text;

use crate::backend::{Cell, CellType, ColumnSpec};

/// Why a value could not be encoded or a cell not be decoded.
pub type CodecError = Box<dyn std::error::Error + Send + Sync>;

/// A type of keys or values, and how it is stored.
#[doc(alias = "COLUMN")]
pub trait Column: Send + Sync + 'static {
    /// What callers pass, such as `&str`.
    type Borrowed<'a>: Copy + Send;

    /// What callers get, such as `String`.
    type Owned: Send + 'static;

    /// The type of the cells, which is what a SQL engine shows.
    #[doc(alias = "column_type")]
    const CELL: CellType;

    /// The name of the encoding, which the store remembers: opening a table with another one is
    /// `SchemaMismatch`. Give it a version, and leave the names of Rust types out of it, so that
    /// they can be renamed.
    fn codec() -> String;

    /// The cell of a value. It is the caller's own, so that operations borrow nothing.
    ///
    /// # Errors
    /// Any, for a value that cannot be encoded; the caller gets it as the source of `Encode`.
    fn encode(value: Self::Borrowed<'_>) -> Result<Cell, CodecError>;

    /// The value of a cell. Must refuse what [`encode`](Self::encode) would not have made, bytes
    /// left over included.
    ///
    /// # Errors
    /// Any; the caller gets it as the source of `Decode`.
    fn decode(cell: Cell) -> Result<Self::Owned, CodecError>;

    /// What callers would pass to mean this value.
    fn borrow(owned: &Self::Owned) -> Self::Borrowed<'_>;

    /// What the store remembers of this column.
    fn spec() -> ColumnSpec {
        ColumnSpec { cell: Self::CELL, codec: Self::codec() }
    }
}

/// A column that may be the key of a table: equal values have equal cells, and cells sort as the
/// values do.
pub trait KeyColumn: Column {}

/// A column of keys that have beginnings, for [`Range::prefix`](crate::Range::prefix).
pub trait PrefixColumn: KeyColumn {
    /// The beginning of a key, such as `&str`.
    type Prefix<'a>: Copy + Send;

    /// The cell that all keys with this beginning begin with.
    ///
    /// # Errors
    /// As [`Column::encode`].
    fn encode_prefix(prefix: Self::Prefix<'_>) -> Result<Cell, CodecError>;
}
