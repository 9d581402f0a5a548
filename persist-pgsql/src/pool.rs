//! The connections that read: so many, and no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use persist_core::{Error, ErrorKind, Result};
use tokio::runtime::{Handle, Id};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::connection::Connection;
use crate::options::address::Settings;
use crate::runtime::Runtime;

#[derive(Debug)]
pub(crate) struct Pool {
    settings: Arc<Settings>,
    /// The store's own runtime.
    own: Id,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
    waiting: AtomicUsize,
}

/// A connection that goes back when it is dropped.
#[derive(Debug)]
pub(crate) struct Lent {
    connection: Option<Connection>,
    pool: Arc<Pool>,
    _place: OwnedSemaphorePermit,
}

impl Pool {
    pub(crate) fn new(settings: &Arc<Settings>, runtime: &Runtime) -> Arc<Self> {
        Arc::new(Self {
            settings: Arc::clone(settings),
            own: runtime.handle().id(),
            places: Arc::new(Semaphore::new(settings.readers)),
            idle: Mutex::default(),
            waiting: AtomicUsize::new(0),
        })
    }

    /// A connection, those that have waited longest first. `what` is who waits, for people.
    pub(crate) async fn acquire(self: &Arc<Self>, what: &str) -> Result<Lent> {
        let place = self.place(what).await?;
        let connection = match self.idle_on(Handle::current().id()) {
            Some(connection) => connection,
            None => Connection::open(&self.settings).await?,
        };
        Ok(Lent { connection: Some(connection), pool: Arc::clone(self), _place: place })
    }

    /// Refuses further work, and closes the connections that are idle.
    pub(crate) async fn close(&self) {
        self.places.close();
        let idle = std::mem::take(&mut *self.idle.lock());
        for connection in idle {
            connection.close().await;
        }
    }

    /// An idle one that was made on `runtime`, which has its socket at hand, or else, if there may be
    /// no further one, on the store's own, which goes on whatever callers do. If there is none,
    /// there is room for one more afterwards.
    fn idle_on(&self, runtime: Id) -> Option<Connection> {
        let mut idle = self.idle.lock();
        let of = |home| move |connection: &Connection| connection.home() == home;
        if let Some(place) = idle.iter().rposition(of(runtime)) {
            return Some(idle.swap_remove(place));
        }
        // The place of who asks is one of these.
        let lent = self.settings.readers.saturating_sub(self.places.available_permits());
        if idle.len() + lent <= self.settings.readers {
            return None;
        }
        let own = idle.iter().rposition(of(self.own));
        if own.is_none() {
            idle.pop();
        }
        own.map(|place| idle.swap_remove(place))
    }

    async fn place(&self, what: &str) -> Result<OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(place);
        }
        let _waiting = Waiting::new(&self.waiting);
        let place = Arc::clone(&self.places).acquire_owned();
        match timeout(self.settings.acquire_timeout, place).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) => Err(Error::closed()),
            Err(_) => Err(self.exhausted(what)),
        }
    }

    fn exhausted(&self, what: &str) -> Error {
        let Settings { readers, size_conn_pool, acquire_timeout, .. } = &*self.settings;
        let others = self.waiting.load(Ordering::Relaxed).saturating_sub(1);
        Error::new(
            ErrorKind::Timeout,
            format!(
                "{what} found none of the {readers} reading connections free within \
                 `acquire_timeout` ({acquire_timeout:?}), and {others} others wait; raise \
                 `size_conn_pool` ({size_conn_pool}) or `acquire_timeout`"
            ),
        )
    }
}

impl Lent {
    pub(crate) fn get(&mut self) -> Result<&mut Connection> {
        self.connection.as_mut().ok_or_else(Error::closed)
    }

    /// Puts a new connection in the place of one that was lost.
    pub(crate) async fn replace(&mut self) -> Result<()> {
        let home = self.connection.take().map(|connection| connection.home());
        // Those that were idle meanwhile on the same runtime were lost in the same way.
        self.pool.idle.lock().retain(|connection| Some(connection.home()) != home);
        self.connection = Some(Connection::open(&self.pool.settings).await?);
        Ok(())
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && !connection.is_broken()
        {
            let mut idle = self.pool.idle.lock();
            // Looked at under the lock that closing takes after it has said so.
            if !self.pool.places.is_closed() {
                idle.push(connection);
            }
        }
    }
}

/// Counts who waits, until it is dropped.
struct Waiting<'w>(&'w AtomicUsize);

impl<'w> Waiting<'w> {
    fn new(count: &'w AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
