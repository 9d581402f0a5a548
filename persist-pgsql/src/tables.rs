//! Opening, dropping and listing tables.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use persist_core::backend::{TableHandle, TableInfo, TableSpec};
use persist_core::{Error, ErrorKind, Result};

use crate::connection::Connection;
use crate::error::{engine, is_locked};
use crate::notice::Notices;
use crate::options::address::Settings;
use crate::pool::Pool;
use crate::read::Failure;
use crate::registry::{Registered, Registry};
use crate::work::{self, Work};

#[derive(Debug)]
pub(crate) struct Tables {
    settings: Arc<Settings>,
    registry: Registry,
    notices: Notices,
    pool: Arc<Pool>,
}

impl Tables {
    pub(crate) fn new(
        settings: &Arc<Settings>,
        registry: Registry,
        notices: Notices,
        pool: &Arc<Pool>,
    ) -> Self {
        let (settings, pool) = (Arc::clone(settings), Arc::clone(pool));
        Self { settings, registry, notices, pool }
    }

    /// The table of this description, made if it is not there.
    pub(crate) async fn open(&self, spec: TableSpec) -> Result<TableHandle> {
        let mut lent = self.pool.acquire("opening a table").await?;
        let found = work::read(&mut lent, &Find { tables: self, name: &spec.name }).await?;
        let found = match found {
            Some(found) => found,
            None => work::write(&mut lent, &Create { tables: self, spec: &spec })
                .await
                .map_err(|error| error.table(&spec.name))?,
        };
        self.registry.handle(&found, spec)
    }

    /// Whether there was a table of this name.
    pub(crate) async fn drop_table(&self, name: &str) -> Result<bool> {
        let mut lent = self.pool.acquire("dropping a table").await?;
        let drop = DropIt { tables: self, name, wait: self.settings.acquire_timeout };
        work::write(&mut lent, &drop).await.map_err(|error| error.table(name))
    }

    /// All tables, by name.
    pub(crate) async fn list(&self) -> Result<Vec<TableInfo>> {
        let mut lent = self.pool.acquire("listing the tables").await?;
        let listed = work::read(&mut lent, &List { tables: self }).await?;
        listed.iter().map(Registered::info).collect()
    }
}

struct Find<'t> {
    tables: &'t Tables,
    name: &'t str,
}

struct List<'t> {
    tables: &'t Tables,
}

struct Create<'t> {
    tables: &'t Tables,
    spec: &'t TableSpec,
}

struct DropIt<'t> {
    tables: &'t Tables,
    name: &'t str,
    wait: Duration,
}

impl Work for Find<'_> {
    type Output = Option<Registered>;

    async fn run(&self, connection: &mut Connection) -> Result<Self::Output, Failure> {
        Ok(self.tables.registry.find(connection, self.name).await?)
    }
}

impl Work for List<'_> {
    type Output = Vec<Registered>;

    async fn run(&self, connection: &mut Connection) -> Result<Self::Output, Failure> {
        Ok(self.tables.registry.list(connection).await?)
    }
}

impl Work for Create<'_> {
    type Output = Registered;

    async fn run(&self, connection: &mut Connection) -> Result<Self::Output, Failure> {
        let created = self.tables.registry.create(connection, self.spec).await?;
        let vanished = "the table vanished while it was made; open it again";
        Ok(created.ok_or_else(|| Error::new(ErrorKind::Backend, vanished))?)
    }
}

impl Work for DropIt<'_> {
    type Output = bool;

    async fn run(&self, connection: &mut Connection) -> Result<bool, Failure> {
        let Tables { registry, notices, .. } = self.tables;
        connection.script(registry.gates.pass(&BTreeMap::new())).await?;
        let dropped = registry.drop_table(connection, self.name, self.wait).await;
        let dropped = dropped.map_err(told)?;
        let notice = registry.gates.notice(&format!("'{}'", notices.of_table(self.name)));
        let listened = registry.gates.somebody_listens();
        connection.script(format!("SELECT {notice} WHERE {listened}")).await?;
        Ok(dropped)
    }
}

fn told(error: sqlx::Error) -> Failure {
    if !is_locked(&error) {
        return error.into();
    }
    let message = "another program reads the table and did not let go of it within \
                   `acquire_timeout`, a backup perhaps; try again later";
    Error::new(ErrorKind::Busy, message).caused_by(engine(error)).into()
}
