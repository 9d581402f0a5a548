//! Several verbs as one.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use super::judge::{Judge, Verb};
use super::read::{exists, fixed_part, last_modified, size};
use super::store::{Change, Committed, KvRead, KvTransaction, Reads};
use super::write::content;
use super::{Entry, Error, KeyPath, Kind, Kv, KvDigest, Pending, Result, digest, entries};
use crate::ErrorKind;
use crate::transaction::context;

/// How often a batch is tried again after others have changed what it has read.
const RETRIES: u32 = 13;

/// One run of the function of a batch, given by [`Kv::batch`].
///
/// Reads see the state before the batch, whatever it has written. Writes are judged at once, on
/// that state with the batch's earlier writes upon it, and are made when the run ends well. A clone
/// is the same run; after its end every use is `Closed`.
#[derive(Clone)]
pub struct KvBatch(Arc<Attempt>);

struct Attempt {
    kv: Kv,
    /// The state before, until the end.
    state: Mutex<Option<Arc<dyn KvTransaction>>>,
    /// Held while a write is judged, so that writes come in an order.
    judge: tokio::sync::Mutex<Judge>,
    /// A read that failed. What the user made of it must not be committed.
    failed: Mutex<Option<crate::Error>>,
}

impl Kv {
    /// Runs `f`, whose reads all see the state before, and applies all its writes together, or none
    /// of them, also when the process dies. Durable on return.
    ///
    /// If others have changed meanwhile what it has read (listings and absences included), `f` runs
    /// again on the newest state, up to 13 more times. An error of `f` ends it and nothing is
    /// written. What others do does not show inside.
    ///
    /// Inside `f`, the store is used through the [`KvBatch`] alone: a verb of the `Kv` itself, or a
    /// batch in a batch, is `Misuse`. Writes that are given in memory may take 64 MiB together;
    /// values that are set count only up to 1 MiB each, since larger ones are written ahead.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let store = persist_mem::Options::new().open().await?;
    /// # use persist_core::kv::{Error, Kv};
    /// let kv = Kv::open(&store, "files").await?;
    /// kv.set("next", "1").await?;
    /// let name = kv
    ///     .batch(async |batch| {
    ///         let next: u32 = String::from_utf8_lossy(&batch.get("next").await?).parse().unwrap_or(0);
    ///         batch.set("next", (next + 1).to_string()).await?;
    ///         batch.set(format!("letters/{next}"), "Dear Ann").await?;
    ///         Ok::<_, Error>(format!("letters/{next}"))
    ///     })
    ///     .await?;
    /// assert_eq!(kv.get(&name).await?, b"Dear Ann");
    /// # Ok::<_, Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Those of `f`. `TooManyRetries` when others were always faster; `NoSpace`, `Storage`. With an
    /// `Unknown` outcome it has stopped without trying again.
    pub fn batch<T, E, F, Fut>(&self, f: F) -> impl Future<Output = Result<T, E>> + Send
    where
        T: Send,
        E: From<Error> + Send,
        F: FnMut(KvBatch) -> Fut + Send,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        self.batch_with(RETRIES, f)
    }

    /// As [`batch`](Self::batch), with at most so many runs after the first.
    ///
    /// # Errors
    /// As [`batch`](Self::batch).
    #[expect(clippy::manual_async_fn, reason = "it promises that the future is `Send`")]
    pub fn batch_with<T, E, F, Fut>(
        &self,
        retries: u32,
        mut f: F,
    ) -> impl Future<Output = Result<T, E>> + Send
    where
        T: Send,
        E: From<Error> + Send,
        F: FnMut(KvBatch) -> Fut + Send,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        async move {
            let blame = |error: Error| E::from(error.during("batch"));
            let (mut tries, mut turn) = (0, None);
            loop {
                let store = Arc::clone(self.usable().map_err(blame)?);
                let state = store.begin(Reads::Fixed).await.map_err(|error| blame(error.into()))?;
                let attempt = Arc::new(Attempt::new(self.clone(), Arc::clone(&state)));
                let over = Over(Arc::clone(&attempt));
                let run = async { f(KvBatch(Arc::clone(&attempt))).await };
                let ended = context::within(self.id(), run).await;
                drop(over);
                match attempt.outcome() {
                    Attempted::Lost => {}
                    Attempted::Failed(error) => return ended.and(Err(blame(error.into()))),
                    Attempted::Unfinished => return ended.and(Err(blame(unfinished()))),
                    Attempted::Changes(changes) => {
                        let value = ended?;
                        if changes.is_empty() {
                            return Ok(value);
                        }
                        let committed = state.commit(changes.into()).await;
                        match committed.map_err(|error| blame(error.into()))? {
                            Committed::Applied => return Ok(value),
                            Committed::Conflict => {}
                        }
                    }
                }
                tries += 1;
                if tries > retries {
                    return Err(blame(Error::TooManyRetries(retries)));
                }
                tracing::debug!(tries, "a batch meets another writer");
                drop(turn.take());
                turn = Some(self.turn(tries).await);
            }
        }
    }
}

