//! From typed values to cells that a backend may see, and back: the one place where sizes and
//! contents are checked.

use super::{CodecError, Column, KeyColumn, PrefixColumn};
use crate::backend::limits::{MAX_KEY, MAX_VALUE};
use crate::backend::{Cell, CellType};
use crate::{Error, ErrorKind, Result};

/// The cell of a key.
pub(crate) fn encode_key<K: KeyColumn>(key: K::Borrowed<'_>) -> Result<Cell> {
    checked_key::<K>(K::encode(key))
}

/// The cell of the beginning of keys.
pub(crate) fn encode_prefix<K: PrefixColumn>(prefix: K::Prefix<'_>) -> Result<Cell> {
    checked_key::<K>(K::encode_prefix(prefix))
}

/// The cell of a value.
pub(crate) fn encode_value<V: Column>(value: V::Borrowed<'_>) -> Result<Cell> {
    let mut cell = V::encode(value).map_err(unstorable_value)?;
    normalize(&mut cell).map_err(unstorable_value)?;
    right_type(V::CELL, cell.cell_type())?;
    if cell.len() > MAX_VALUE {
        return Err(value_too_large(&cell));
    }
    Ok(cell)
}

/// The key and the value of a row.
pub(crate) fn decode_row<K: Column, V: Column>(
    key: Cell,
    value: Cell,
) -> Result<(K::Owned, V::Owned)> {
    let value = decode_value::<V>(value).map_err(|error| error.key(&key))?;
    Ok((decode_key::<K>(key)?, value))
}

/// The key of a cell.
pub(crate) fn decode_key<K: Column>(cell: Cell) -> Result<K::Owned> {
    K::decode(cell).map_err(|error| undecodable::<K>("key", error))
}

/// The value of a cell.
pub(crate) fn decode_value<V: Column>(cell: Cell) -> Result<V::Owned> {
    V::decode(cell).map_err(|error| undecodable::<V>("value", error))
}

/// The form of a cell that backends see: no NUL in text, no NaN, no negative zero.
pub(super) fn normal(mut cell: Cell) -> Result<Cell, CodecError> {
    normalize(&mut cell)?;
    Ok(cell)
}

// What follows is inlined where a column is known, and with it the type of its cells; there,
// hardly anything is left of it.

/// As [`normal`], in place: to move a cell costs as much as to look at it.
#[inline]
fn normalize(cell: &mut Cell) -> Result<(), CodecError> {
    match cell {
        Cell::Text(text) if text.contains('\0') => {
            return Err("text may not contain NUL; use bytes for it".into());
        }
        Cell::Real(real) if real.is_nan() => return Err("NaN has no place in an order".into()),
        // Adding zero turns -0.0 into 0.0 and leaves every other number alone.
        Cell::Real(real) => *real += 0.0,
        Cell::Text(_) | Cell::Bytes(_) | Cell::Integer(_) => {}
    }
    Ok(())
}

#[inline]
fn checked_key<K: KeyColumn>(encoded: Result<Cell, CodecError>) -> Result<Cell> {
    let mut cell = encoded.map_err(unstorable_key)?;
    normalize(&mut cell).map_err(unstorable_key)?;
    right_type(K::CELL, cell.cell_type())?;
    if cell.len() > MAX_KEY {
        return Err(key_too_large(&cell));
    }
    Ok(cell)
}

#[inline]
fn right_type(expected: CellType, got: CellType) -> Result<()> {
    if got == expected { Ok(()) } else { Err(wrong_type(expected, got)) }
}

#[cold]
fn key_too_large(cell: &Cell) -> Error {
    Error::new(
        ErrorKind::TooLarge,
        format!(
            "the key takes {} bytes, and at most {MAX_KEY} are allowed; shorten or hash it",
            cell.len(),
        ),
    )
    .key(cell)
}

#[cold]
fn value_too_large(cell: &Cell) -> Error {
    Error::new(
        ErrorKind::TooLarge,
        format!(
            "the value takes {} bytes, and at most {MAX_VALUE} (64 MiB) are allowed; \
             split it over several keys",
            cell.len(),
        ),
    )
}

#[cold]
fn wrong_type(expected: CellType, got: CellType) -> Error {
    Error::new(
        ErrorKind::Encode,
        format!("the column declares cells of type {expected} but encoded one of type {got}"),
    )
}

#[cold]
fn unstorable_key(error: CodecError) -> Error {
    Error::new(ErrorKind::InvalidKey, format!("the key cannot be stored: {error}")).caused_by(error)
}

#[cold]
fn unstorable_value(error: CodecError) -> Error {
    Error::new(ErrorKind::Encode, format!("the value cannot be stored: {error}")).caused_by(error)
}

#[cold]
fn undecodable<C: Column>(what: &str, error: CodecError) -> Error {
    Error::new(
        ErrorKind::Decode,
        format!("the stored {what} is not what the codec {} writes: {error}", C::codec()),
    )
    .caused_by(error)
}
