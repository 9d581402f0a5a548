//! What the file remembers of its tables.

use persist_core::backend::{CellType, ColumnSpec, FORMAT, TableHandle, TableInfo, TableSpec};
use persist_core::{Error, ErrorKind, Result};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::sql::{self, SqlTable};

/// Makes the registry. A dropped table leaves its row, without a name: neither its number nor its
/// physical name is used twice, so that no process takes a new table for the one that it knew.
const CREATE: &str = "\
CREATE TABLE IF NOT EXISTS __persist_tables (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT UNIQUE,
    physical    TEXT NOT NULL UNIQUE COLLATE NOCASE,
    key_type    TEXT NOT NULL,
    key_codec   TEXT NOT NULL,
    value_type  TEXT NOT NULL,
    value_codec TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    format      INTEGER NOT NULL
) STRICT";

/// The rows whose tables are there.
const SELECT: &str = "\
SELECT id, name, physical, key_type, key_codec, value_type, value_codec, fingerprint, format
FROM __persist_tables
WHERE name IS NOT NULL AND physical IN (SELECT name FROM sqlite_schema WHERE type = 'table')";

/// A table as it is registered.
pub(crate) struct Registered {
    id: u64,
    physical: String,
    format: u32,
    /// The types as they are written; they are checked when the table is opened.
    key_type: String,
    value_type: String,
    key_codec: String,
    value_codec: String,
    fingerprint: String,
    name: String,
}

/// The table of this name, if it is registered and there.
pub(crate) fn find(connection: &Connection, name: &str) -> rusqlite::Result<Option<Registered>> {
    if !has_registry(connection)? {
        return Ok(None);
    }
    let text = format!("{SELECT} AND name = ?1");
    connection.prepare_cached(&text)?.query_row([name], Registered::from_row).optional()
}

/// All tables, by name.
pub(crate) fn list(connection: &Connection) -> rusqlite::Result<Vec<Registered>> {
    if !has_registry(connection)? {
        return Ok(Vec::new());
    }
    let text = format!("{SELECT} ORDER BY name");
    connection.prepare_cached(&text)?.query_map([], Registered::from_row)?.collect()
}

/// Makes and registers a table, within a write transaction, unless somebody else has.
pub(crate) fn create(
    connection: &Connection,
    spec: &TableSpec,
) -> rusqlite::Result<Option<Registered>> {
    connection.execute(CREATE, [])?;
    if let Some(found) = find(connection, &spec.name)? {
        return Ok(Some(found));
    }
    // A registered table that is gone was dropped by other means; it is made anew.
    forget(connection, &spec.name)?;
    let physical = physical_name(connection, &spec.name)?;
    connection.execute(&sql::create(&physical, spec), [])?;
    connection.execute(
        "INSERT INTO __persist_tables \
         (name, physical, key_type, key_codec, value_type, value_codec, fingerprint, format) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        (
            &spec.name,
            &physical,
            spec.key.cell.name(),
            &spec.key.codec,
            spec.value.cell.name(),
            &spec.value.codec,
            &spec.fingerprint,
            FORMAT,
        ),
    )?;
    find(connection, &spec.name)
}

/// Drops a table, within a write transaction; whether there was one.
pub(crate) fn drop_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    let Some(found) = find(connection, name)? else { return Ok(false) };
    connection.execute(&sql::drop_table(&found.physical), [])?;
    forget(connection, name)?;
    Ok(true)
}

impl Registered {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get::<_, i64>(0)?.cast_unsigned(),
            name: row.get(1)?,
            physical: row.get(2)?,
            key_type: row.get(3)?,
            key_codec: row.get(4)?,
            value_type: row.get(5)?,
            value_codec: row.get(6)?,
            fingerprint: row.get(7)?,
            format: row.get(8)?,
        })
    }

    /// A handle for who asks for the table as `spec`.
    pub(crate) fn open(&self, spec: TableSpec) -> Result<TableHandle> {
        spec.check(&self.spec()?)?;
        let sql = SqlTable::new(&self.physical, &spec);
        Ok(TableHandle::new(self.id, spec, sql))
    }

    pub(crate) fn info(&self) -> Result<TableInfo> {
        self.spec().map(TableInfo::new)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn spec(&self) -> Result<TableSpec> {
        if self.format > FORMAT {
            return Err(Error::new(
                ErrorKind::SchemaMismatch,
                format!(
                    "it was made by a newer version (format {}, this one knows up to {FORMAT}); \
                     update this program",
                    self.format
                ),
            )
            .table(&self.name));
        }
        let column = |cell: &str, codec: &str| match CellType::from_name(cell) {
            Some(cell) => Ok(ColumnSpec { cell, codec: codec.to_owned() }),
            None => Err(Error::new(
                ErrorKind::Corrupt,
                format!("its registered column type {cell:?} does not exist"),
            )
            .table(&self.name)),
        };
        let key = column(&self.key_type, &self.key_codec)?;
        let value = column(&self.value_type, &self.value_codec)?;
        let mut spec = TableSpec::new(&self.name, key, value);
        spec.fingerprint.clone_from(&self.fingerprint);
        Ok(spec)
    }
}

fn has_registry(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '__persist_tables'",
        )?
        .exists([])
}

fn forget(connection: &Connection, name: &str) -> rusqlite::Result<()> {
    connection.execute("UPDATE __persist_tables SET name = NULL WHERE name = ?1", [name]).map(drop)
}

/// The name of the table in SQLite: its own if that is plain and was never taken, else one with a
/// number. SQLite folds case, so a name that differs only in case from one that is taken is taken.
fn physical_name(connection: &Connection, name: &str) -> rusqlite::Result<String> {
    let mut taken = connection.prepare_cached(
        "SELECT 1 FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE
         UNION ALL SELECT 1 FROM __persist_tables WHERE physical = ?1",
    )?;
    let plain = is_plain(name);
    if plain && !taken.exists([name])? {
        return Ok(name.to_owned());
    }
    let stem = if plain { name } else { "persist_table" };
    let mut number = if plain { 2_u64 } else { 1 };
    loop {
        let made = format!("{stem}_{number}");
        if !taken.exists([&made])? {
            return Ok(made);
        }
        number += 1;
    }
}

fn is_plain(name: &str) -> bool {
    let begins_plainly = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let reserved = name.get(..7).is_some_and(|begin| begin.eq_ignore_ascii_case("sqlite_"));
    begins_plainly && !reserved && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
