//! Watches that call back.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::{FutureExt, Stream, StreamExt};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::{Change, Watch, WatchValue};
use crate::column::{Column, KeyColumn};
use crate::{Error, ErrorKind, Result};

/// A watch that calls back; it ends when this is dropped.
#[doc(alias = "unwatch")]
#[must_use = "the watch ends when its guard is dropped"]
#[derive(Debug)]
pub struct WatchGuard(AbortHandle);

impl Drop for WatchGuard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<K: KeyColumn, V: Column> Watch<K, V> {
    /// Takes the look that changes are compared with, then calls `f` with each change, one after
    /// the other, in a task of this runtime. A panic in `f` is logged, and the next change comes
    /// all the same.
    ///
    /// # Errors
    /// As [`ready`](Self::ready); `Misuse` outside a tokio runtime.
    pub async fn call<F, Fut>(mut self, f: F) -> Result<WatchGuard>
    where
        F: FnMut(Result<(K::Owned, Change<V::Owned>)>) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.ready().await?;
        drive(self, f)
    }
}

impl<T: Send + 'static> WatchValue<T> {
    /// As [`Watch::call`].
    ///
    /// # Errors
    /// As [`ready`](Self::ready); `Misuse` outside a tokio runtime.
    pub async fn call<F, Fut>(mut self, f: F) -> Result<WatchGuard>
    where
        F: FnMut(Result<Change<T>>) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.ready().await?;
        drive(self, f)
    }
}

fn drive<S, F, Fut>(mut watch: S, mut f: F) -> Result<WatchGuard>
where
    S: Stream + Unpin + Send + 'static,
    S::Item: Send,
    F: FnMut(S::Item) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let runtime = Handle::try_current().map_err(|error| {
        Error::new(ErrorKind::Misuse, "a watch that calls back needs a tokio runtime to run in")
            .during("watch")
            .caused_by(error)
    })?;
    let task = runtime.spawn(async move {
        while let Some(change) = watch.next().await {
            let called = AssertUnwindSafe(async { f(change).await }).catch_unwind();
            if called.await.is_err() {
                tracing::error!("a watcher panicked; it will be called again");
            }
        }
    });
    Ok(WatchGuard(task.abort_handle()))
}
