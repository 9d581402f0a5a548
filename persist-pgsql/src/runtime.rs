//! A runtime of our own, for what must not depend on a caller's: that may end at any time, and the
//! connections that were made on it end with it.

use std::thread;

use persist_core::{Error, ErrorKind, Result};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

/// The thread that listens, scans, and holds snapshots. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Runtime {
    handle: Handle,
    _end: oneshot::Sender<()>,
}

impl Runtime {
    pub(crate) fn start() -> Result<Self> {
        let runtime = own()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<()>();
        let run = move || {
            // An error is the dropped sender, which is the sign to end.
            let _ = runtime.block_on(ended);
        };
        thread::Builder::new().name("persist-pgsql".to_owned()).spawn(run).map_err(|error| {
            Error::new(ErrorKind::Backend, "cannot start a thread").caused_by(error)
        })?;
        Ok(Self { handle, _end: end })
    }

    /// Runs `work` there. It goes on whether or not the future is polled again.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        self.handle.spawn(work).await.unwrap_or_else(|error| {
            Err(Error::new(ErrorKind::Backend, "the work was given up; open the store again")
                .caused_by(error))
        })
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Starts `work` there.
    pub(crate) fn start_task(
        &self,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> AbortHandle {
        self.handle.spawn(work).abort_handle()
    }
}

/// A runtime for one thread.
pub(crate) fn own() -> Result<tokio::runtime::Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(ErrorKind::Backend, "cannot start a runtime").caused_by(error))
}
