//! The client: the contract, asked of a server.

mod driver;
mod pending;
mod snapshot;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fmt, thread};

use futures_util::future::{BoxFuture, FutureExt};
use persist_core::backend::limits::BYTE_BUDGET;
use persist_core::backend::{
    Backend, Batch, Cell, Changes, Commit, Direction, KeyRange, Mark, Marked, Marking, Op, Page,
    Read, TableHandle, TableInfo, TableSpec, Write,
};
use persist_core::engine::Hints;
use persist_core::{Error, ErrorKind, Outcome, Result};
use tokio::sync::{mpsc, oneshot};

use super::wire::{self, Answer, Call, Token};
use crate::Options;
use driver::Driver;
use pending::{Answered, Job, Lease};
use snapshot::Snapshot;

/// How many keys one request asks for. An answer may be shorter than what was asked.
const MAX_KEYS: usize = 4096;

/// An open shared store.
struct Client(Arc<Link>);

/// The way to the thread that has the connection.
pub(super) struct Link {
    jobs: mpsc::UnboundedSender<Job>,
    hints: Arc<Hints>,
    closed: AtomicBool,
    /// The number of this open store among all that ever were.
    client: u128,
}

/// What table handles hold: the open store that they belong to.
struct Shared {
    client: u128,
}

/// Opens the store that a server has, starting the server if there is none.
pub(crate) async fn open(options: Options) -> Result<Arc<dyn Backend>> {
    let (jobs, queue) = mpsc::unbounded_channel();
    let hints = Arc::new(Hints::default());
    let client = rand::random();
    let driver = Driver::new(options, client, queue, jobs.downgrade(), Arc::clone(&hints));
    let (opened, connected) = oneshot::channel();
    // A thread and a runtime of its own: a connection ends with the runtime it was made in, and
    // the caller's may end before the store does.
    let drive = move || match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(driver.run(opened)),
        Err(error) => {
            let error = Error::new(ErrorKind::Backend, "cannot start a runtime").caused_by(error);
            // The caller may have gone.
            let _ = opened.send(Err(error));
        }
    };
    thread::Builder::new().name("persist-dbm".to_owned()).spawn(drive).map_err(|error| {
        Error::new(ErrorKind::Backend, "cannot start the client's thread").caused_by(error)
    })?;
    let link = Link { jobs, hints, closed: AtomicBool::new(false), client };
    connected.await.unwrap_or_else(|_| Err(ended()))?;
    Ok(Arc::new(Client(Arc::new(link))))
}

impl Link {
    fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) { Err(Error::closed()) } else { Ok(()) }
    }

    /// Sends a call, and waits for what becomes of it.
    async fn call(&self, call: Call) -> Result<Answered> {
        self.call_on(None, call).await
    }

    /// The same, of a snapshot on its connection if one is given.
    async fn call_on(&self, lease: Option<&Lease>, call: Call) -> Result<Answered> {
        self.check_open()?;
        let (reply, answer) = oneshot::channel();
        let connection = lease.map(Lease::connection);
        self.jobs.send(Job::Call { call, connection, reply }).map_err(|_| Error::closed())?;
        answer.await.unwrap_or_else(|_| Err(ended()))
    }

    /// The number of a table, which the server knows it by.
    fn number(&self, table: &TableHandle) -> Result<u64> {
        if table.private::<Shared>()?.client == self.client {
            return Ok(table.id());
        }
        Err(Error::new(
            ErrorKind::Backend,
            "the table was opened on another store; open it on the store that it is used with",
        )
        .table(table.name()))
    }

    async fn get(
        &self,
        lease: Option<&Lease>,
        table: &TableHandle,
        keys: &[Cell],
        marking: Marking,
    ) -> Result<Marked<Vec<Option<Cell>>>> {
        let call = Call::Get {
            view: lease.map(Lease::view),
            table: self.number(table)?,
            keys: as_many(keys).iter().cloned().map(Into::into).collect(),
            mark: marking == Marking::Take,
        };
        match self.read(lease, table, call).await? {
            Answer::Cells { found, mark } => {
                let found = found.into_iter().map(|cell| cell.map(Into::into)).collect();
                Ok(marked(table, found, mark))
            }
            other => Err(unexpected(&other)),
        }
    }

    async fn scan(
        &self,
        lease: Option<&Lease>,
        table: &TableHandle,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
        marking: Marking,
    ) -> Result<Marked<Page>> {
        let call = Call::Scan {
            view: lease.map(Lease::view),
            table: self.number(table)?,
            range: range.into(),
            backward: direction == Direction::Backward,
            limit: limit as u64,
            mark: marking == Marking::Take,
        };
        match self.read(lease, table, call).await? {
            Answer::Page { rows, rest, mark } => {
                let rows = rows.into_iter().map(|row| match row {
                    Ok((key, value)) => Ok((key.into(), value.into())),
                    Err(parts) => Err(Error::from_parts(*parts)),
                });
                let rest = rest.and_then(wire::Range::checked);
                Ok(marked(table, Page { rows: rows.collect(), rest }, mark))
            }
            other => Err(unexpected(&other)),
        }
    }

    async fn count(
        &self,
        lease: Option<&Lease>,
        table: &TableHandle,
        range: &KeyRange,
        marking: Marking,
    ) -> Result<Marked<u64>> {
        let call = Call::Count {
            view: lease.map(Lease::view),
            table: self.number(table)?,
            range: range.into(),
            mark: marking == Marking::Take,
        };
        match self.read(lease, table, call).await? {
            Answer::Count { count, mark } => Ok(marked(table, count, mark)),
            other => Err(unexpected(&other)),
        }
    }

    async fn read(&self, lease: Option<&Lease>, table: &TableHandle, call: Call) -> Result<Answer> {
        let answered = self.call_on(lease, call).await;
        Ok(answered.map_err(|error| error.table(table.name()))?.answer)
    }

    async fn commit(&self, batch: Batch) -> Result<Commit> {
        let mut ops = Vec::with_capacity(batch.ops.len());
        let mut writes = false;
        for op in batch.ops {
            writes |= !matches!(op, Op::Key { write: Write::Nothing, .. } | Op::Unchanged(_));
            ops.push(match op {
                Op::Key { table, key, expect, write } => wire::Op::Key {
                    table: self.number(&table)?,
                    key: key.into(),
                    expect: expect.into(),
                    write: write.into(),
                },
                Op::DeleteRange { table, range } => {
                    wire::Op::DeleteRange { table: self.number(&table)?, range: (&range).into() }
                }
                Op::Unchanged(mark) => wire::Op::Unchanged {
                    table: self.number(&mark.table)?,
                    mark: wire::Seal(mark.token),
                },
            });
        }
        // What writes nothing may be judged twice. The numbers are given where it is sent.
        let token = writes.then_some(Token { sequence: 0, slot: 0 });
        match self.call(Call::Commit { token, ops }).await?.answer {
            Answer::Applied => Ok(Commit::Applied),
            Answer::Conflict { which, found } => Ok(Commit::Conflict {
                which: usize::try_from(which).unwrap_or(usize::MAX),
                found: found.map(Into::into),
            }),
            other => Err(unexpected(&other).with_outcome(Outcome::Unknown)),
        }
    }
}

