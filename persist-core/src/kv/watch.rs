//! Being told what changed at a key.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_timer::Delay;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};

use super::store::{KvRead, KvStore, Stat};
use super::{Error, KeyPath, Kv, Result, entries};
use crate::{Change, ErrorKind};

/// How many entries a watcher may have to keep in mind.
const MAX_ENTRIES: usize = 100_000;

/// How long a watcher waits after an error that passes.
const PAUSE: Duration = Duration::from_millis(100);

type Item = Result<(KeyPath, Change<Stat>)>;

/// The changes of a value or of a dictionary, made by [`Kv::watch`].
///
/// Each settled last state arrives; states between may be merged. Changes are compared with what
/// *this* watcher last knew: it takes a look when it is first polled (or by
/// [`ready`](Self::ready)) and reports what changes from then on. A slow watcher holds up nobody. A
/// dictionary may have 100,000 entries; more is `TooLarge`, and ends the stream. An error that
/// passes is an item, after which the stream goes on. It ends when the store is closed.
#[must_use = "a watch does nothing unless it is polled"]
pub struct KvWatch(State);

enum State {
    Idle(Box<Watching>),
    Busy(BoxFuture<'static, (Box<Watching>, Option<Item>)>),
    Over,
}

struct Watching {
    kv: Kv,
    key: KeyPath,
    hints: BoxStream<'static, ()>,
    known: BTreeMap<KeyPath, Stat>,
    /// What was found to have changed and has not been reported.
    found: VecDeque<(KeyPath, Change<Stat>)>,
    next: Next,
}

enum Next {
    Baseline,
    Listen,
    /// After an error that passes.
    LookAgain,
    End,
}

impl Kv {
    /// The changes of what is at a key, by whatever task or process: of the key itself and, while it
    /// is a dictionary, of the entries that are directly in it. The key may be absent at first.
    ///
    /// What comes are keys with what is known of them, [`Stat::Value`] with its size and time, or
    /// [`Stat::Dictionary`], and not contents, which may be large. A value that is written anew is
    /// `Updated`, also with the same bytes; what is changed further below a dictionary that is an
    /// entry says nothing.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let store = persist_mem::Options::new().open().await?;
    /// use futures_util::TryStreamExt;
    /// use persist_core::{Change, kv::{Error, Kv, Stat}};
    ///
    /// let kv = Kv::open(&store, "files").await?;
    /// let mut inbox = kv.watch("inbox");
    /// inbox.ready().await?;
    /// kv.set("inbox/letter", "Dear Bob").await?;
    /// while let Some((key, change)) = inbox.try_next().await? {
    ///     if let Change::Added(Stat::Value(letter)) = change {
    ///         assert_eq!((key.basename(), letter.size), ("letter", 8));
    ///         break;
    ///     }
    /// }
    /// # Ok::<_, Error>(()) }).unwrap();
    /// ```
    pub fn watch(&self, key: impl Into<KeyPath>) -> KvWatch {
        let key = key.into();
        let hints = match key.check() {
            Ok(()) => self.store.changes(&key),
            // The first look says what is wrong.
            Err(_) => futures_util::stream::empty().boxed(),
        };
        KvWatch(State::Idle(Box::new(Watching {
            kv: self.clone(),
            key,
            hints,
            known: BTreeMap::new(),
            found: VecDeque::new(),
            next: Next::Baseline,
        })))
    }
}

impl KvWatch {
    /// Takes the look that changes are compared with, unless it has been taken.
    ///
    /// # Errors
    /// `InvalidKey`, `Storage`.
    pub async fn ready(&mut self) -> Result<()> {
        if let State::Idle(watching) = &mut self.0
            && matches!(watching.next, Next::Baseline)
        {
            watching.baseline().await.map_err(|error| error.during("watch"))?;
            watching.next = Next::Listen;
        }
        Ok(())
    }
}

impl Watching {
    async fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(change) = self.found.pop_front() {
                return Some(Ok(change));
            }
            let looked = match std::mem::replace(&mut self.next, Next::Listen) {
                Next::Baseline => self.baseline().await.map_err(|error| (error, Next::Baseline)),
                Next::Listen => {
                    if self.hints.next().await.is_none() {
                        self.next = Next::End;
                        return None;
                    }
                    while let Some(Some(())) = self.hints.next().now_or_never() {}
                    self.look().await.map_err(|error| (error, Next::LookAgain))
                }
                Next::LookAgain => {
                    self.next = Next::LookAgain;
                    Delay::new(PAUSE).await;
                    self.next = Next::Listen;
                    self.look().await.map_err(|error| (error, Next::LookAgain))
                }
                Next::End => {
                    self.next = Next::End;
                    return None;
                }
            };
            if let Err((error, next)) = looked {
                let closed = matches!(&error, Error::Storage(it) if it.kind() == ErrorKind::Closed);
                self.next = if error.is_retryable() { next } else { Next::End };
                if !closed {
                    return Some(Err(error.during("watch")));
                }
            }
        }
    }

    /// Learns what is there, and reports nothing.
    async fn baseline(&mut self) -> Result<()> {
        self.key.check()?;
        let looked = self.look().await;
        self.found.clear();
        looked
    }

    /// Compares what is there with what is known. A change under way makes another hint, so a look
    /// that mixes two states is followed by a better one.
    async fn look(&mut self) -> Result<()> {
        let store: Arc<dyn KvStore> = Arc::clone(&self.kv.store);
        let now = now(&*store, &self.key).await?;
        let before = std::mem::take(&mut self.known);
        for (key, old) in &before {
            if !now.contains_key(key) {
                self.found.push_back((key.clone(), Change::Removed { old: old.clone() }));
            }
        }
        for (key, new) in &now {
            let change = match before.get(key) {
                None => Change::Added(new.clone()),
                Some(old) if same(old, new) => continue,
                Some(old) => Change::Updated { old: old.clone(), new: new.clone() },
            };
            self.found.push_back((key.clone(), change));
        }
        self.known = now;
        Ok(())
    }
}

