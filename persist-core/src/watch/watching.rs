//! A watch over cells: what it knows, and how it finds out what has changed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_timer::Delay;
use futures_util::future::{BoxFuture, Either, FutureExt, select};
use futures_util::{StreamExt, stream};

use super::Change;
use crate::backend::{Cell, Changes, Direction, Hint, KeyRange, Marking};
use crate::table::RawTable;
use crate::{Error, ErrorKind, Result};

/// How much a watcher may have to keep in mind.
const MAX_KEYS: usize = 100_000;
const MAX_BYTES: usize = 64 << 20;

/// How many rows are asked for at once.
const PAGE: usize = 1024;

/// How long a watcher waits after an error that passes.
const PAUSE: Duration = Duration::from_millis(100);

type Item = Result<(Cell, Change<Cell>)>;

/// A watch, driven by whoever polls it.
pub(crate) struct Watching {
    raw: Arc<RawTable>,
    range: KeyRange,
    hints: Changes,
    known: BTreeMap<Cell, Cell>,
    weight: usize,
    /// What was found to have changed and has not been reported.
    found: VecDeque<(Cell, Change<Cell>)>,
    next: Next,
}

enum Next {
    /// Nothing is known yet.
    Baseline,
    /// Hints say where to look.
    Listen,
    /// Hints do not say all.
    LookEverywhere,
    /// The same, after an error that passes.
    LookAgain,
    Failed(Error),
    End,
}

/// Where to look again.
enum Look {
    Nowhere,
    Keys(BTreeSet<Cell>),
    Everywhere,
}

impl Watching {
    /// A watch over a range (`None`: an empty one). It hears of changes from this moment on.
    pub(crate) fn new(raw: Arc<RawTable>, range: Result<Option<KeyRange>>) -> Self {
        let begun = range.and_then(|range| {
            let hints = raw.backend()?.changes();
            Ok(range.map(|range| (range, hints)))
        });
        let (range, hints, next) = match begun {
            Ok(Some((range, hints))) => (range, hints, Next::Baseline),
            Ok(None) => (KeyRange::all(), stream::empty().boxed(), Next::End),
            Err(error) => (KeyRange::all(), stream::empty().boxed(), Next::Failed(error)),
        };
        let (known, found) = (BTreeMap::new(), VecDeque::new());
        Self { raw, range, hints, known, weight: 0, found, next }
    }

    async fn next(&mut self) -> Option<Item> {
        loop {
            if !matches!(self.next, Next::Baseline)
                && let Some(change) = self.found.pop_front()
            {
                return Some(Ok(change));
            }
            match std::mem::replace(&mut self.next, Next::Listen) {
                Next::Baseline => {
                    if let Err(error) = self.baseline().await {
                        return self.interrupted(error, Next::Baseline);
                    }
                }
                Next::Listen => {
                    let look = self.listen().await?;
                    if let Err(error) = self.look(look).await {
                        return self.interrupted(error, Next::LookAgain);
                    }
                }
                Next::LookEverywhere => {
                    if let Err(error) = self.look(Look::Everywhere).await {
                        return self.interrupted(error, Next::LookAgain);
                    }
                }
                Next::LookAgain => {
                    self.next = Next::LookAgain;
                    Delay::new(PAUSE).await;
                    self.next = Next::LookEverywhere;
                }
                Next::Failed(error) => return Some(Err(self.failed(error, Next::End))),
                Next::End => {
                    self.next = Next::End;
                    return None;
                }
            }
        }
    }

    /// An error under way. That the handle was closed is no error, but the end.
    fn interrupted(&mut self, error: Error, next: Next) -> Option<Item> {
        if error.kind() == ErrorKind::Closed {
            self.next = Next::End;
            return None;
        }
        Some(Err(self.failed(error, next)))
    }

    /// What comes after an error: more, if it is one that passes.
    fn failed(&mut self, error: Error, next: Next) -> Error {
        self.next = if error.is_retryable() { next } else { Next::End };
        self.raw.blame("watch", error)
    }

    /// Learns what is there, and reports nothing.
    async fn baseline(&mut self) -> Result<()> {
        // An earlier look may have been given up halfway.
        (self.known, self.weight) = (BTreeMap::new(), 0);
        let looked = self.look(Look::Everywhere).await;
        self.found.clear();
        looked
    }

    /// Waits for hints, and gathers those that are there; `None` when the end has come.
    async fn listen(&mut self) -> Option<Look> {
        let heard = {
            let closed = std::pin::pin!(self.raw.persist().closed());
            match select(self.hints.next(), closed).await {
                Either::Left((heard, _)) => heard,
                Either::Right(_) => None,
            }
        };
        let Some(first) = heard else {
            self.next = Next::End;
            return None;
        };
        let mut look = Look::Nowhere;
        look.add(first, self.raw.name(), &self.range);
        while let Some(Some(hint)) = self.hints.next().now_or_never() {
            look.add(hint, self.raw.name(), &self.range);
        }
        Some(look)
    }

