//! Stores of hierarchical keys that go wrong in one way each.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt, stream};
use persist_core::backend::{Backend, Batch, Commit, Op, Write};
use persist_core::kv::{
    Change, Committed, Content, Health, KeyPath, KvRead, KvStage, KvStore, KvTransaction, Listing,
    Reads, Stat, TableOptions, Window,
};
use persist_core::{Persist, Result};

use crate::broken::caught;
use crate::fault::{self, Fault};

/// A way of going wrong. What is not overridden goes right.
trait KvFault: Send + Sync + 'static {
    fn stat(&self, _key: &KeyPath, stat: Stat) -> Stat {
        stat
    }
    fn window(&self, window: Window) -> Window {
        window
    }
    fn listing(&self, listing: Listing) -> Listing {
        listing
    }
    fn changes(&self, changes: Vec<Change>) -> Vec<Change> {
        changes
    }
    /// Whether a commit looks at what was read.
    fn judges(&self) -> bool {
        true
    }
    /// Which states a transaction reads.
    fn reads(&self, reads: Reads) -> Reads {
        reads
    }
    fn hints(&self) -> bool {
        true
    }
    fn closes(&self) -> bool {
        true
    }
}

struct Broken {
    inner: Arc<dyn KvStore>,
    fault: Arc<dyn KvFault>,
}

struct BrokenTransaction {
    inner: Arc<dyn KvTransaction>,
    store: Arc<dyn KvStore>,
    fault: Arc<dyn KvFault>,
}

macro_rules! broken_reads {
    ($type:ty) => {
        impl KvRead for $type {
            fn stat<'a>(&'a self, key: &'a KeyPath) -> BoxFuture<'a, Result<Stat>> {
                async move { Ok(self.fault.stat(key, self.inner.stat(key).await?)) }.boxed()
            }

            fn read<'a>(
                &'a self,
                key: &'a KeyPath,
                offset: u64,
                length: usize,
            ) -> BoxFuture<'a, Result<Option<Window>>> {
                let read = self.inner.read(key, offset, length);
                async move { Ok(read.await?.map(|window| self.fault.window(window))) }.boxed()
            }

            fn list<'a>(
                &'a self,
                key: &'a KeyPath,
                after: Option<&'a str>,
                limit: usize,
            ) -> BoxFuture<'a, Result<Option<Listing>>> {
                let list = self.inner.list(key, after, limit);
                async move { Ok(list.await?.map(|listing| self.fault.listing(listing))) }.boxed()
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct("Broken").finish_non_exhaustive()
            }
        }
    };
}

broken_reads!(Broken);
broken_reads!(BrokenTransaction);

impl KvStore for Broken {
    fn begin(&self, reads: Reads) -> BoxFuture<'_, Result<Arc<dyn KvTransaction>>> {
        async move {
            let inner = self.inner.begin(self.fault.reads(reads)).await?;
            let (store, fault) = (Arc::clone(&self.inner), Arc::clone(&self.fault));
            Ok(Arc::new(BrokenTransaction { inner, store, fault }) as Arc<dyn KvTransaction>)
        }
        .boxed()
    }

    fn stage(&self) -> BoxFuture<'_, Result<Box<dyn KvStage>>> {
        self.inner.stage()
    }

    fn changes(&self, key: &KeyPath) -> BoxStream<'static, ()> {
        if self.fault.hints() { self.inner.changes(key) } else { stream::pending().boxed() }
    }

    fn tidy(&self) -> BoxFuture<'_, Result<()>> {
        self.inner.tidy()
    }

    fn check(&self) -> BoxFuture<'_, Result<Health>> {
        self.inner.check()
    }

    fn disconnect(&self) -> BoxFuture<'_, ()> {
        if self.fault.closes() { self.inner.disconnect() } else { async {}.boxed() }
    }
}

impl KvTransaction for BrokenTransaction {
    fn commit(self: Arc<Self>, changes: Arc<[Change]>) -> BoxFuture<'static, Result<Committed>> {
        async move {
            let changes: Arc<[Change]> = self.fault.changes(changes.to_vec()).into();
            if self.fault.judges() {
                return Arc::clone(&self.inner).commit(changes).await;
            }
            for _ in 0..100 {
                let fresh = self.store.begin(Reads::Newest).await?;
                if fresh.commit(Arc::clone(&changes)).await? == Committed::Applied {
                    return Ok(Committed::Applied);
                }
            }
            Ok(Committed::Conflict)
        }
        .boxed()
    }
}

/// A module for a fault: a test for each law that must fail, named after it.
macro_rules! over_tables {
    ($name:ident: $fault:expr => $($law:ident)+) => {
        mod $name {
            use super::*;

            pub(super) struct Examined;

            impl persist_conformance::KvSubject for Examined {
                async fn open_kv(_: &std::path::Path) -> Result<persist_core::kv::Kv> {
                    let store = Persist::new(crate::broken::mem().await?);
                    let inner = TableOptions::new("kv").store(&store).await?;
                    let fault = Arc::new($fault);
                    Ok(persist_core::kv::Kv::new(Arc::new(Broken { inner, fault })))
                }
            }

            caught!(Examined, $crate::broken::PATIENCE => kv: $($law)+);
        }
    };
}

struct Unjudged;
impl KvFault for Unjudged {
    fn judges(&self) -> bool {
        false
    }
}
over_tables!(unjudged: Unjudged => increments batch_listing batch_runs_again too_many_retries);

/// Reads in batches move on.
struct Moving;
impl KvFault for Moving {
    fn reads(&self, _: Reads) -> Reads {
        Reads::Newest
    }
}
over_tables!(moving: Moving => batch_before);

