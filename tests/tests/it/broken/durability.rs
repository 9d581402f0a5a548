//! Acknowledgements that do not hold, over a store in a file and with real child processes.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use persist_core::Result;
use persist_core::backend::{Backend, Batch, Commit, Expect, Op};

use crate::broken::{caught, sqlite};
use crate::fault::{Fault, broken};

/// A lost sync: commits are acknowledged at once and made a little later.
struct LostSync(Sender<Batch>);

impl LostSync {
    fn over(inner: &Arc<dyn Backend>) -> Self {
        let (late, batches) = channel::<Batch>();
        let inner = Arc::clone(inner);
        thread::spawn(move || {
            for batch in batches {
                thread::sleep(Duration::from_millis(5));
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                // Who was to be told was told before.
                let _ = runtime.block_on(inner.commit(batch));
            }
        });
        Self(late)
    }
}

impl Fault for LostSync {
    fn commit(&self, _: &Arc<dyn Backend>, batch: Batch) -> BoxFuture<'static, Result<Commit>> {
        let late = self.0.clone();
        async move {
            late.send(batch).unwrap();
            Ok(Commit::Applied)
        }
        .boxed()
    }
}

/// A torn batch: each operation is a commit of its own.
struct Torn;

impl Fault for Torn {
    fn commit(&self, inner: &Arc<dyn Backend>, batch: Batch) -> BoxFuture<'static, Result<Commit>> {
        let inner = Arc::clone(inner);
        async move {
            let mut last = Commit::Applied;
            for op in batch.ops {
                last = inner.commit(Batch { ops: vec![op] }).await?;
            }
            Ok(last)
        }
        .boxed()
    }
}

/// A lost update: writes do not care what was there.
struct LostUpdate;

impl Fault for LostUpdate {
    fn commit(
        &self,
        inner: &Arc<dyn Backend>,
        mut batch: Batch,
    ) -> BoxFuture<'static, Result<Commit>> {
        for op in &mut batch.ops {
            if let Op::Key { expect, .. } = op {
                *expect = Expect::Any;
            }
        }
        inner.commit(batch)
    }
}

macro_rules! over_sqlite {
    ($name:ident: $fault:expr => $($laws:tt)+) => {
        mod $name {
            use super::*;

            struct Examined;

            impl persist_conformance::Subject for Examined {
                async fn open(place: &Path) -> Result<Arc<dyn Backend>> {
                    let inner = sqlite(place).await?;
                    let fault: fn(&Arc<dyn Backend>) -> _ = $fault;
                    let fault = fault(&inner);
                    Ok(broken(inner, fault))
                }
            }

            /// Where the laws start again in a child process.
            #[test]
            fn child() {
                persist_conformance::child::<Examined>();
            }

            caught!(Examined, crate::broken::PATIENCE => $($laws)+);
        }
    };
}

over_sqlite!(lost_sync: LostSync::over => crash: puts counter);
over_sqlite!(torn: |_| Torn => crash: batches);
over_sqlite!(lost_update: |_| LostUpdate => processes: increments one_winner);

/// Each process, and each opening, has a store of its own.
mod private {
    use super::*;

    struct Examined;

    impl persist_conformance::Subject for Examined {
        async fn open(_place: &Path) -> Result<Arc<dyn Backend>> {
            crate::broken::mem().await
        }
    }

    /// Where the laws start again in a child process.
    #[test]
    fn child() {
        persist_conformance::child::<Examined>();
    }

    caught!(Examined, crate::broken::PATIENCE
        => durable: reopened dropped counted schema, processes: creation visible, crash: puts);
}
