//! The tables of a file: those of the registry, and those that are adopted.

use persist_core::Result;
use persist_core::backend::{TableInfo, TableSpec};
use rusqlite::Connection;

use crate::Options;
use crate::ocsipersist::{self, Adopted};
use crate::registry::{self, Registered};
use crate::sql;

/// Where tables are looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Catalog {
    /// Whether tables of Ocsipersist are adopted.
    adopts: bool,
}

/// A table that is there.
pub(crate) enum Found {
    Registered(Registered),
    Adopted(Adopted),
}

impl Catalog {
    pub(crate) fn new(options: &Options) -> Self {
        Self { adopts: options.ocsipersist }
    }

    /// The table of this name. A registered one goes before one that could be adopted.
    pub(crate) fn find(
        self,
        connection: &Connection,
        name: &str,
    ) -> rusqlite::Result<Option<Found>> {
        if let Some(registered) = registry::find(connection, name)? {
            return Ok(Some(Found::Registered(registered)));
        }
        if !self.adopts {
            return Ok(None);
        }
        Ok(ocsipersist::find(connection, name)?.map(Found::Adopted))
    }

    /// All tables, by name.
    pub(crate) fn list(self, connection: &Connection) -> rusqlite::Result<Vec<Found>> {
        let registered = registry::list(connection)?;
        let mut found: Vec<_> = registered.into_iter().map(Found::Registered).collect();
        if self.adopts {
            let mut adopted = ocsipersist::list(connection)?;
            adopted.retain(|one| found.iter().all(|other| other.name() != one.name()));
            found.extend(adopted.into_iter().map(Found::Adopted));
            found.sort_by(|a, b| a.name().cmp(b.name()));
        }
        Ok(found)
    }

    /// Makes and registers a table, within a write transaction, unless it is there by now.
    pub(crate) fn create(
        self,
        connection: &Connection,
        spec: &TableSpec,
    ) -> rusqlite::Result<Option<Found>> {
        if let Some(found) = self.find(connection, &spec.name)? {
            return Ok(Some(found));
        }
        Ok(registry::create(connection, spec)?.map(Found::Registered))
    }

    /// Drops a table, within a write transaction; whether there was one.
    pub(crate) fn drop_table(self, connection: &Connection, name: &str) -> rusqlite::Result<bool> {
        match self.find(connection, name)? {
            Some(Found::Registered(_)) => registry::drop_table(connection, name),
            Some(Found::Adopted(adopted)) => {
                connection.execute(&sql::drop_table(&adopted.physical()), []).map(|_| true)
            }
            None => Ok(false),
        }
    }
}

impl Found {
    pub(crate) fn info(&self) -> Result<TableInfo> {
        match self {
            Self::Registered(registered) => registered.info(),
            Self::Adopted(adopted) => Ok(adopted.info()),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Registered(registered) => registered.name(),
            Self::Adopted(adopted) => adopted.name(),
        }
    }
}
