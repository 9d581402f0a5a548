//! The contract on SQLite.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use persist_core::backend::{
    Backend, Batch, Cell, Changes, Commit, Direction, Hint, KeyRange, Marked, Marking, Page, Read,
    TableHandle, TableInfo, TableSpec,
};
use persist_core::engine::{GroupCommit, Hints, Witness, offload};
use persist_core::{Error, ErrorKind, Result};
use rusqlite::Connection;

use crate::Options;
use crate::anchor::{Anchor, Demand};
use crate::catalog::{Catalog, Found};
use crate::commits::Commits;
use crate::connect;
use crate::handles::Handles;
use crate::lane::{Lane, Reader};
use crate::pool::Pool;
use crate::read::Haste;
use crate::snapshot::Snapshots;
use crate::writer::{Alone, Writer};

/// An open database.
#[derive(Debug)]
struct Sqlite {
    reader: Reader<Arc<Pool>>,
    snapshots: Arc<Snapshots>,
    writer: GroupCommit<Writer>,
    hints: Arc<Hints>,
    catalog: Catalog,
    handles: Arc<Handles>,
    demand: Arc<Demand>,
}

pub(crate) async fn open(mut options: Options) -> Result<Arc<dyn Backend>> {
    offload(move || {
        options.check()?;
        let opened = Sqlite::open(&options).map_err(|error| {
            error.context(format_args!("the SQLite file {}", options.file.display()))
        })?;
        tracing::debug!(file = %options.file.display(), "SQLite store opened");
        Ok(Arc::new(opened) as Arc<dyn Backend>)
    })
    .await
}

impl Read for Sqlite {
    fn get<'a>(
        &'a self,
        table: &'a TableHandle,
        keys: &'a [Cell],
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Vec<Option<Cell>>>>> {
        self.reader.get(table, keys, marking)
    }

    fn get_now(&self, table: &TableHandle, key: &Cell) -> Option<Result<Option<Cell>>> {
        let found = self.reader.get_now(table, key);
        if self.demand.is_calling() {
            self.writer.wake();
        }
        found
    }

    fn scan<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        direction: Direction,
        limit: usize,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Page>>> {
        self.reader.scan(table, range, direction, limit, marking)
    }

    fn count<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<u64>>> {
        self.reader.count(table, range, marking)
    }
}

impl Backend for Sqlite {
    fn open_table(&self, spec: TableSpec) -> BoxFuture<'_, Result<TableHandle>> {
        async move {
            let (catalog, name) = (self.catalog, spec.name.clone());
            let look = |name: String| {
                move |connection: &Connection, _: Haste| Ok(catalog.find(connection, &name)?)
            };
            let found = self.reader.lane.read(look(name.clone()), || look(name)).await?;
            let found = match found {
                Some(found) => found,
                None => self.create(spec.clone()).await?,
            };
            self.handles.open(&found, spec)
        }
        .boxed()
    }

    fn drop_table<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<bool>> {
        async move {
            let (catalog, name) = (self.catalog, name.to_owned());
            let (handles, hints) = (Arc::clone(&self.handles), Arc::clone(&self.hints));
            // All of it on the writing thread, so that it happens also when nobody waits for it.
            let drop_it = move |writer: &mut Writer| {
                let known = handles.named(&name);
                let dropped =
                    writer.transaction(|connection| catalog.drop_table(connection, &name))?;
                if dropped {
                    handles.forget(&known);
                    hints.send(Hint::Table(name.as_str().into()));
                }
                Ok(dropped)
            };
            self.writer.call(drop_it).await
        }
        .boxed()
    }

    fn tables(&self) -> BoxFuture<'_, Result<Vec<TableInfo>>> {
        async move {
            let catalog = self.catalog;
            let list = move |connection: &Connection, _: Haste| Ok(catalog.list(connection)?);
            self.reader.lane.read(list, || list).await?.iter().map(Found::info).collect()
        }
        .boxed()
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Arc<dyn Read>>> {
        async move {
            let lane = self.snapshots.take().await?;
            // The thread that writes ends snapshots that get too old.
            self.writer.wake();
            let witness = Arc::clone(&self.reader.witness);
            Ok(Arc::new(Reader { lane, witness }) as Arc<dyn Read>)
        }
        .boxed()
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<Commit>> {
        self.writer.commit(batch)
    }

    fn changes(&self) -> Changes {
        let changes = self.hints.listen();
        self.writer.wake();
        changes
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        async move {
            self.reader.lane.close().await;
            self.snapshots.close().await?;
            // The last connection to close writes the log back and removes it.
            self.writer.close().await;
            self.hints.end();
            Ok(())
        }
        .boxed()
    }
}

impl Sqlite {
    fn open(options: &Options) -> Result<Self> {
        connect::prepare_file(options)?;
        let witness = Arc::new(Witness::default());
        let hints = Arc::new(Hints::default());
        let snapshots = Snapshots::new(options);
        let connection = connect::writer(options)?;
        let commits = options.exclusive.then(Arc::<Commits>::default);
        let demand = Arc::new(Demand::default());
        let lane = Pool::open(options, commits.clone(), Arc::clone(&demand))?;
        // Who is alone keeps all transactions; and a file that is only read may have no log, so
        // that a transaction would keep others from writing.
        let anchored = !(options.exclusive || options.read_only);
        let anchor = anchored.then(|| Anchor::new(options, Arc::clone(&demand)));
        let alone = commits.map(|commits| Alone { commits, pool: Arc::clone(&lane) });
        let writer = Writer::new(
            connection,
            options,
            Arc::clone(&snapshots),
            Arc::clone(&witness),
            Arc::clone(&hints),
            anchor,
            alone,
        )?;
        Ok(Self {
            reader: Reader { lane, witness },
            snapshots,
            writer: GroupCommit::start("persist-sqlite", writer)?,
            hints,
            catalog: Catalog::new(options),
            handles: Arc::default(),
            demand,
        })
    }

    async fn create(&self, spec: TableSpec) -> Result<Found> {
        let catalog = self.catalog;
        let created = self
            .writer
            .call(move |writer| writer.transaction(|connection| catalog.create(connection, &spec)));
        created.await?.ok_or_else(|| {
            Error::new(ErrorKind::Backend, "the table vanished while it was made; open it again")
        })
    }
}
