//! Work that may sleep, off the caller's thread.

use std::thread;

use persist_core::{Error, ErrorKind, Result};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Runs `work` on a thread that may sleep: one of the runtime's blocking threads, or one of its
/// own when no runtime is there. It runs to its end whether or not the future is polled again.
pub(crate) async fn offload<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    if let Ok(runtime) = Handle::try_current() {
        return runtime
            .spawn_blocking(work)
            .await
            .unwrap_or_else(|error| Err(lost().caused_by(error)));
    }
    let (reply, answer) = oneshot::channel();
    let run = move || {
        // The caller may have gone.
        let _ = reply.send(work());
    };
    thread::Builder::new().spawn(run).map_err(|error| lost().caused_by(error))?;
    answer.await.unwrap_or_else(|_| Err(lost()))
}

fn lost() -> Error {
    Error::new(ErrorKind::Unavailable, "no thread could finish the work; the runtime is ending")
}
