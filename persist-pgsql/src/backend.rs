//! The contract on PostgreSQL.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{BoxFuture, FutureExt};
use persist_core::backend::{
    Backend, Batch, Cell, Changes, Commit, Direction, Hint, KeyRange, Marked, Marking, Op, Page,
    Read, TableHandle, TableInfo, TableSpec,
};
use persist_core::engine::{GroupCommit, Hints, Witness};
use persist_core::{Error, Result};

use crate::Options;
use crate::check::check;
use crate::connection::Connection;
use crate::gather::Gather;
use crate::lane::{Present, Reader};
use crate::listen::Listening;
use crate::notice::Notices;
use crate::options::address::Settings;
use crate::pool::Pool;
use crate::registry::Registry;
use crate::runtime::Runtime;
use crate::snapshot::Snapshots;
use crate::tables::Tables;
use crate::writer::Writer;

/// An open store.
#[derive(Debug)]
struct Pgsql {
    reader: Reader<Present>,
    tables: Arc<Tables>,
    snapshots: Arc<Snapshots>,
    /// Keys are spread over them; all writes of one key go to the same.
    writers: Vec<GroupCommit<Writer>>,
    spread: RandomState,
    hints: Arc<Hints>,
    listening: Listening,
    closed: AtomicBool,
}

pub(crate) async fn open(options: Options) -> Result<Arc<dyn Backend>> {
    let settings = Arc::new(options.settle()?);
    let opened = Pgsql::open(&settings).await?;
    tracing::debug!(server = settings.server, schema = settings.schema, "PostgreSQL store opened");
    Ok(Arc::new(opened))
}

impl Read for Pgsql {
    fn get<'a>(
        &'a self,
        table: &'a TableHandle,
        keys: &'a [Cell],
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Vec<Option<Cell>>>>> {
        self.reader.get(table, keys, marking)
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

impl Backend for Pgsql {
    fn open_table(&self, spec: TableSpec) -> BoxFuture<'_, Result<TableHandle>> {
        let tables = Arc::clone(&self.tables);
        self.reader.lane.runtime.run(async move { tables.open(spec).await }).boxed()
    }

    fn drop_table<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<bool>> {
        async move {
            let (tables, hints, name) =
                (Arc::clone(&self.tables), Arc::clone(&self.hints), name.to_owned());
            let drop_it = async move {
                let dropped = tables.drop_table(&name).await?;
                if dropped {
                    hints.send(Hint::Table(name.as_str().into()));
                }
                Ok(dropped)
            };
            self.reader.lane.runtime.run(drop_it).await
        }
        .boxed()
    }

    fn tables(&self) -> BoxFuture<'_, Result<Vec<TableInfo>>> {
        let tables = Arc::clone(&self.tables);
        self.reader.lane.runtime.run(async move { tables.list().await }).boxed()
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Arc<dyn Read>>> {
        async move {
            let lane = self.snapshots.take().await?;
            let witness = Arc::clone(&self.reader.witness);
            Ok(Arc::new(Reader { lane, witness }) as Arc<dyn Read>)
        }
        .boxed()
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<Commit>> {
        match self.writer_of(&batch) {
            Some(writer) => writer.commit(batch),
            None => async { Err(Error::closed()) }.boxed(),
        }
    }

    fn changes(&self) -> Changes {
        let changes = self.hints.listen();
        self.listening.begin();
        changes
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        async move {
            self.closed.store(true, Ordering::SeqCst);
            for writer in &self.writers {
                writer.close().await;
            }
            self.listening.end();
            self.hints.end();
            let (snapshots, pool) =
                (Arc::clone(&self.snapshots), Arc::clone(&self.reader.lane.pool));
            let close = async move {
                snapshots.close().await;
                pool.close().await;
                Ok(())
            };
            self.reader.lane.runtime.run(close).await
        }
        .boxed()
    }
}

impl Pgsql {
    async fn open(settings: &Arc<Settings>) -> Result<Self> {
        let runtime = Arc::new(Runtime::start()?);
        let registry = {
            let settings = Arc::clone(settings);
            let registry = async move {
                let mut connection = Connection::open(&settings).await?;
                check(&mut connection, &settings).await?;
                let registry = Registry::open(&mut connection, &settings.schema).await?;
                connection.close().await;
                Ok(registry)
            };
            runtime.run(registry).await?
        };
        let (witness, hints) = (Arc::new(Witness::default()), Arc::new(Hints::default()));
        let (notices, gates) = (Notices::new(), registry.gates.clone());
        let writers = (0..settings.writers).map(|_| {
            let writer = Writer::new(settings, &gates, &witness, &hints, notices)?;
            GroupCommit::start("persist-pgsql-w", writer)
        });
        let writers = writers.collect::<Result<Vec<_>>>()?;
        let pool = Pool::new(settings, &runtime);
        let gather = Gather::new(&runtime, &pool);
        Ok(Self {
            listening: Listening::start(&runtime, settings, &gates, &hints, notices, &pool),
            tables: Arc::new(Tables::new(settings, registry, notices, &pool)),
            snapshots: Snapshots::new(settings, &runtime),
            reader: Reader { lane: Present { runtime, pool, gather }, witness },
            writers,
            spread: RandomState::new(),
            hints,
            closed: AtomicBool::new(false),
        })
    }

    fn writer_of(&self, batch: &Batch) -> Option<&GroupCommit<Writer>> {
        let place = match batch.ops.first() {
            Some(Op::Key { table, key, .. }) => self.spread.hash_one((table.id(), key)),
            _ => 0,
        };
        let count = u64::try_from(self.writers.len()).ok()?;
        self.writers.get(usize::try_from(place.checked_rem(count)?).ok()?)
    }
}
