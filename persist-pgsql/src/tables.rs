//! Opening, dropping and listing tables.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use persist_core::backend::{TableHandle, TableInfo, TableSpec};
use persist_core::{Error, ErrorKind, Result};
use tokio::sync::OwnedMutexGuard;

use crate::connection::Connection;
use crate::error::{engine, is_locked};
use crate::notice::Notices;
use crate::ocsipersist::Adopted;
use crate::options::address::Settings;
use crate::pool::{Lent, Pool};
use crate::read::Failure;
use crate::registry::{Registered, Registry};
use crate::work::{self, Work};

#[derive(Debug)]
pub(crate) struct Tables {
    settings: Arc<Settings>,
    registry: Registry,
    notices: Notices,
    pool: Arc<Pool>,
    turns: Turns,
    /// What the adopted tables were opened as, by their numbers.
    adopted: Mutex<HashMap<u64, TableSpec>>,
}

/// Has those who open or drop a table do so one at a time, in the order in which they began: what
/// its caller has given up goes on, and must not undo what others have done since.
#[derive(Debug, Default)]
struct Turns(Mutex<HashMap<String, Weak<Turn>>>);

type Turn = tokio::sync::Mutex<()>;

impl Turns {
    async fn of(&self, name: &str) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.lock();
            turns.retain(|_, turn| turn.strong_count() > 0);
            let turn = turns.get(name).and_then(Weak::upgrade).unwrap_or_default();
            turns.insert(name.to_owned(), Arc::downgrade(&turn));
            turn
        };
        turn.lock_owned().await
    }
}

impl Tables {
    pub(crate) fn new(
        settings: &Arc<Settings>,
        registry: Registry,
        notices: Notices,
        pool: &Arc<Pool>,
    ) -> Self {
        let (settings, pool) = (Arc::clone(settings), Arc::clone(pool));
        let (turns, adopted) = Default::default();
        Self { settings, registry, notices, pool, turns, adopted }
    }

    /// The table of this description, made if it is not there.
    pub(crate) async fn open(&self, spec: TableSpec) -> Result<TableHandle> {
        let turn = self.turns.of(&spec.name).await;
        let mut lent = self.pool.acquire("opening a table").await?;
        let found = work::read(&mut lent, &Find { tables: self, name: &spec.name }).await?;
        let found = match found {
            Some(found) => found,
            None => work::write(&mut lent, &Create { tables: self, spec: &spec })
                .await
                .map_err(|error| error.table(&spec.name))?,
        };
        drop(turn);
        match found {
            Found::Registered(found) => self.registry.handle(&found, spec),
            Found::Adopted(adopted) => {
                let handle = self.registry.adopted_handle(&adopted, spec)?;
                self.adopt(&mut lent, &adopted, &handle)
                    .await
                    .map_err(|error| error.table(adopted.name()))?;
                Ok(handle)
            }
        }
    }

    /// Whether there was a table of this name.
    pub(crate) async fn drop_table(&self, name: &str) -> Result<bool> {
        let _turn = self.turns.of(name).await;
        let mut lent = self.pool.acquire("dropping a table").await?;
        let drop = DropIt { tables: self, name, wait: self.settings.acquire_timeout };
        work::write(&mut lent, &drop).await.map_err(|error| error.table(name))
    }

    /// All tables, by name.
    pub(crate) async fn list(&self) -> Result<Vec<TableInfo>> {
        let mut lent = self.pool.acquire("listing the tables").await?;
        let listed = work::read(&mut lent, &List { tables: self }).await?;
        listed.iter().map(Found::info).collect()
    }

    /// Makes an adopted table usable, under the columns that it is opened as first: under others,
    /// a key would have other cells, and one row would be taken for two.
    async fn adopt(&self, lent: &mut Lent, adopted: &Adopted, handle: &TableHandle) -> Result<()> {
        if let Some(first) = self.adopted.lock().get(&adopted.id()) {
            return handle.spec().check(first);
        }
        work::write(lent, &Adopt { tables: self, adopted }).await?;
        let mut opened = self.adopted.lock();
        let first = opened.entry(adopted.id()).or_insert_with(|| handle.spec().clone());
        handle.spec().check(first)
    }

