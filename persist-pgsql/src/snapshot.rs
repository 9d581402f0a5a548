//! Snapshots: connections that stay inside a read-only transaction.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex as Lock;
use persist_core::{Error, ErrorKind, Result};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::AbortHandle;

use crate::connection::Connection;
use crate::error::engine;
use crate::lane::Lane;
use crate::options::address::Settings;
use crate::read::{Answer, Ask, Failure};
use crate::runtime::Runtime;
use crate::work::Work as _;

/// `REPEATABLE READ` fixes its state at the first query. Reads happen within a savepoint and are
/// rolled back to it, which keeps the state but lets go of the tables, so that they can be dropped.
const FIX: &str = "SELECT 1; SAVEPOINT fixed";

/// The snapshots of a store.
#[derive(Debug)]
pub(crate) struct Snapshots {
    settings: Arc<Settings>,
    runtime: Arc<Runtime>,
    places: Arc<Semaphore>,
    idle: Lock<Vec<Connection>>,
    live: Lock<Vec<Weak<Held>>>,
    closed: AtomicBool,
}

/// One snapshot. Its connection goes back when it is dropped, or when it gets too old.
#[derive(Debug)]
pub(crate) struct Held {
    inside: Mutex<Option<(Connection, OwnedSemaphorePermit)>>,
    expiry: AbortHandle,
    owner: Arc<Snapshots>,
}

impl Snapshots {
    pub(crate) fn new(settings: &Arc<Settings>, runtime: &Arc<Runtime>) -> Arc<Self> {
        Arc::new(Self {
            settings: Arc::clone(settings),
            runtime: Arc::clone(runtime),
            places: Arc::new(Semaphore::new(settings.snapshots)),
            idle: Lock::default(),
            live: Lock::default(),
            closed: AtomicBool::new(false),
        })
    }

    /// Fixes the present state.
    pub(crate) async fn take(self: &Arc<Self>) -> Result<Arc<Held>> {
        let this = Arc::clone(self);
        self.runtime.run(async move { this.fix().await }).await
    }

    /// Refuses more snapshots, and ends those that there are when the reads in them have ended.
    pub(crate) async fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        let live: Vec<_> = self.live.lock().drain(..).filter_map(|held| held.upgrade()).collect();
        for held in live {
            if let Some((connection, _)) = held.inside.lock().await.take() {
                connection.close().await;
            }
        }
        let idle = std::mem::take(&mut *self.idle.lock());
        for connection in idle {
            connection.close().await;
        }
    }

    async fn fix(self: Arc<Self>) -> Result<Arc<Held>> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::closed());
        }
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| self.full())?;
        let idle = self.idle.lock().pop();
        let connection = match idle {
            Some(mut connection) => match begin(&mut connection).await {
                Ok(()) => connection,
                // It was lost while it was idle, and so were the others.
                Err(_) => self.anew().await?,
            },
            None => self.anew().await?,
        };
        let age = self.settings.snapshot_max_age;
        let held = Arc::new_cyclic(|held| Held {
            inside: Mutex::new(Some((connection, place))),
            expiry: self.runtime.start_task(expire(Weak::clone(held), age)),
            owner: Arc::clone(&self),
        });
        let mut live = self.live.lock();
        live.retain(|held| held.strong_count() > 0);
        // Looked at under the lock that closing takes after it has said so.
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::closed());
        }
        live.push(Arc::downgrade(&held));
        drop(live);
        Ok(held)
    }

    async fn anew(&self) -> Result<Connection> {
        self.idle.lock().clear();
        let mut connection = Connection::open(&self.settings).await?;
        begin(&mut connection).await.map_err(engine)?;
        Ok(connection)
    }

    fn full(&self) -> Error {
        let max = self.settings.snapshots;
        Error::new(
            ErrorKind::Busy,
            format!("{max} snapshots are open, which is the limit; end one, or raise `snapshots`"),
        )
    }

    /// Takes a connection back, and then its place.
    async fn give_back(&self, (mut connection, place): (Connection, OwnedSemaphorePermit)) {
        connection.roll_back().await;
        if !connection.is_broken() && !self.closed.load(Ordering::SeqCst) {
            self.idle.lock().push(connection);
        }
        drop(place);
    }
}

async fn begin(connection: &mut Connection) -> sqlx::Result<()> {
    connection.begin("ISOLATION LEVEL REPEATABLE READ READ ONLY", FIX).await.map(drop)
}

/// Ends a snapshot that gets too old.
async fn expire(held: Weak<Held>, age: Duration) {
    tokio::time::sleep(age).await;
    let Some(held) = held.upgrade() else { return };
    let taken = held.inside.lock().await.take();
    if let Some(taken) = taken {
        tracing::warn!(?age, "a snapshot got too old and was ended");
        held.owner.give_back(taken).await;
    }
}

impl Held {
    /// Reads, and then lets go of the table, which the reader need not wait for.
    async fn read(&self, ask: &Ask, reply: oneshot::Sender<Result<Answer>>) {
        let mut held = self.inside.lock().await;
        let answer = match &mut *held {
            Some((connection, _)) if connection.is_broken() => Err(Error::new(
                ErrorKind::Unavailable,
                "the connection of the snapshot was lost; take another",
            )),
            Some((connection, _)) => ask.run(connection).await.map_err(Failure::told),
            None => Err(self.ended()),
        };
        // The caller may have gone.
        let _ = reply.send(answer);
        if let Some((connection, _)) = &mut *held
            && !connection.is_broken()
        {
            // What fails shows in the next read.
            let _ = connection.script("ROLLBACK TO SAVEPOINT fixed".to_owned()).await;
        }
    }

    fn ended(&self) -> Error {
        if self.owner.closed.load(Ordering::SeqCst) {
            return Error::closed();
        }
        let age = self.owner.settings.snapshot_max_age;
        Error::new(
            ErrorKind::Timeout,
            format!(
                "the snapshot was held for longer than `snapshot_max_age` ({age:?}); finish \
                 sooner, or raise it"
            ),
        )
    }
}

impl Lane for Arc<Held> {
    async fn ask(&self, ask: Ask) -> Result<Answer> {
        let (reply, answer) = oneshot::channel();
        let held = Arc::clone(self);
        self.owner.runtime.start_task(async move { held.read(&ask, reply).await });
        answer.await.map_err(|_| Error::closed())?
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.expiry.abort();
        if let Some(taken) = self.inside.get_mut().take() {
            let owner = Arc::clone(&self.owner);
            self.owner.runtime.start_task(async move { owner.give_back(taken).await });
        }
    }
}
