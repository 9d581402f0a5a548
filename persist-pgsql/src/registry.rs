//! What the store remembers of its tables.

mod physical;

use persist_core::backend::{CellType, ColumnSpec, FORMAT, TableHandle, TableInfo, TableSpec};
use persist_core::{Error, ErrorKind, Result};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::cells::Form;
use crate::connection::{Connection, Query};
use crate::error::engine;
use crate::gates::Gates;
use crate::sql::{self, PgTable, qualified, quoted};

/// The registry's name, within the store's schema.
const NAME: &str = "__persist_registry";

/// Held while a schema and its registry are made; the first number spells "pers".
const MAKING: &str = "SELECT pg_advisory_xact_lock(1885696627, 1)";

/// The registry of one schema.
#[derive(Debug, Clone)]
pub(crate) struct Registry {
    pub(crate) schema: String,
    /// The registry's name, quoted, with its schema.
    pub(crate) name: String,
    pub(crate) gates: Gates,
}

/// A table as it is registered.
pub(crate) struct Registered {
    id: i32,
    name: String,
    physical: String,
    format: i32,
    /// The types as they are written; they are checked when the table is opened.
    key_type: String,
    value_type: String,
    key_codec: String,
    value_codec: String,
    fingerprint: String,
}

impl Registry {
    /// Finds the registry of a schema, or makes both.
    pub(crate) async fn open(connection: &mut Connection, schema: &str) -> Result<Self> {
        let name = qualified(schema, NAME);
        let mut found = identifier(connection, &name).await?;
        if found.is_none() {
            make(connection, schema, &name).await.map_err(|error| {
                engine(error).context(format_args!("making the registry of schema {schema:?}"))
            })?;
            found = identifier(connection, &name).await?;
        }
        let found = found.ok_or_else(|| {
            Error::new(ErrorKind::Backend, "the registry vanished; open the store again")
        })?;
        Ok(Self { schema: schema.to_owned(), name, gates: Gates::new(found) })
    }

    /// The table of this name, if it is registered and there.
    pub(crate) async fn find(
        &self,
        connection: &mut Connection,
        name: &str,
    ) -> sqlx::Result<Option<Registered>> {
        let query = self.select(connection, "AND name = $2").bind(name);
        connection.rows(query).await?.first().map(Registered::from_row).transpose()
    }

    /// All tables, by name.
    pub(crate) async fn list(&self, connection: &mut Connection) -> sqlx::Result<Vec<Registered>> {
        let query = self.select(connection, "ORDER BY name");
        connection.rows(query).await?.iter().map(Registered::from_row).collect()
    }

    /// Makes and registers a table, within a transaction, unless somebody else has.
    pub(crate) async fn create(
        &self,
        connection: &mut Connection,
        spec: &TableSpec,
    ) -> sqlx::Result<Option<Registered>> {
        connection.script(self.gates.tables()).await?;
        if let Some(found) = self.find(connection, &spec.name).await? {
            return Ok(Some(found));
        }
        // A registered table that is gone was dropped by other means; it is made anew.
        self.forget(connection, &spec.name).await?;
        let physical = self.physical_name(connection, &spec.name).await?;
        connection.script(sql::create(&self.schema, &physical, spec)).await?;
        let insert = format!(
            "INSERT INTO {} (name, physical, key_type, key_codec, value_type, value_codec, \
             fingerprint, format) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            self.name
        );
        let insert = connection
            .query(&insert.into())
            .bind(&*spec.name)
            .bind(&*physical)
            .bind(spec.key.cell.name())
            .bind(&*spec.key.codec)
            .bind(spec.value.cell.name())
            .bind(&*spec.value.codec)
            .bind(&*spec.fingerprint)
            .bind(FORMAT.cast_signed());
        connection.execute(insert).await?;
        self.find(connection, &spec.name).await
    }

