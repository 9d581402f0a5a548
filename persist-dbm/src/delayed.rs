//! A store that is opened in the background, while it is in use already.

use std::fmt;
use std::sync::Arc;
use std::thread;

use futures_util::future::{BoxFuture, FutureExt, Shared};
use futures_util::{StreamExt, stream};
use persist_core::backend::{
    Backend, Batch, Cell, Changes, Commit, Direction, Hint, KeyRange, Marked, Marking, Page, Read,
    TableHandle, TableInfo, TableSpec,
};
use persist_core::{Error, Result};
use tokio::runtime::{Builder, Handle};

use crate::Options;

/// How opening ended.
type Opened = Result<Arc<dyn Backend>, Arc<Error>>;

/// A backend that every call waits for.
struct Delayed {
    opening: Shared<BoxFuture<'static, Opened>>,
}

/// Begins to open the store.
pub(crate) fn open(options: Options) -> Arc<dyn Backend> {
    let opening = async { options.load().await.map_err(Arc::new) }.boxed().shared();
    let begun = opening.clone();
    // If nothing can drive it here, the first use does.
    match Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn(begun)),
        Err(_) => drop(thread::Builder::new().name("open store".into()).spawn(move || {
            let runtime = Builder::new_current_thread().build();
            runtime.map(|runtime| drop(runtime.block_on(begun)))
        })),
    }
    Arc::new(Delayed { opening })
}

impl Delayed {
    async fn opened(&self) -> Result<Arc<dyn Backend>> {
        self.opening.clone().await.map_err(|error| error.duplicate())
    }
}

impl Read for Delayed {
    fn get<'a>(
        &'a self,
        table: &'a TableHandle,
        keys: &'a [Cell],
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Vec<Option<Cell>>>>> {
        async move { self.opened().await?.get(table, keys, marking).await }.boxed()
    }

    fn scan<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        direction: Direction,
        limit: usize,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Page>>> {
        async move { self.opened().await?.scan(table, range, direction, limit, marking).await }
            .boxed()
    }

    fn count<'a>(
        &'a self,
        table: &'a TableHandle,
        range: &'a KeyRange,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<u64>>> {
        async move { self.opened().await?.count(table, range, marking).await }.boxed()
    }
}

impl Backend for Delayed {
    fn open_table(&self, spec: TableSpec) -> BoxFuture<'_, Result<TableHandle>> {
        async move { self.opened().await?.open_table(spec).await }.boxed()
    }

    fn drop_table<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<bool>> {
        async move { self.opened().await?.drop_table(name).await }.boxed()
    }

    fn tables(&self) -> BoxFuture<'_, Result<Vec<TableInfo>>> {
        async move { self.opened().await?.tables().await }.boxed()
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Arc<dyn Read>>> {
        async move { self.opened().await?.snapshot().await }.boxed()
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<Commit>> {
        if let Some(Ok(backend)) = self.opening.peek() {
            return backend.commit(batch);
        }
        let opening = self.opening.clone();
        async move {
            let backend = opening.await.map_err(|error| error.duplicate())?;
            backend.commit(batch).await
        }
        .boxed()
    }

    fn changes(&self) -> Changes {
        if let Some(Ok(backend)) = self.opening.peek() {
            return backend.changes();
        }
        // Until it is open, there is nothing that could have changed unnoticed.
        let opening = self.opening.clone();
        stream::once(opening)
            .flat_map(|opened| match opened {
                Ok(backend) => {
                    let changes = backend.changes();
                    stream::once(async { Hint::Everything }).chain(changes).boxed()
                }
                Err(_) => stream::empty().boxed(),
            })
            .boxed()
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        async move {
            match self.opening.clone().await {
                Ok(backend) => backend.close().await,
                // There is nothing to close, and every use has said why.
                Err(_) => Ok(()),
            }
        }
        .boxed()
    }
}

impl fmt::Debug for Delayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Delayed").field(&self.opening.peek()).finish()
    }
}
