//! Tables that Ocsipersist has made, used in place.
//!
//! Nothing is kept of them: whether a table is one is read from its definition each time.

mod ddl;

use persist_core::backend::limits::{MAX_NAME, RESERVED_PREFIX};
use persist_core::backend::{ColumnSpec, TableInfo, TableSpec};
use persist_core::column::{Bytes, Column, RawText, Real, Text};
use persist_core::{Error, ErrorKind, Result};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::cells::Form;
use ddl::Declared;

/// What Ocsipersist puts before each name.
const PREFIX: &str = "store___";

/// A table that Ocsipersist has made.
pub(crate) struct Adopted {
    name: String,
    key: Declared,
    value: Declared,
}

/// The table that Ocsipersist calls `name`, if it is there and of exactly its shape.
pub(crate) fn find(connection: &Connection, name: &str) -> rusqlite::Result<Option<Adopted>> {
    let mut look = connection
        .prepare_cached("SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name = ?1")?;
    Ok(look.query_row([physical(name)], from_row).optional()?.flatten())
}

/// All tables that Ocsipersist has made.
pub(crate) fn list(connection: &Connection) -> rusqlite::Result<Vec<Adopted>> {
    let mut look =
        connection.prepare_cached("SELECT name, sql FROM sqlite_schema WHERE type = 'table'")?;
    let adopted = look.query_map([], from_row)?.filter_map(rusqlite::Result::transpose);
    adopted.collect()
}

impl Adopted {
    /// The name that Ocsipersist's users know.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The name in SQLite.
    pub(crate) fn physical(&self) -> String {
        physical(&self.name)
    }

    /// As what it is listed, though it may be opened otherwise.
    pub(crate) fn info(&self) -> TableInfo {
        let first = |declared: Declared| declared.views().remove(0).0;
        TableInfo::new(TableSpec::new(&self.name, first(self.key), first(self.value)))
    }

    /// How the columns that are asked for are stored in those that were declared.
    pub(crate) fn forms(&self, spec: &TableSpec) -> Result<[Form; 2]> {
        let form = |column: &str, declared: Declared, asked: &ColumnSpec| {
            let fits = declared.views().into_iter().find(|(view, _)| view == asked);
            fits.map(|(_, form)| form).ok_or_else(|| {
                Error::new(
                    ErrorKind::SchemaMismatch,
                    format!(
                        "it is a table of Ocsipersist whose {column} are declared {}, which opens \
                         as {}; they were asked for as {} ({})",
                        declared.name(),
                        declared.columns(),
                        asked.cell,
                        asked.codec,
                    ),
                )
                .table(&self.name)
            })
        };
        Ok([form("keys", self.key, &spec.key)?, form("values", self.value, &spec.value)?])
    }
}

impl Declared {
    /// The columns that it opens as, with how they are stored. The first is what it is listed as.
    fn views(self) -> Vec<(ColumnSpec, Form)> {
        let plain = |spec: ColumnSpec| {
            let form = Form::of(spec.cell);
            (spec, form)
        };
        match self {
            Self::Text => vec![plain(Text::spec()), (RawText::spec(), Form::raw_text())],
            Self::Float => vec![plain(Real::spec())],
            Self::Blob => vec![plain(Bytes::spec())],
        }
    }

    /// The same, for people.
    fn columns(self) -> &'static str {
        match self {
            Self::Text => "Text or RawText",
            Self::Float => "Real",
            Self::Blob => "Bytes",
        }
    }
}

fn physical(name: &str) -> String {
    format!("{PREFIX}{name}")
}

/// The table of a row of the schema, if Ocsipersist has made it and it may be opened by its name.
fn from_row(row: &Row<'_>) -> rusqlite::Result<Option<Adopted>> {
    let (physical, definition) = (row.get_ref(0)?, row.get_ref(1)?);
    let (Ok(physical), Ok(definition)) = (physical.as_str(), definition.as_str()) else {
        return Ok(None);
    };
    let name = physical.strip_prefix(PREFIX).filter(|name| is_name(name));
    let columns = ddl::columns(definition, physical);
    Ok(name.zip(columns).map(|(name, (key, value))| Adopted { name: name.to_owned(), key, value }))
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && !name.starts_with(RESERVED_PREFIX)
}
