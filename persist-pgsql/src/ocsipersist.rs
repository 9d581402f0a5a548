//! Tables that Ocsipersist has made, used in place.
//!
//! Nothing is kept of them: whether a table is one is looked up each time. One with keys of text
//! gets an index, by the bytes that its keys stand for, when it is first opened; it also keeps out
//! what Ocsipersist could not read.

use std::time::Duration;

use persist_core::backend::limits::RESERVED_PREFIX;
use persist_core::backend::{ColumnSpec, TableHandle, TableInfo, TableSpec};
use persist_core::column::{Bytes, Column, RawText, Real, Text};
use persist_core::{Error, ErrorKind, Result};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::cells::Form;
use crate::connection::{Connection, Query};
use crate::registry::Registry;
use crate::sql::{PgTable, qualified, quoted};

/// Adopted tables are numbered from here, which the registry's numbers do not reach.
pub(crate) const FIRST_ADOPTED: u64 = 1 << 63;

/// A table that Ocsipersist has made.
#[derive(Debug, Clone)]
pub(crate) struct Adopted {
    identifier: u32,
    name: String,
    key: Declared,
    value: Declared,
}

/// A type that Ocsipersist declares columns with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Declared {
    Text,
    Float,
    Bytea,
}

impl Registry {
    /// The table that Ocsipersist calls `name`, if it is there and of exactly its shape.
    pub(crate) async fn find_adopted(
        &self,
        connection: &mut Connection,
        name: &str,
    ) -> sqlx::Result<Option<Adopted>> {
        let query = self.select_adopted(connection, "AND c.relname = $2").bind(name);
        Ok(connection.rows(query).await?.iter().find_map(Adopted::from_row))
    }

    /// All tables that Ocsipersist has made.
    pub(crate) async fn list_adopted(
        &self,
        connection: &mut Connection,
    ) -> sqlx::Result<Vec<Adopted>> {
        let query = self.select_adopted(connection, "");
        Ok(connection.rows(query).await?.iter().filter_map(Adopted::from_row).collect())
    }

    /// Drops an adopted table, within a transaction, as [`drop_table`](Self::drop_table) does.
    pub(crate) async fn drop_adopted(
        &self,
        connection: &mut Connection,
        adopted: &Adopted,
        wait: Duration,
    ) -> sqlx::Result<()> {
        connection.script(self.gates.exclusive(adopted.gate())).await?;
        let (table, wait) = (qualified(&self.schema, &adopted.name), wait.as_millis());
        let script = format!("SET LOCAL lock_timeout = {wait}; DROP TABLE {table}");
        connection.script(script).await.map(drop)
    }

    /// The statements that make the index of a table with keys of text, once.
    pub(crate) fn prepare_adopted(&self, adopted: &Adopted) -> String {
        if adopted.key != Declared::Text {
            return "SELECT 1".to_owned();
        }
        // The name of an index is in the same schema as those of tables.
        let index = quoted(&format!("__persist_bytes_{}", adopted.identifier));
        let table = qualified(&self.schema, &adopted.name);
        format!("CREATE UNIQUE INDEX IF NOT EXISTS {index} ON {table} (decode(key, 'escape'))")
    }

    /// A handle to an adopted table for who asks for it as `spec`.
    pub(crate) fn adopted_handle(&self, adopted: &Adopted, spec: TableSpec) -> Result<TableHandle> {
        let forms = adopted.forms(&spec)?;
        let name = qualified(&self.schema, &adopted.name);
        let table = PgTable::new(&self.gates, adopted.gate(), name, forms);
        Ok(TableHandle::new(adopted.id(), spec, table))
    }

