//! The contract of hierarchical stores, over a directory.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::BoxStream;
use persist_core::kv::{
    Change, Committed, Health, KeyPath, KvRead, KvStage, KvStore, KvTransaction, Listing, Reads,
    Staged, Stat, Window,
};
use persist_core::{Error, ErrorKind, Result};

use crate::base::Base;
use crate::health;
use crate::own::Temp;
use crate::plan::{at_end, settle};
use crate::shared::Shared;
use crate::view::View;
use crate::{error, watch};
use persist_core::engine::offload;

/// The store itself, and its transactions: reads go through the view.
#[derive(Debug)]
pub(crate) struct Files(View);

#[derive(Debug)]
struct Transaction(View);

/// Content that is being written.
#[derive(Debug)]
struct Stage {
    base: Arc<Base>,
    /// Taken while a piece is being written, so that it stays away if that ends badly.
    temp: Option<Arc<Temp>>,
    size: u64,
}

impl Files {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self(View::plain(shared))
    }
}

impl KvStore for Files {
    fn begin(&self, reads: Reads) -> BoxFuture<'_, Result<Arc<dyn KvTransaction>>> {
        let shared = &self.0.shared;
        let begun = shared.base().map(|_| {
            let view = View::judged(Arc::clone(shared), reads);
            Arc::new(Transaction(view)) as Arc<dyn KvTransaction>
        });
        std::future::ready(begun).boxed()
    }

    fn stage(&self) -> BoxFuture<'_, Result<Box<dyn KvStage>>> {
        async move {
            let base = self.0.shared.base()?;
            let staged = offload(move || {
                let writing = base.writing.as_ref().ok_or_else(error::read_only)?;
                let temp = writing.session.temp().map_err(error::own("a new content"))?;
                Ok(Stage { temp: Some(Arc::new(temp)), base, size: 0 })
            });
            Ok(Box::new(staged.await?) as Box<dyn KvStage>)
        }
        .boxed()
    }

    fn changes(&self, key: &KeyPath) -> BoxStream<'static, ()> {
        watch::changes(&self.0.shared, key)
    }

    fn tidy(&self) -> BoxFuture<'_, Result<()>> {
        async move {
            let base = self.0.shared.base()?;
            offload(move || health::tidy(&base)).await
        }
        .boxed()
    }

    fn check(&self) -> BoxFuture<'_, Result<Health>> {
        async move {
            let base = self.0.shared.base()?;
            offload(move || health::check(&base)).await
        }
        .boxed()
    }

    fn disconnect(&self) -> BoxFuture<'_, ()> {
        self.0.shared.close().boxed()
    }
}

impl KvTransaction for Transaction {
    fn commit(self: Arc<Self>, changes: Arc<[Change]>) -> BoxFuture<'static, Result<Committed>> {
        async move {
            self.0.shared.base()?;
            self.0.shared.writer.commit(self.0.reading(), changes).await
        }
        .boxed()
    }
}

impl KvStage for Stage {
    fn write(&mut self, bytes: Arc<[u8]>) -> BoxFuture<'_, Result<()>> {
        async move {
            let temp = self.temp.take().ok_or_else(spoilt)?;
            let (base, at) = (Arc::clone(&self.base), self.size);
            let length = bytes.len() as u64;
            let written = offload(move || {
                let mut written = at_end(&temp, at, &bytes);
                if let (Err(failure), Some(writing)) = (&written, &base.writing)
                    && failure.kind() == ErrorKind::NoSpace
                {
                    // What was removed a moment ago may still take the space.
                    writing.session.empty();
                    written = at_end(&temp, at, &bytes);
                }
                written.map(|()| temp)
            });
            self.temp = Some(written.await?);
            self.size += length;
            Ok(())
        }
        .boxed()
    }

    fn finish(self: Box<Self>) -> BoxFuture<'static, Result<Staged>> {
        async move {
            let Self { base, temp, size } = *self;
            let temp = temp.ok_or_else(spoilt)?;
            offload(move || {
                if base.writing.as_ref().is_some_and(|writing| writing.full) {
                    settle(&temp)?;
                }
                Ok(Staged::new(size, temp))
            })
            .await
        }
        .boxed()
    }
}

fn spoilt() -> Error {
    let message = "a piece of this content could not be written; begin a new one";
    Error::new(ErrorKind::Misuse, message)
}

macro_rules! read_through_the_view {
    ($($name:ty),*) => {$(
        impl KvRead for $name {
            fn stat<'a>(&'a self, key: &'a KeyPath) -> BoxFuture<'a, Result<Stat>> {
                self.0.stat(key)
            }

            fn read<'a>(
                &'a self,
                key: &'a KeyPath,
                offset: u64,
                length: usize,
            ) -> BoxFuture<'a, Result<Option<Window>>> {
                self.0.read(key, offset, length)
            }

            fn list<'a>(
                &'a self,
                key: &'a KeyPath,
                after: Option<&'a str>,
                limit: usize,
            ) -> BoxFuture<'a, Result<Option<Listing>>> {
                self.0.list(key, after, limit)
            }
        }
    )*};
}

read_through_the_view!(Files, Transaction);
