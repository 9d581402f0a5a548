//! The server: owns a store, and does for many connections what they ask.

mod admit;
mod budget;
mod connection;
mod execute;
mod seal;
mod sessions;
mod tables;
mod tokens;

use std::fmt;
use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use persist_core::backend::Backend;
use persist_core::{Durability, Error, ErrorKind, Result};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use seal::Sealer;
use sessions::Sessions;
use tables::Tables;
use tokens::Tokens;

use crate::backend::Dbm;

/// How many connections are served at once.
const MAX_CONNECTIONS: usize = 1024;

/// How long a server waits at least for whoever started it.
const FIRST: Duration = Duration::from_secs(4);

/// What a server must know beside its store.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// How long it stays when no client is connected.
    pub(super) idle_time: Duration,
    /// How durable its store makes acknowledged writes.
    pub(super) durability: Durability,
    /// The user whose processes are served; everybody if it is `None`.
    pub(super) user: Option<u32>,
}

/// A store that is being served.
pub(super) struct Server {
    engine: Arc<Dbm>,
    /// The same.
    store: Arc<dyn Backend>,
    settings: Settings,
    tables: Tables,
    tokens: Tokens,
    sessions: Sessions,
    sealer: Sealer,
    /// How many connections there are.
    connected: watch::Sender<usize>,
    stopping: CancellationToken,
    connections: TaskTracker,
}

impl Server {
    /// Makes a store ready to be served.
    ///
    /// # Errors
    /// What the engine reports when its tables are opened.
    pub(super) async fn new(engine: Arc<Dbm>, settings: Settings) -> Result<Arc<Self>> {
        let store: Arc<dyn Backend> = Arc::clone(&engine) as _;
        let tables = Tables::of(&store).await;
        let tokens = Tokens::of(&store).await?;
        Ok(Arc::new(Self {
            engine,
            store,
            settings,
            tables,
            tokens,
            sessions: Sessions::default(),
            sealer: Sealer::default(),
            connected: watch::Sender::new(0),
            stopping: CancellationToken::new(),
            connections: TaskTracker::new(),
        }))
    }

    /// Serves whoever connects until `stop` is ready, until nobody has been connected for the idle
    /// time, or until the store has failed, which another server can open again. Then removes the
    /// `socket`, answers what was asked, ends what connections there are, and closes the store.
    ///
    /// Whoever connects just before the socket is gone is not greeted, and knows by that that
    /// nothing was done for it.
    ///
    /// # Errors
    /// What the engine reports when it is closed.
    pub(super) async fn run(
        self: Arc<Self>,
        listener: UnixListener,
        socket: &Path,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<()> {
        let mut stop = std::pin::pin!(stop);
        let mut idle = std::pin::pin!(self.idle());
        let sweeping = Arc::clone(&self);
        let sweep = tokio::spawn(async move { sweeping.sweep().await });
        loop {
            tokio::select! {
                accepted = listener.accept() => self.accept(accepted.map(|(stream, _)| stream)).await,
                () = &mut idle => break,
                () = &mut stop => break,
                () = self.stopping.cancelled() => break,
            }
        }
        if let Err(error) = std::fs::remove_file(socket)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "the socket could not be removed");
        }
        drop(listener);
        // Who opens the store meanwhile waits.
        self.engine.leaving();
        self.stopping.cancel();
        sweep.abort();
        self.connections.close();
        self.connections.wait().await;
        self.store.close().await
    }

    /// Ends the server if the error says that its store is of no use any more. The error for the
    /// client, whose own store is not closed.
    fn end_if_failed(&self, error: Error) -> Error {
        let closed = error.kind() == ErrorKind::Closed;
        if (closed || self.engine.has_failed()) && !self.stopping.is_cancelled() {
            tracing::error!(%error, "the store has failed; the server ends");
            self.stopping.cancel();
        }
        if !closed {
            return error;
        }
        Error::new(ErrorKind::Unavailable, "the server of the shared store is ending; try again")
            .with_outcome(error.outcome())
    }

    async fn accept(self: &Arc<Self>, accepted: io::Result<UnixStream>) {
        match accepted {
            Ok(stream) if *self.connected.borrow() < MAX_CONNECTIONS => {
                self.connected.send_modify(|connected| *connected += 1);
                let server = Arc::clone(self);
                self.connections.spawn(async move {
                    let _here = Here(&server.connected);
                    connection::serve(&server, stream).await;
                });
            }
            // Not greeted, it will try again.
            Ok(_) => tracing::warn!("a connection too many was refused"),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// Waits until nobody has been connected for the idle time.
    async fn idle(&self) {
        let mut connected = self.connected.subscribe();
        let mut patience = self.settings.idle_time.max(FIRST);
        loop {
            let nobody = connected.wait_for(|connected| *connected == 0).await.is_ok();
            let somebody = connected.wait_for(|connected| *connected > 0);
            if nobody && tokio::time::timeout(patience, somebody).await.is_err() {
                return;
            }
            patience = self.settings.idle_time;
        }
    }

    async fn sweep(&self) {
        loop {
            if let Err(error) = self.tokens.sweep(&self.store, &self.sessions).await {
                tracing::warn!(%error, "the tokens of gone clients could not be removed");
            }
            tokio::time::sleep(tokens::SWEEP).await;
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("store", &self.store)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Counts a connection for as long as it is served, whatever ends it.
struct Here<'s>(&'s watch::Sender<usize>);

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|connected| *connected -= 1);
    }
}