impl KvBatch {
    /// As [`Kv::exists`], before the batch.
    ///
    /// # Errors
    /// As [`Kv::exists`].
    pub fn exists(&self, key: impl Into<KeyPath>) -> Pending<Option<Kind>> {
        self.read("exists", key, exists)
    }

    /// As [`Kv::get`], before the batch.
    ///
    /// # Errors
    /// As [`Kv::get`].
    pub fn get(&self, key: impl Into<KeyPath>) -> Pending<Vec<u8>> {
        self.read("get", key, |state, key| Box::pin(fixed_part(state, key, 0, u64::MAX)))
    }

    /// As [`Kv::get_partial`], before the batch.
    ///
    /// # Errors
    /// As [`Kv::get_partial`].
    pub fn get_partial(
        &self,
        key: impl Into<KeyPath>,
        offset: u64,
        length: u64,
    ) -> Pending<Vec<u8>> {
        self.read("get_partial", key, move |state, key| {
            Box::pin(fixed_part(state, key, offset, length))
        })
    }

    /// As [`Kv::list`], before the batch.
    ///
    /// # Errors
    /// As [`Kv::list`].
    pub fn list(&self, key: impl Into<KeyPath>) -> Pending<Vec<Entry>> {
        self.read("list", key, entries::list)
    }

    /// As [`Kv::last_modified`], before the batch.
    ///
    /// # Errors
    /// As [`Kv::last_modified`].
    pub fn last_modified(&self, key: impl Into<KeyPath>) -> Pending<SystemTime> {
        self.read("last_modified", key, last_modified)
    }

    /// As [`Kv::digest`], before the batch.
    ///
    /// # Errors
    /// As [`Kv::digest`].
    pub fn digest(&self, key: impl Into<KeyPath>) -> Pending<KvDigest> {
        self.read("digest", key, digest::digest)
    }

    /// As [`Kv::size`], before the batch.
    ///
    /// # Errors
    /// As [`Kv::size`].
    pub fn size(&self, key: impl Into<KeyPath>) -> Pending<u64> {
        self.read("size", key, size)
    }

    /// As [`Kv::set`], when the batch ends well.
    ///
    /// # Errors
    /// As [`Kv::set`], judged after the batch's earlier writes.
    pub fn set(&self, key: impl Into<KeyPath>, value: impl AsRef<[u8]>) -> Pending<()> {
        let value: Arc<[u8]> = Arc::from(value.as_ref());
        let (attempt, key) = (Arc::clone(&self.0), key.into());
        Box::pin(async move {
            let written = async {
                let content = content(&*attempt.kv.store, value).await?;
                attempt.write(key, Verb::Set(content)).await
            };
            written.await.map_err(|error| error.during("set"))
        })
    }

    /// As [`Kv::set_partial`], when the batch ends well.
    ///
    /// # Errors
    /// As [`Kv::set_partial`], judged after the batch's earlier writes.
    pub fn set_partial(
        &self,
        key: impl Into<KeyPath>,
        offset: u64,
        bytes: impl AsRef<[u8]>,
    ) -> Pending<()> {
        let bytes = Arc::from(bytes.as_ref());
        self.write("set_partial", key, Verb::SetPartial { offset, bytes })
    }