impl Read for Client {
    fn get<'a>(
        &'a self,
        table: &'a TableHandle,
        keys: &'a [Cell],
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Vec<Option<Cell>>>>> {
        self.0.get(None, table, keys, marking).boxed()
    }

    fn scan<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        direction: Direction,
        limit: usize,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Page>>> {
        self.0.scan(None, table, range, direction, limit, marking).boxed()
    }

    fn count<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<u64>>> {
        self.0.count(None, table, range, marking).boxed()
    }
}

impl Backend for Client {
    fn open_table(&self, spec: TableSpec) -> BoxFuture<'_, Result<TableHandle>> {
        async move {
            match self.0.call(Call::OpenTable(spec.clone().into())).await?.answer {
                Answer::Table(id) => {
                    Ok(TableHandle::new(id, spec, Shared { client: self.0.client }))
                }
                other => Err(unexpected(&other)),
            }
        }
        .boxed()
    }

    fn drop_table<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<bool>> {
        async move {
            match self.0.call(Call::DropTable(name.to_owned())).await?.answer {
                Answer::Dropped(dropped) => Ok(dropped),
                other => Err(unexpected(&other)),
            }
        }
        .boxed()
    }

    fn tables(&self) -> BoxFuture<'_, Result<Vec<TableInfo>>> {
        async move {
            match self.0.call(Call::Tables).await?.answer {
                Answer::Tables(specs) => {
                    Ok(specs.into_iter().map(|spec| TableInfo::new(spec.into())).collect())
                }
                other => Err(unexpected(&other)),
            }
        }
        .boxed()
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Arc<dyn Read>>> {
        async move {
            match self.0.call(Call::Snapshot).await? {
                Answered { lease: Some(lease), .. } => {
                    Ok(Arc::new(Snapshot::new(Arc::clone(&self.0), lease)) as Arc<dyn Read>)
                }
                Answered { answer, .. } => Err(unexpected(&answer)),
            }
        }
        .boxed()
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<Commit>> {
        let link = Arc::clone(&self.0);
        async move { link.commit(batch).await }.boxed()
    }

    fn changes(&self) -> Changes {
        let changes = self.0.hints.listen();
        // An error says that the store is closed, and the stream has ended.
        let _ = self.0.jobs.send(Job::Listen);
        changes
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        async move {
            self.0.closed.store(true, Ordering::Release);
            let (reply, closed) = oneshot::channel();
            // Without an answer the thread has ended before, and the connection with it.
            let ended = match self.0.jobs.send(Job::Close { reply }) {
                Ok(()) => closed.await.unwrap_or(Ok(())),
                Err(_) => Ok(()),
            };
            self.0.hints.end();
            ended
        }
        .boxed()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedStore").field("closed", &self.0.closed).finish_non_exhaustive()
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("closed", &self.closed).finish_non_exhaustive()
    }
}

/// As many of the keys as one request asks for, and at least one.
fn as_many(keys: &[Cell]) -> &[Cell] {
    let mut bytes = 0;
    let fit = keys.iter().take(MAX_KEYS).take_while(|key| {
        bytes += key.len();
        bytes <= BYTE_BUDGET
    });
    let fit = fit.count().max(1);
    keys.get(..fit).unwrap_or(keys)
}

fn marked<T>(table: &TableHandle, value: T, mark: Option<wire::Seal>) -> Marked<T> {
    Marked { value, mark: mark.map(|seal| Mark { table: table.clone(), token: seal.0 }) }
}

fn unexpected(_: &Answer) -> Error {
    Error::new(ErrorKind::Backend, "the server gave the answer to another call")
}

fn ended() -> Error {
    Error::new(ErrorKind::Backend, "the client of the shared store failed; open the store again")
        .with_outcome(Outcome::Unknown)
}
