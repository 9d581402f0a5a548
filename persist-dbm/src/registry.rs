//! The registry, as it is stored: one line for each table.

use persist_core::backend::{CellType, ColumnSpec, FORMAT, TableHandle, TableSpec};
use persist_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use sled::{IVec, Tree};

use crate::error::{corrupt, engine};
use crate::keys;
use crate::tables::{self, Tables};
use crate::view::View;

/// A line, in postcard. The name is in the key.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    format: u32,
    id: u64,
    key_type: String,
    key_codec: String,
    value_type: String,
    value_codec: String,
    fingerprint: String,
}

/// The line of a table.
pub(crate) fn line(id: u64, spec: &TableSpec) -> Result<IVec> {
    let line = Line {
        format: FORMAT,
        id,
        key_type: spec.key.cell.name().to_owned(),
        key_codec: spec.key.codec.clone(),
        value_type: spec.value.cell.name().to_owned(),
        value_codec: spec.value.codec.clone(),
        fingerprint: spec.fingerprint.clone(),
    };
    postcard::to_stdvec(&line).map(IVec::from).map_err(|error| {
        Error::new(ErrorKind::Encode, "the table cannot be registered").caused_by(error)
    })
}

/// All tables of a store.
pub(crate) fn load(tree: &Tree) -> Result<Tables> {
    let mut tables = Vec::new();
    View::new(tree, None).each(keys::registry(), |key, value| {
        let name = String::from_utf8_lossy(key.get(1..).unwrap_or_default()).into_owned();
        let table = read(&name, &value).map_err(|error| error.table(&name));
        tables.push((name, table));
        Ok::<_, Error>(())
    })?;
    Ok(Tables::new(tables.into_iter()))
}

/// The tables that were dropped and still have rows.
pub(crate) fn doomed(tree: &Tree) -> Result<Vec<u64>> {
    let mut doomed = Vec::new();
    View::new(tree, None).each(keys::all_dropped(), |key, _| {
        doomed.extend(keys::table_of(&key));
        Ok::<_, Error>(())
    })?;
    Ok(doomed)
}

/// A number that is stored under a key; 0 if it is not.
pub(crate) fn number(tree: &Tree, key: &[u8]) -> Result<u64> {
    let Some(value) = tree.get(key).map_err(engine)? else { return Ok(0) };
    let bytes = value[..].try_into();
    bytes.map(u64::from_be_bytes).map_err(|_| corrupt("a number of the store is damaged"))
}

fn read(name: &str, line: &[u8]) -> Result<TableHandle> {
    let line: Line = postcard::from_bytes(line).map_err(|error| {
        corrupt("its line of the registry cannot be read; was it made by a newer version?")
            .caused_by(error)
    })?;
    if line.format > FORMAT {
        return Err(Error::new(
            ErrorKind::SchemaMismatch,
            format!(
                "it was made by a newer version (format {}, this one knows up to {FORMAT}); \
                 update this program",
                line.format
            ),
        ));
    }
    let column = |cell: &str, codec: String| match CellType::from_name(cell) {
        Some(cell) => Ok(ColumnSpec { cell, codec }),
        None => Err(corrupt(format!("its registered column type {cell:?} does not exist"))),
    };
    let key = column(&line.key_type, line.key_codec)?;
    let value = column(&line.value_type, line.value_codec)?;
    let mut spec = TableSpec::new(name, key, value);
    spec.fingerprint = line.fingerprint;
    Ok(tables::handle(line.id, spec))
}