    async fn look(&mut self, look: Look) -> Result<()> {
        match look {
            Look::Nowhere => Ok(()),
            Look::Keys(keys) => {
                let keys: Vec<_> = keys.into_iter().collect();
                let found = self.raw.get_many(&keys).await?;
                keys.into_iter().zip(found).try_for_each(|(key, value)| self.note(key, value))
            }
            Look::Everywhere => self.look_everywhere().await,
        }
    }

    async fn look_everywhere(&mut self) -> Result<()> {
        let mut gone: BTreeSet<Cell> = self.known.keys().cloned().collect();
        let mut left = Some(self.range.clone());
        while let Some(range) = left {
            let raw = Arc::clone(&self.raw);
            let scan =
                raw.backend()?.scan(raw.handle(), &range, Direction::Forward, PAGE, Marking::Skip);
            let page = scan.await?.value;
            // A row that cannot be read is not known, and so not reported.
            for (key, value) in page.rows.into_iter().flatten() {
                gone.remove(&key);
                self.note(key, Some(value))?;
            }
            left = page.rest;
        }
        gone.into_iter().try_for_each(|key| self.note(key, None))
    }

    /// Compares what a key is bound to with what is known of it.
    fn note(&mut self, key: Cell, now: Option<Cell>) -> Result<()> {
        let old = match &now {
            Some(value) => self.known.insert(key.clone(), value.clone()),
            None => self.known.remove(&key),
        };
        let weigh =
            |value: &Option<Cell>| value.as_ref().map_or(0, |value| key.len() + value.len());
        self.weight = self.weight + weigh(&now) - weigh(&old);
        if self.known.len() > MAX_KEYS || self.weight > MAX_BYTES {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!(
                    "the range holds more than a watcher can keep in mind ({MAX_KEYS} keys, \
                     64 MiB); watch a smaller one"
                ),
            ));
        }
        let change = match (old, now) {
            (None, Some(new)) => Change::Added(new),
            (Some(old), Some(new)) if old != new => Change::Updated { old, new },
            (Some(old), None) => Change::Removed { old },
            (Some(_), Some(_)) | (None, None) => return Ok(()),
        };
        self.found.push_back((key, change));
        Ok(())
    }
}

impl Look {
    /// Adds what a hint says of a range of a table.
    fn add(&mut self, hint: Hint, watched: &str, range: &KeyRange) {
        match hint {
            Hint::Everything => *self = Self::Everywhere,
            Hint::Table(table) if &*table == watched => *self = Self::Everywhere,
            Hint::Keys { table, keys } if &*table == watched => {
                let mut keys = keys.iter().filter(|key| range.contains(key)).cloned().peekable();
                if keys.peek().is_none() {
                    return;
                }
                match self {
                    Self::Nowhere => *self = Self::Keys(keys.collect()),
                    Self::Keys(more) => more.extend(keys),
                    Self::Everywhere => {}
                }
            }
            Hint::Table(_) | Hint::Keys { .. } => {}
        }
    }
}

/// A watch between two polls.
pub(super) struct Driven {
    raw: Arc<RawTable>,
    state: State,
}

enum State {
    Idle(Box<Watching>),
    Busy(BoxFuture<'static, (Box<Watching>, Option<Item>)>),
}

impl Driven {
    pub(super) fn new(watching: Watching) -> Self {
        Self { raw: Arc::clone(&watching.raw), state: State::Idle(Box::new(watching)) }
    }

    /// Begins from these values, unless it has begun.
    pub(super) fn know(&mut self, known: Vec<(Cell, Cell)>) {
        if let State::Idle(watching) = &mut self.state
            && matches!(watching.next, Next::Baseline)
        {
            watching.weight = known.iter().map(|(key, value)| key.len() + value.len()).sum();
            watching.known = known.into_iter().collect();
            watching.found.clear();
            watching.next = Next::LookEverywhere;
        }
    }

    pub(super) async fn ready(&mut self) -> Result<()> {
        if let State::Idle(watching) = &mut self.state
            && matches!(watching.next, Next::Baseline)
        {
            watching.baseline().await.map_err(|error| self.raw.blame("watch", error))?;
            watching.next = Next::Listen;
        }
        Ok(())
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        if let State::Idle(_) = self.state {
            let nothing = State::Busy(Box::pin(std::future::pending()));
            if let State::Idle(mut watching) = std::mem::replace(&mut self.state, nothing) {
                self.state = State::Busy(Box::pin(async move {
                    let item = watching.next().await;
                    (watching, item)
                }));
            }
        }
        let State::Busy(busy) = &mut self.state else { return Poll::Pending };
        let (watching, item) = ready!(busy.as_mut().poll(cx));
        self.state = State::Idle(watching);
        Poll::Ready(item)
    }

    /// Says in an error what was being done.
    pub(super) fn blame(&self, error: Error) -> Error {
        self.raw.blame("watch", error)
    }
}