    /// As [`Kv::allocate`], when the batch ends well.
    ///
    /// # Errors
    /// As [`Kv::allocate`], judged after the batch's earlier writes.
    pub fn allocate(
        &self,
        key: impl Into<KeyPath>,
        size: u64,
        last_modified: Option<SystemTime>,
    ) -> Pending<()> {
        self.write("allocate", key, Verb::Allocate { size, modified: last_modified })
    }

    /// As [`Kv::remove`], when the batch ends well.
    ///
    /// # Errors
    /// As [`Kv::remove`], judged after the batch's earlier writes.
    pub fn remove(&self, key: impl Into<KeyPath>) -> Pending<()> {
        self.write("remove", key, Verb::Remove)
    }

    /// As [`Kv::rename`], when the batch ends well.
    ///
    /// # Errors
    /// As [`Kv::rename`], judged after the batch's earlier writes.
    pub fn rename(&self, source: impl Into<KeyPath>, dest: impl Into<KeyPath>) -> Pending<()> {
        self.write("rename", source, Verb::Rename { dest: dest.into() })
    }

    fn read<T, F>(&self, operation: &'static str, key: impl Into<KeyPath>, f: F) -> Pending<T>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a dyn KvRead, &'a KeyPath) -> BoxFuture<'a, Result<T>>
            + Send
            + Sync
            + 'static,
    {
        let (attempt, key) = (Arc::clone(&self.0), key.into());
        Box::pin(async move {
            let read = async {
                key.check()?;
                let state = attempt.state()?;
                attempt.note(f(&*state, &key).await)
            };
            read.await.map_err(|error| error.during(operation))
        })
    }

    fn write(&self, operation: &'static str, key: impl Into<KeyPath>, verb: Verb) -> Pending<()> {
        let (attempt, key) = (Arc::clone(&self.0), key.into());
        Box::pin(
            async move { attempt.write(key, verb).await.map_err(|error| error.during(operation)) },
        )
    }
}

/// How a run ended, apart from what the function said.
enum Attempted {
    /// What is to be committed.
    Changes(Vec<Change>),
    /// The state that was read was not there any more.
    Lost,
    /// The storage failed.
    Failed(crate::Error),
    /// A write has begun and not ended.
    Unfinished,
}

impl Attempt {
    fn new(kv: Kv, state: Arc<dyn KvTransaction>) -> Self {
        let (judge, failed) = (tokio::sync::Mutex::default(), Mutex::default());
        Self { kv, state: Mutex::new(Some(state)), judge, failed }
    }

    async fn write(&self, key: KeyPath, verb: Verb) -> Result<()> {
        key.check()?;
        if let Verb::Rename { dest } = &verb {
            dest.check()?;
        }
        let mut judge = self.judge.lock().await;
        let state = self.state()?;
        self.note(judge.write(&*state, &key, verb, self.kv.clock.now()).await)
    }

    fn state(&self) -> Result<Arc<dyn KvTransaction>> {
        let over = || {
            let what = "the batch is over; use its `KvBatch` only inside `batch`";
            crate::Error::new(ErrorKind::Closed, what).into()
        };
        self.state.lock().clone().ok_or_else(over)
    }

    /// Remembers a failure of the storage. An answer about the keys is none.
    fn note<T>(&self, done: Result<T>) -> Result<T> {
        if let Err(Error::Storage(error)) = &done
            && error.kind() != ErrorKind::TooLarge
        {
            self.failed.lock().get_or_insert_with(|| error.duplicate());
        }
        done
    }

    fn outcome(&self) -> Attempted {
        match self.failed.lock().take() {
            Some(error) if error.kind() == ErrorKind::Conflict => return Attempted::Lost,
            Some(error) => return Attempted::Failed(error),
            None => {}
        }
        match self.judge.try_lock() {
            Ok(mut judge) => Attempted::Changes(std::mem::take(&mut *judge).into_changes()),
            Err(_) => Attempted::Unfinished,
        }
    }
}

fn unfinished() -> Error {
    let what = "a write of the batch had begun and not ended; await it inside `batch`";
    crate::Error::new(ErrorKind::Misuse, what).into()
}

/// Ends a run when it is dropped, whatever happens until then.
struct Over(Arc<Attempt>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.state.lock().take();
    }
}

impl fmt::Debug for KvBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KvBatch").finish_non_exhaustive()
    }
}