    /// Exactly what Ocsipersist makes: a plain table of two columns of its types, in the order of
    /// the database, with the first as the primary key and nothing else.
    fn select_adopted(&self, connection: &Connection, what: &str) -> Query<'static> {
        let sql = format!(
            "SELECT c.oid::bigint, c.relname::text, \
                    format_type(k.atttypid, k.atttypmod), format_type(v.atttypid, v.atttypmod) \
             FROM pg_class c \
             JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = 1 AND k.attname = 'key' \
             JOIN pg_attribute v ON v.attrelid = c.oid AND v.attnum = 2 AND v.attname = 'value' \
             WHERE c.relnamespace = to_regnamespace($1) AND c.relkind = 'r' \
               AND c.relpersistence = 'p' AND c.relnatts = 2 AND NOT c.relispartition \
               AND NOT c.relhassubclass AND NOT c.relhasrules AND NOT c.relrowsecurity \
               AND NOT k.atthasdef AND NOT v.atthasdef AND NOT v.attnotnull \
               AND k.attcollation IN (0, 100) AND v.attcollation IN (0, 100) \
               AND NOT k.attisdropped AND NOT v.attisdropped \
               AND EXISTS (SELECT FROM pg_constraint p WHERE p.conrelid = c.oid \
                           AND p.contype = 'p' AND p.conkey = '{{1}}') \
               AND NOT EXISTS (SELECT FROM pg_constraint o WHERE o.conrelid = c.oid \
                               AND o.contype NOT IN ('p', 'n')) \
               AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid) \
               AND NOT EXISTS (SELECT FROM {} r WHERE r.physical = c.relname) {what} \
             ORDER BY c.relname COLLATE \"C\"",
            self.name
        );
        connection.query(&sql.into()).bind(quoted(&self.schema))
    }
}

impl Adopted {
    /// The table of a row, if its columns are of Ocsipersist's types.
    fn from_row(row: &PgRow) -> Option<Self> {
        let identifier = row.try_get::<i64, _>(0).ok()?.try_into().ok()?;
        let name: String = row.try_get(1).ok()?;
        let declared = |column: usize| match row.try_get::<&str, _>(column).ok()? {
            "text" => Some(Declared::Text),
            "double precision" => Some(Declared::Float),
            "bytea" => Some(Declared::Bytea),
            _ => None,
        };
        let (key, value) = (declared(2)?, declared(3)?);
        (!name.starts_with(RESERVED_PREFIX)).then_some(Self { identifier, name, key, value })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn id(&self) -> u64 {
        FIRST_ADOPTED | u64::from(self.identifier)
    }

    /// The number of its gate: none of the registry's is negative, and no table of a user has one
    /// of the first object identifiers.
    fn gate(&self) -> i32 {
        self.identifier.cast_signed().wrapping_neg()
    }

    /// As what it is listed, though it may be opened otherwise.
    pub(crate) fn info(&self) -> TableInfo {
        let first = |declared: Declared| declared.views().remove(0).0;
        TableInfo::new(TableSpec::new(&self.name, first(self.key), first(self.value)))
    }

    /// How the columns that are asked for are stored in those that were declared.
    fn forms(&self, spec: &TableSpec) -> Result<[Form; 2]> {
        let form = |column: &str, declared: Declared, asked: &ColumnSpec| {
            let fits = declared.views().into_iter().find(|(view, _)| view == asked);
            fits.map(|(_, form)| form).ok_or_else(|| {
                let columns = declared.columns();
                let message = format!(
                    "it is a table of Ocsipersist whose {column} open as {columns}; they were \
                     asked for as {} ({})",
                    asked.cell, asked.codec,
                );
                Error::new(ErrorKind::SchemaMismatch, message).table(&self.name)
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
        let escaped = |spec: ColumnSpec| {
            let form = Form::escaped(spec.cell);
            (spec, form)
        };
        match self {
            Self::Text => vec![escaped(Text::spec()), escaped(RawText::spec())],
            Self::Float => vec![plain(Real::spec())],
            Self::Bytea => vec![plain(Bytes::spec())],
        }
    }

    /// The same, for people.
    fn columns(self) -> &'static str {
        match self {
            Self::Text => "Text or RawText",
            Self::Float => "Real",
            Self::Bytea => "Bytes",
        }
    }
}
