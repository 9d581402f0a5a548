//! The contract on sled.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures_util::future::{BoxFuture, FutureExt};
use persist_core::backend::{
    Backend, Batch, Cell, Changes, Commit, Direction, KeyRange, Marked, Marking, Page, Read,
    TableHandle, TableInfo, TableSpec,
};
use persist_core::engine::{GroupCommit, Hints, Overlay, OverlayLimits, Pinned, Witness, offload};
use persist_core::{ErrorKind, Result};
use sled::IVec;

use crate::acknowledged::Acknowledged;
use crate::directory::Directory;
use crate::disk::Disk;
use crate::engine::Engine;
use crate::error::corrupt;
use crate::lane::Lane;
use crate::state::State;
use crate::tables::Tables;
use crate::writer::{Doomed, Writer};
use crate::{Options, keys, registry};

/// An open store.
#[derive(Debug)]
pub(crate) struct Dbm {
    lane: Lane,
    writer: GroupCommit<Writer>,
    directory: Arc<Directory>,
}

/// Opens the store in this process, as a backend.
pub(crate) async fn open(options: Options) -> Result<Arc<dyn Backend>> {
    Ok(open_here(options).await?)
}

/// Opens the store in this process.
pub(crate) async fn open_here(options: Options) -> Result<Arc<Dbm>> {
    offload(move || {
        let opened = Dbm::open(&options).map_err(|error| {
            error.context(format_args!("the store {}", options.store.display()))
        })?;
        tracing::debug!(store = %options.store.display(), "sled store opened");
        Ok(Arc::new(opened))
    })
    .await
}

impl Dbm {
    fn open(options: &Options) -> Result<Self> {
        let directory =
            Arc::new(Directory::enter(&options.store, options.error_log_path.as_deref())?);
        let opened = Self::open_in(&directory, options);
        if opened.is_err() {
            directory.leave(None);
        }
        opened
    }

    fn open_in(directory: &Arc<Directory>, options: &Options) -> Result<Self> {
        directory.prepare()?;
        let engine = Engine::open(&directory.data(), options)?;
        let found = match Found::load(&engine, directory) {
            Ok(found) => found,
            Err(error) => {
                directory.leave(engine.take());
                return Err(error);
            }
        };
        let overlay = Overlay::new(OverlayLimits {
            snapshots: options.snapshots,
            max_age: options.snapshot_max_age,
            max_bytes: usize::try_from(options.snapshot_max_bytes.as_u64()).unwrap_or(usize::MAX),
        });
        let state = Arc::new(State {
            engine,
            overlay,
            tables: found.tables,
            witness: Witness::default(),
            hints: Hints::default(),
            closed: AtomicBool::new(false),
        });
        let writer = Writer {
            state: Arc::clone(&state),
            disk: found.disk,
            directory: Arc::clone(directory),
            durability: options.durability.unwrap_or_default(),
            flush_interval: options.flush_interval,
            sequence: found.sequence,
            told: found.sequence,
            batched: Instant::now(),
            last_table: found.last_table,
            doomed: Doomed::new(found.doomed),
            unsynced: None,
            unflushed: 0,
        };
        let writer = GroupCommit::start("persist-dbm", writer)?;
        let lane = Lane { state, pinned: None };
        Ok(Self { lane, writer, directory: Arc::clone(directory) })
    }

    fn state(&self) -> &Arc<State> {
        &self.lane.state
    }

    /// Makes durable what was acknowledged.
    pub(crate) async fn flush(&self) -> Result<()> {
        self.writer.call(Writer::finish).await
    }

    /// Tells who wants to open the store that it is worth waiting.
    pub(crate) fn leaving(&self) {
        self.directory.leaving();
    }

    /// Whether the store must be opened again before it is of any use.
    pub(crate) fn has_failed(&self) -> bool {
        self.state().engine.has_failed()
    }

    async fn pin(&self) -> Result<Pinned<IVec>> {
        let overlay = &self.state().overlay;
        if let Some(pinned) = overlay.try_pin()? {
            return Ok(pinned);
        }
        let overlay = Arc::clone(overlay);
        offload(move || overlay.pin()).await
    }
}