    fn adopts(&self) -> bool {
        self.settings.ocsipersist
    }
}

/// A table that is there.
enum Found {
    Registered(Registered),
    Adopted(Adopted),
}

impl Found {
    fn info(&self) -> Result<TableInfo> {
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

struct Adopt<'t> {
    tables: &'t Tables,
    adopted: &'t Adopted,
}

impl Work for Adopt<'_> {
    type Output = ();

    async fn run(&self, connection: &mut Connection) -> Result<(), Failure> {
        let Tables { registry, .. } = self.tables;
        connection.script(registry.gates.tables()).await?;
        let prepared = connection.script(registry.prepare_adopted(self.adopted)).await;
        prepared.map_err(|error| {
            let message = "it cannot be given the index that its keys need: either it is not ours \
                           to change, or a key is not escaped as Ocsipersist does it";
            let kind = engine_kind(&error);
            Failure::from(Error::new(kind, message).caused_by(engine(error)))
        })?;
        Ok(())
    }
}

fn engine_kind(error: &sqlx::Error) -> ErrorKind {
    match error {
        sqlx::Error::Database(reported) if reported.code().is_some_and(|code| code == "42501") => {
            ErrorKind::Config
        }
        sqlx::Error::Database(_) => ErrorKind::Decode,
        _ => ErrorKind::Unavailable,
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
    type Output = Option<Found>;

    async fn run(&self, connection: &mut Connection) -> Result<Self::Output, Failure> {
        let Tables { registry, .. } = self.tables;
        if let Some(registered) = registry.find(connection, self.name).await? {
            return Ok(Some(Found::Registered(registered)));
        }
        if !self.tables.adopts() {
            return Ok(None);
        }
        Ok(registry.find_adopted(connection, self.name).await?.map(Found::Adopted))
    }
}

impl Work for List<'_> {
    type Output = Vec<Found>;

    async fn run(&self, connection: &mut Connection) -> Result<Self::Output, Failure> {
        let Tables { registry, .. } = self.tables;
        let registered = registry.list(connection).await?;
        let mut found: Vec<_> = registered.into_iter().map(Found::Registered).collect();
        if self.tables.adopts() {
            let mut adopted = registry.list_adopted(connection).await?;
            // A registered table goes before one that could be adopted.
            adopted.retain(|one| found.iter().all(|other| other.name() != one.name()));
            found.extend(adopted.into_iter().map(Found::Adopted));
            found.sort_by(|a, b| a.name().cmp(b.name()));
        }
        Ok(found)
    }
}

impl Work for Create<'_> {
    type Output = Found;

    async fn run(&self, connection: &mut Connection) -> Result<Self::Output, Failure> {
        let created = self.tables.registry.create(connection, self.spec).await?;
        let vanished = "the table vanished while it was made; open it again";
        let created = created.ok_or_else(|| Error::new(ErrorKind::Backend, vanished))?;
        Ok(Found::Registered(created))
    }
}

impl Work for DropIt<'_> {
    type Output = bool;

    async fn run(&self, connection: &mut Connection) -> Result<bool, Failure> {
        let Tables { registry, notices, .. } = self.tables;
        connection.script(registry.gates.pass(&BTreeMap::new())).await?;
        let dropped = registry.drop_table(connection, self.name, self.wait).await;
        let mut dropped = dropped.map_err(told)?;
        if !dropped && self.tables.adopts() {
            let adopted = registry.find_adopted(connection, self.name).await?;
            if let Some(adopted) = adopted {
                registry.drop_adopted(connection, &adopted, self.wait).await.map_err(told)?;
                dropped = true;
            }
        }
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