/// Nothing that a batch reads is kept in mind.
struct Forgetful;
impl KvFault for Forgetful {
    fn reads(&self, _: Reads) -> Reads {
        Reads::View
    }
}
over_tables!(forgetful: Forgetful => batch_listing);

struct Torn;
impl KvFault for Torn {
    fn changes(&self, mut changes: Vec<Change>) -> Vec<Change> {
        changes.truncate(4);
        changes
    }
}
over_tables!(torn: Torn => batch_in_order);

struct Reversed;
impl KvFault for Reversed {
    fn changes(&self, mut changes: Vec<Change>) -> Vec<Change> {
        if changes.iter().all(|change| matches!(change, Change::Put { .. } | Change::Write { .. }))
        {
            changes.reverse();
        }
        changes
    }
}
over_tables!(reversed: Reversed => random);

/// A shorter value keeps the tail of the longer one that it replaces.
struct Tailed;
impl KvFault for Tailed {
    fn changes(&self, changes: Vec<Change>) -> Vec<Change> {
        let tailed = |change| match change {
            Change::Put { key, content: Content::Bytes(bytes), modified } if bytes.len() == 3 => {
                let bytes = [&bytes[..], b"tail"].concat().into();
                Change::Put { key, content: Content::Bytes(bytes), modified }
            }
            other => other,
        };
        changes.into_iter().map(tailed).collect()
    }
}
over_tables!(tailed: Tailed => digest);

struct Unsorted;
impl KvFault for Unsorted {
    fn listing(&self, mut listing: Listing) -> Listing {
        listing.entries.reverse();
        listing
    }
}
over_tables!(unsorted: Unsorted => list names random);

struct OnePage;
impl KvFault for OnePage {
    fn listing(&self, listing: Listing) -> Listing {
        Listing { rest: None, ..listing }
    }
}
over_tables!(one_page: OnePage => list);

/// Each content is the same version of it.
struct Versionless;
impl KvFault for Versionless {
    fn window(&self, mut window: Window) -> Window {
        window.stat.version = 0;
        window
    }
    fn stat(&self, _: &KeyPath, stat: Stat) -> Stat {
        match stat {
            Stat::Value(mut value) => {
                value.version = 0;
                Stat::Value(value)
            }
            other => other,
        }
    }
}
over_tables!(versionless: Versionless => readers);

struct Timeless;
impl KvFault for Timeless {
    fn stat(&self, _: &KeyPath, stat: Stat) -> Stat {
        match stat {
            Stat::Value(mut value) => {
                value.modified = std::time::SystemTime::now();
                Stat::Value(value)
            }
            other => other,
        }
    }
}
over_tables!(timeless: Timeless => clock last_modified allocate);

/// A key behind a value is only absent.
struct Blind;
impl KvFault for Blind {
    fn stat(&self, _: &KeyPath, stat: Stat) -> Stat {
        if let Stat::Through(_) = stat { Stat::Absent } else { stat }
    }
}
over_tables!(blind: Blind => through_values rename random);

struct Silent;
impl KvFault for Silent {
    fn hints(&self) -> bool {
        false
    }
}
mod silent {
    use super::*;

    pub(super) struct Examined;

    impl persist_conformance::KvSubject for Examined {
        async fn open_kv(_: &std::path::Path) -> Result<persist_core::kv::Kv> {
            let store = Persist::new(crate::broken::mem().await?);
            let inner = TableOptions::new("kv").store(&store).await?;
            Ok(persist_core::kv::Kv::new(Arc::new(Broken { inner, fault: Arc::new(Silent) })))
        }
    }

    caught!(Examined, crate::broken::BRIEF => kv: watch_value watch_dictionary watch_last_state);
}

struct Open;
impl KvFault for Open {
    fn closes(&self) -> bool {
        false
    }
}
over_tables!(never_closed: Open => closed);

/// The trailing blanks of names get lost.
struct Trimmed;
impl KvFault for Trimmed {
    fn changes(&self, changes: Vec<Change>) -> Vec<Change> {
        let trimmed = |change| match change {
            Change::Put { key, content, modified } => {
                let key = KeyPath::parse(key.to_string().trim_end());
                Change::Put { key, content, modified }
            }
            other => other,
        };
        changes.into_iter().map(trimmed).collect()
    }
}
over_tables!(trimmed: Trimmed => names);

/// Operations on the tables of a store that never arrive.
struct Lost(fn(&Op) -> bool);
impl Fault for Lost {
    fn commit(
        &self,
        inner: &Arc<dyn Backend>,
        mut batch: Batch,
    ) -> BoxFuture<'static, Result<Commit>> {
        batch.ops.retain(|op| !(self.0)(op));
        inner.commit(batch)
    }
}

/// A module for operations that are lost: a test for each law that must fail.
macro_rules! losing {
    ($name:ident: $lost:expr => $($law:ident)+) => {
        mod $name {
            use super::*;

            pub(super) struct Examined;

            impl persist_conformance::KvSubject for Examined {
                async fn open_kv(_: &std::path::Path) -> Result<persist_core::kv::Kv> {
                    let backend = fault::broken(crate::broken::mem().await?, Lost($lost));
                    TableOptions::new("kv").open(&Persist::new(backend)).await
                }
            }

            caught!(Examined, $crate::broken::PATIENCE => kv: $($law)+);
        }
    };
}

fn puts(op: &Op, table: &str) -> bool {
    matches!(op, Op::Key { table: of, write: Write::Put(_), .. } if of.name() == table)
}

losing!(without_graves: |op| puts(op, "kv:grave") => leftovers);
losing!(without_expectations: |op| matches!(op, Op::Key { write: Write::Nothing, .. })
    => batch_runs_again);