/// What is in a store when it is opened.
pub(crate) struct Found {
    disk: Disk,
    sequence: u64,
    last_table: u64,
    tables: Tables,
    pub(crate) doomed: Vec<u64>,
}

impl Found {
    /// Looks, and checks that it is all that was acknowledged.
    pub(crate) fn load(engine: &Engine, directory: &Directory) -> Result<Self> {
        directory.settle()?;
        let (acknowledged, known) = Acknowledged::open(&directory.acknowledged())?;
        let disk = Disk::open(&directory.data(), acknowledged)?;
        let found = engine.with(|tree| {
            Ok(Self {
                disk,
                sequence: registry::number(tree, &keys::SEQUENCE)?,
                last_table: registry::number(tree, &keys::LAST_TABLE)?,
                tables: registry::load(tree)?,
                doomed: registry::doomed(tree)?,
            })
        })?;
        match known.checked_sub(found.sequence) {
            None | Some(0) => Ok(found),
            Some(groups) => Err(lost(directory, groups)),
        }
    }
}

impl Read for Dbm {
    fn get<'a>(
        &'a self,
        table: &'a TableHandle,
        keys: &'a [Cell],
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Vec<Option<Cell>>>>> {
        self.lane.get(table, keys, marking)
    }

    fn get_now(&self, table: &TableHandle, key: &Cell) -> Option<Result<Option<Cell>>> {
        self.lane.get_now(table, key)
    }

    fn scan<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        direction: Direction,
        limit: usize,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Page>>> {
        self.lane.scan(table, range, direction, limit, marking)
    }

    fn count<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<u64>>> {
        self.lane.count(table, range, marking)
    }
}

impl Backend for Dbm {
    fn open_table(&self, spec: TableSpec) -> BoxFuture<'_, Result<TableHandle>> {
        async move {
            self.state().live()?;
            let found = if let Some(found) = self.state().tables.find(&spec.name)? {
                found
            } else {
                let wanted = spec.clone();
                self.writer.call(move |writer| writer.create(&wanted)).await?
            };
            spec.check(found.spec())?;
            Ok(found)
        }
        .boxed()
    }

    fn drop_table<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<bool>> {
        let name = name.to_owned();
        self.writer.call(move |writer| writer.drop_table(&name))
    }

    fn tables(&self) -> BoxFuture<'_, Result<Vec<TableInfo>>> {
        async move {
            self.state().live()?;
            self.state().tables.list()
        }
        .boxed()
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Arc<dyn Read>>> {
        async move {
            self.state().live()?;
            let pinned = Some(Arc::new(self.pin().await?));
            // The thread that writes ends snapshots that get too old.
            self.writer.wake();
            Ok(Arc::new(Lane { state: Arc::clone(self.state()), pinned }) as Arc<dyn Read>)
        }
        .boxed()
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<Commit>> {
        self.writer.commit(batch)
    }

    fn changes(&self) -> Changes {
        self.state().hints.listen()
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        async move {
            self.state().closed.store(true, Ordering::Release);
            self.state().overlay.close();
            let synced = self.writer.call(Writer::finish).await;
            // The thread lets go of sled and of the directory.
            self.writer.close().await;
            self.state().hints.end();
            match synced {
                // It was closed before.
                Err(error) if error.kind() == ErrorKind::Closed => Ok(()),
                synced => synced,
            }
        }
        .boxed()
    }
}

impl Drop for Dbm {
    /// The writing thread lets go of the directory a little later; who opens it meanwhile waits.
    fn drop(&mut self) {
        self.directory.leaving();
    }
}

fn lost(directory: &Directory, groups: u64) -> persist_core::Error {
    let file = directory.acknowledged();
    corrupt(format!(
        "{groups} groups of acknowledged writes are missing from its files, which are damaged; \
         restore a copy of the directory, or go on with what is left by removing {}",
        file.display()
    ))
}