    /// Drops a table, within a transaction, waiting for those who use it at the moment; whether
    /// there was one.
    pub(crate) async fn drop_table(
        &self,
        connection: &mut Connection,
        name: &str,
        wait: std::time::Duration,
    ) -> sqlx::Result<bool> {
        connection.script(self.gates.tables()).await?;
        let Some(found) = self.find(connection, name).await? else { return Ok(false) };
        connection.script(self.gates.exclusive(found.id)).await?;
        let physical = qualified(&self.schema, &found.physical);
        let wait = wait.as_millis();
        connection
            .script(format!("SET LOCAL lock_timeout = {wait}; DROP TABLE {physical}"))
            .await?;
        self.forget(connection, name).await?;
        Ok(true)
    }

    /// A handle to a table for who asks for it as `spec`.
    pub(crate) fn handle(&self, found: &Registered, spec: TableSpec) -> Result<TableHandle> {
        spec.check(&found.spec()?)?;
        let name = qualified(&self.schema, &found.physical);
        let forms = [Form::of(spec.key.cell), Form::of(spec.value.cell)];
        let table = PgTable::new(&self.gates, found.id, name, forms);
        Ok(TableHandle::new(u64::from(found.id.unsigned_abs()), spec, table))
    }

    fn select(&self, connection: &Connection, what: &str) -> Query<'static> {
        let sql = format!(
            "SELECT id, name, physical, key_type, key_codec, value_type, value_codec, \
             fingerprint, format FROM {} \
             WHERE name IS NOT NULL AND to_regclass(format('%I.%I', $1::text, physical)) IS NOT NULL \
             {what}",
            self.name
        );
        connection.query(&sql.into()).bind(&*self.schema)
    }

    /// Leaves the row of a dropped table, without a name: neither its number nor its physical
    /// name is used twice, so that no process takes a new table for the one that it knew.
    async fn forget(&self, connection: &mut Connection, name: &str) -> sqlx::Result<()> {
        let sql = format!("UPDATE {} SET name = NULL WHERE name = $1", self.name);
        let query = connection.query(&sql.into()).bind(name);
        connection.execute(query).await.map(drop)
    }
}

impl Registered {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get(0)?,
            name: row.try_get(1)?,
            physical: row.try_get(2)?,
            key_type: row.try_get(3)?,
            key_codec: row.try_get(4)?,
            value_type: row.try_get(5)?,
            value_codec: row.try_get(6)?,
            fingerprint: row.try_get(7)?,
            format: row.try_get(8)?,
        })
    }

    pub(crate) fn info(&self) -> Result<TableInfo> {
        self.spec().map(TableInfo::new)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn spec(&self) -> Result<TableSpec> {
        if self.format > FORMAT.cast_signed() {
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

/// The object identifier of the registry, if it is there.
async fn identifier(connection: &mut Connection, name: &str) -> Result<Option<u32>> {
    connection.begin("READ ONLY", "").await.map_err(engine)?;
    let query = connection.query(&"SELECT to_regclass($1)::oid::bigint".into()).bind(name);
    let found = connection.rows(query).await;
    connection.roll_back().await;
    let found: Option<i64> = match found.map_err(engine)?.first() {
        Some(row) => row.try_get(0).map_err(engine)?,
        None => None,
    };
    Ok(found.and_then(|found| u32::try_from(found).ok()))
}

async fn make(connection: &mut Connection, schema: &str, name: &str) -> sqlx::Result<()> {
    connection.begin("ISOLATION LEVEL READ COMMITTED", MAKING).await?;
    let made = async {
        let there = connection.query(&"SELECT to_regnamespace($1)::text".into());
        let there = connection.rows(there.bind(quoted(schema))).await?;
        let there = there.first().map(|row| row.try_get::<Option<String>, _>(0)).transpose()?;
        if there.flatten().is_none() {
            connection.script(format!("CREATE SCHEMA {}", quoted(schema))).await?;
        }
        let create = format!(
            "CREATE TABLE IF NOT EXISTS {name} ( \
                id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
                name        text COLLATE \"C\" UNIQUE, \
                physical    text COLLATE \"C\" NOT NULL UNIQUE, \
                key_type    text NOT NULL, \
                key_codec   text NOT NULL, \
                value_type  text NOT NULL, \
                value_codec text NOT NULL, \
                fingerprint text NOT NULL, \
                format      integer NOT NULL)"
        );
        connection.script(create).await?;
        connection.commit().await
    };
    let made = made.await;
    if made.is_err() {
        connection.roll_back().await;
    }
    made
}