/// The key and its direct entries, as far as they are there.
async fn now(state: &dyn KvRead, key: &KeyPath) -> Result<BTreeMap<KeyPath, Stat>> {
    let mut now = BTreeMap::new();
    let stat = state.stat(key).await?;
    let dictionary = matches!(stat, Stat::Dictionary(_));
    if dictionary || matches!(stat, Stat::Value(_)) {
        now.insert(key.clone(), stat);
    }
    let mut more = dictionary;
    let mut after: Option<String> = None;
    while more {
        let page = match entries::page(state, key, after.as_deref()).await {
            Ok(page) => page,
            // It went away a moment ago, which makes a hint.
            Err(Error::NotFound(_) | Error::DictionaryExpected(_)) => break,
            Err(error) => return Err(error),
        };
        // An entry that cannot be read is not known, and so not reported.
        for listed in page.entries.into_iter().flatten() {
            now.insert(key.child(&listed.segment), listed.stat);
        }
        if now.len() > MAX_ENTRIES {
            let what = format!(
                "{key} has more entries than a watcher can keep in mind ({MAX_ENTRIES}); \
                 watch the entries that matter"
            );
            return Err(crate::Error::new(ErrorKind::TooLarge, what).into());
        }
        after = page.rest;
        more = after.is_some();
    }
    Ok(now)
}

/// Whether nothing happened in between, as far as is reported.
fn same(old: &Stat, new: &Stat) -> bool {
    match (old, new) {
        (Stat::Dictionary(old), Stat::Dictionary(new)) => old.version == new.version,
        (old, new) => old == new,
    }
}

impl Stream for KvWatch {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        self.0 = match std::mem::replace(&mut self.0, State::Over) {
            State::Idle(mut watching) => State::Busy(Box::pin(async move {
                let item = watching.next().await;
                (watching, item)
            })),
            other => other,
        };
        let State::Busy(busy) = &mut self.0 else { return Poll::Ready(None) };
        let (watching, item) = ready!(busy.as_mut().poll(cx));
        self.0 = State::Idle(watching);
        Poll::Ready(item)
    }
}

impl fmt::Debug for KvWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KvWatch").finish_non_exhaustive()
    }
}
